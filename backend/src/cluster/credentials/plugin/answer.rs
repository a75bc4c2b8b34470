//! What a credential plugin answers: an `ExecCredential` on its standard output.

use serde::Deserialize;
use thiserror::Error;

/// The kind of what it answers.
pub(super) const KIND: &str = "ExecCredential";

/// What is wrong with an answer. Nothing of it is said but versions.
#[derive(Debug, Error)]
pub(in crate::cluster) enum AnswerError {
    /// It is too long.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// It is something else.
    #[error("it is no ExecCredential in JSON")]
    NotUnderstood,
    /// It speaks another version.
    #[error("it speaks another version of the protocol than {0:?}, which the kubeconfig asks for")]
    Version(String),
    /// There is nothing in it.
    #[error("there is neither a token nor a certificate with its key in it")]
    Nothing,
    /// Only one half of a certificate.
    #[error("there is a certificate without its key in it, or a key without its certificate")]
    Half,
    /// The token can't be sent.
    #[error("its token has characters that no token has")]
    OddToken,
    /// Nobody knows when it expires.
    #[error("its expirationTimestamp is no time of RFC 3339")]
    Expiry,
}

/// An answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    api_version: Option<String>,
    kind: Option<String>,
    status: Option<Status>,
}

/// What is in an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) token: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key_data: Option<String>,
    pub(super) expiration_timestamp: Option<String>,
}

/// What a plugin that was asked in this version of the protocol answers.
pub(super) fn parse(stdout: &[u8], version: &str) -> Result<Status, AnswerError> {
    // Some print YAML; client-go takes it as well.
    let answer = serde_json::from_slice::<Answer>(stdout);
    let answer = answer.or_else(|_| serde_saphyr::from_slice(stdout));
    let answer = answer.map_err(|_| AnswerError::NotUnderstood)?;
    if answer.kind.as_deref() != Some(KIND) {
        return Err(AnswerError::NotUnderstood);
    }
    if answer.api_version.as_deref() != Some(version) {
        return Err(AnswerError::Version(version.to_owned()));
    }
    let mut status = answer.status.ok_or(AnswerError::Nothing)?;
    for field in [
        &mut status.token,
        &mut status.client_certificate_data,
        &mut status.client_key_data,
    ] {
        // As for client-go.
        *field = field.take().filter(|text| !text.is_empty());
    }
    match (
        &status.token,
        &status.client_certificate_data,
        &status.client_key_data,
    ) {
        (_, Some(_), None) | (_, None, Some(_)) => Err(AnswerError::Half),
        (None, None, None) => Err(AnswerError::Nothing),
        _ => Ok(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "client.authentication.k8s.io/v1";

    fn of(status: &str) -> Result<Status, AnswerError> {
        let answer = format!(r#"{{"apiVersion":"{V1}","kind":"{KIND}","status":{status}}}"#);
        parse(answer.as_bytes(), V1)
    }

    #[test]
    fn tokens_certificates_and_both() {
        let status = of(r#"{"token":"t","expirationTimestamp":null,"other":1}"#).unwrap();
        assert_eq!(status.token.as_deref(), Some("t"));
        let both = r#"{"token":"t","clientCertificateData":"c","clientKeyData":"k"}"#;
        let status = of(both).unwrap();
        assert!(status.token.is_some() && status.client_certificate_data.is_some());
        let empty = of(r#"{"token":"","clientCertificateData":"c","clientKeyData":"k"}"#);
        assert!(empty.unwrap().token.is_none());
    }

    #[test]
    fn yaml_is_taken_as_well() {
        let answer = format!("apiVersion: {V1}\nkind: {KIND}\nstatus:\n  token: t\n");
        assert!(parse(answer.as_bytes(), V1).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_without_what_it_is() {
        for (status, wrong) in [
            ("{}", "neither a token"),
            ("null", "neither a token"),
            (r#"{"token":""}"#, "neither a token"),
            (r#"{"clientCertificateData":"c"}"#, "without its key"),
            (
                r#"{"token":"SECRET","clientKeyData":"k"}"#,
                "without its certificate",
            ),
            (r#"{"token":["SECRET"]}"#, "no ExecCredential"),
        ] {
            let error = of(status).err().unwrap().to_string();
            assert!(
                error.contains(wrong) && !error.contains("SECRET"),
                "{error}"
            );
        }
        for answer in [
            "",
            "SECRET",
            "{",
            "[]",
            r#"{"kind":"Other"}"#,
            "a: b: SECRET",
        ] {
            let error = parse(answer.as_bytes(), V1).err().unwrap().to_string();
            assert!(error.contains("no ExecCredential"), "{error}");
        }
        let other = format!(r#"{{"apiVersion":"v9","kind":"{KIND}","status":{{"token":"t"}}}}"#);
        assert!(matches!(
            parse(other.as_bytes(), V1),
            Err(AnswerError::Version(_))
        ));
    }
}
