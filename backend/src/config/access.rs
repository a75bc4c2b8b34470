//! Who may use this server and how the cluster sees them: which settings go together.

use clap::ValueEnum;
use http::{Uri, uri::Scheme};
use thiserror::Error;

use super::Config;

/// How people tell who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignIn {
    /// The person at this machine, by the link that is printed.
    Local,
    /// Each by a token of the cluster: from the sign-in page, or in the header `Authorization`.
    Token,
    /// By an OpenID provider.
    Oidc,
    /// By a proxy in front, which says who they are in headers.
    Proxy,
}

/// Whom the cluster takes the calls of this server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ActAs {
    /// The kubeconfig's user, or the pod's service account, whoever calls.
    Kubeconfig,
    /// Each caller, by their own token.
    Bearer,
    /// Each caller, impersonated by the kubeconfig's user or the pod's service account.
    Impersonate,
}

impl SignIn {
    /// The word for it in flags and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Token => "token",
            Self::Oidc => "oidc",
            Self::Proxy => "proxy",
        }
    }

    fn fitting(self) -> ActAs {
        match self {
            Self::Local => ActAs::Kubeconfig,
            Self::Token | Self::Oidc => ActAs::Bearer,
            Self::Proxy => ActAs::Impersonate,
        }
    }
}

/// Why settings do not go together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AccessError {
    /// A shell for whoever reaches the port.
    #[error(
        "--listen {0} can be reached from other machines, and with --sign-in local everyone who uses Podshell acts as you. \
         Listen on 127.0.0.1 and use an SSH tunnel from elsewhere, or let people sign in: --sign-in token, oidc or proxy"
    )]
    NotLoopback(std::net::SocketAddr),
    /// Nobody could tell by what name a request may come.
    #[error(
        "--sign-in {0} needs --public-url: the address that people open Podshell by, like https://shell.example.org"
    )]
    NoPublicUrl(&'static str),
    /// Credentials would cross the network in the open.
    #[error(
        "--public-url has to be https with --sign-in {0}: people's credentials go over it. Put TLS in front, and give the \
         address that the browser shows"
    )]
    NotHttps(&'static str),
    /// Two settings that contradict each other.
    #[error("--sign-in {sign_in} goes with --act-as {fitting} only")]
    Pair {
        /// Who one is.
        sign_in: &'static str,
        /// What goes with it.
        fitting: &'static str,
    },
    /// Anyone could say that they are anyone.
    #[error(
        "--sign-in proxy needs both --trusted-proxy and --proxy-secret-file, or --proxy-ca-file and --tls-cert: whoever can \
         send the proxy's headers is whoever they say they are"
    )]
    OpenProxy,
    /// Two ways to know the proxy by.
    #[error("a proxy is known by --proxy-secret-file or by --proxy-ca-file, not by both")]
    TwoProofs,
    /// Nobody signs anyone in.
    #[error(
        "--sign-in oidc needs --oidc-issuer, the https address of the provider as it calls itself, and --oidc-client-id, what \
         it calls Podshell"
    )]
    NoIssuer,
    /// The demo has no users.
    #[error("the demo runs as you, so it goes with --sign-in local only")]
    Demo,
    /// Half a TLS configuration.
    #[error("--tls-cert and --tls-key go together")]
    HalfTls,
}

impl Config {
    /// Whom the cluster takes the calls of this server for.
    ///
    /// # Errors
    ///
    /// If the settings about access do not go together.
    pub(crate) fn check_access(&self) -> Result<ActAs, AccessError> {
        let sign_in = self.sign_in.name();
        let fitting = self.sign_in.fitting();
        let act_as = self.act_as.unwrap_or(fitting);
        let is_either = self.sign_in == SignIn::Oidc && act_as == ActAs::Impersonate;
        if act_as != fitting && !is_either {
            let fitting = fitting.to_possible_value();
            return Err(AccessError::Pair {
                sign_in,
                fitting: match fitting.as_ref().map(clap::builder::PossibleValue::get_name) {
                    Some("kubeconfig") => "kubeconfig",
                    Some("bearer") => "bearer",
                    _ => "impersonate",
                },
            });
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(AccessError::HalfTls);
        }
        if self.sign_in == SignIn::Local {
            return if self.listen.ip().is_loopback() {
                Ok(fitting)
            } else {
                Err(AccessError::NotLoopback(self.listen))
            };
        }
        if self.is_demo() {
            return Err(AccessError::Demo);
        }
        let Some(public) = &self.public_url else {
            return Err(AccessError::NoPublicUrl(sign_in));
        };
        if *public.scheme() != Scheme::HTTPS && !public.is_loopback() {
            return Err(AccessError::NotHttps(sign_in));
        }
        let (secret, ca) = (&self.proxy_secret_file, &self.proxy_ca_file);
        if secret.is_some() && ca.is_some() {
            return Err(AccessError::TwoProofs);
        }
        let by_address = secret.is_some() && !self.trusted_proxies.is_empty();
        let by_certificate = ca.is_some() && self.tls_cert.is_some();
        if self.sign_in == SignIn::Proxy && !by_address && !by_certificate {
            return Err(AccessError::OpenProxy);
        }
        if self.sign_in == SignIn::Oidc {
            let issuer = self.oidc_issuer.as_ref().ok_or(AccessError::NoIssuer)?;
            if !is_fit(issuer) {
                return Err(AccessError::NoIssuer);
            }
            if self.oidc_client_id.is_none() {
                return Err(AccessError::NoIssuer);
            }
        }
        Ok(act_as)
    }
}

/// Whether an address is one that a provider may have: https, or this machine's own for a look around.
fn is_fit(url: &str) -> bool {
    let uri: Result<Uri, _> = url.parse();
    uri.is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => is_local,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn check(flags: &str) -> Result<ActAs, AccessError> {
        let flags = std::iter::once("podshell").chain(flags.split_whitespace());
        Config::try_parse_from(flags).unwrap().check_access()
    }

    #[test]
    fn who_listens_for_others_lets_them_sign_in() {
        for local in [
            "",
            "--listen 127.9.9.9:80",
            "--listen [::1]:7780",
            "--listen localhost:1",
        ] {
            assert_eq!(check(local), Ok(ActAs::Kubeconfig), "{local}");
        }
        for open in ["0.0.0.0:7780", "[::]:7780", "10.0.0.1:7780"] {
            let refused = check(&format!("--listen {open} --public-url https://a.b"));
            assert!(
                matches!(refused, Err(AccessError::NotLoopback(_))),
                "{open}"
            );
        }
        let token = "--listen 0.0.0.0:7780 --sign-in token";
        assert_eq!(check(token), Err(AccessError::NoPublicUrl("token")));
        let public = |url: &str| check(&format!("{token} --public-url {url}"));
        assert_eq!(public("http://a.b"), Err(AccessError::NotHttps("token")));
        assert_eq!(public("https://a.b"), Ok(ActAs::Bearer));
        assert_eq!(public("http://127.0.0.1:8080"), Ok(ActAs::Bearer));
        assert_eq!(public("http://localhost:8080"), Ok(ActAs::Bearer));
        assert_eq!(
            public("http://localhost.a.b"),
            Err(AccessError::NotHttps("token"))
        );
    }

    #[test]
    fn a_proxy_is_known_by_address_and_secret_or_by_its_certificate() {
        let proxy = "--sign-in proxy --public-url https://a.b";
        assert_eq!(check(proxy), Err(AccessError::OpenProxy));
        let address = format!("{proxy} --trusted-proxy 10.0.0.1");
        assert_eq!(check(&address), Err(AccessError::OpenProxy));
        let secret = format!("{proxy} --proxy-secret-file x");
        assert_eq!(check(&secret), Err(AccessError::OpenProxy));
        assert_eq!(
            check(&format!("{address} --proxy-secret-file x")),
            Ok(ActAs::Impersonate)
        );
        let certificate = format!("{proxy} --proxy-ca-file x");
        // Nobody shows a certificate where there is no TLS.
        assert_eq!(check(&certificate), Err(AccessError::OpenProxy));
        let with_tls = format!("{certificate} --tls-cert x --tls-key x");
        assert_eq!(check(&with_tls), Ok(ActAs::Impersonate));
        assert_eq!(
            check(&format!("{with_tls} --proxy-secret-file x")),
            Err(AccessError::TwoProofs)
        );
    }

    #[test]
    fn a_provider_is_known_by_its_address() {
        let oidc = "--sign-in oidc --public-url https://a.b --oidc-client-id podshell";
        assert_eq!(check(oidc), Err(AccessError::NoIssuer));
        let issuer = |url: &str| check(&format!("{oidc} --oidc-issuer {url}"));
        assert_eq!(issuer("https://id.example.org/realms/x"), Ok(ActAs::Bearer));
        assert_eq!(issuer("http://127.0.0.1:9000"), Ok(ActAs::Bearer));
        for unfit in [
            "id.example.org",
            "http://id.example.org",
            "https:///x",
            "ftp://a.b",
        ] {
            assert_eq!(issuer(unfit), Err(AccessError::NoIssuer), "{unfit}");
        }
        let impersonate = format!("{oidc} --oidc-issuer https://a.b --act-as impersonate");
        assert_eq!(check(&impersonate), Ok(ActAs::Impersonate));
        assert!(
            check(&format!(
                "{oidc} --oidc-issuer https://a.b --act-as kubeconfig"
            ))
            .is_err()
        );
    }

    #[test]
    fn settings_that_contradict_each_other() {
        let pair = check("--sign-in token --act-as impersonate --public-url https://a.b");
        let expected = AccessError::Pair {
            sign_in: "token",
            fitting: "bearer",
        };
        assert_eq!(pair, Err(expected));
        assert!(check("--act-as bearer").is_err());
        assert_eq!(check("--act-as kubeconfig"), Ok(ActAs::Kubeconfig));
        assert_eq!(check("--tls-cert x"), Err(AccessError::HalfTls));
        #[cfg(feature = "demo")]
        assert_eq!(
            check("--demo --sign-in token --public-url https://a.b"),
            Err(AccessError::Demo)
        );
    }
}
