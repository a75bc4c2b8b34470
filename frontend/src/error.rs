//! What can go wrong: its kinds, and how each is told from what the server and the client say.

use podshell_client::End;
use podshell_shared::{
    api::ApiError,
    terminal::{EndReason, Exit},
};
use serde_json::Value;

/// The kinds of failure, each with words of its own in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No answer from Podshell's server.
    Unreachable,
    /// The browser isn't signed in.
    SignIn,
    /// The cluster does not allow it.
    Forbidden,
    /// There is no such namespace.
    NoNamespace,
    /// There is no such pod.
    NoPod,
    /// The pod has no such container.
    NoContainer,
    /// Something that was asked for isn't there.
    NotFound,
    /// The container does not run.
    NotRunning,
    /// The cluster did not answer the server, or not as it should.
    Cluster,
    /// The server could not do it.
    Server,
    /// The answer makes no sense to this page.
    ProtocolError,
    /// The WebSocket could not be opened.
    NotConnected,
    /// The connection broke before the shell ran.
    NotStarted,
    /// The connection broke.
    ConnectionLost,
    /// Nothing was heard for too long.
    Silent,
    /// The server closed the connection.
    ClosedByServer,
    /// The session ended.
    Ended(EndReason),
    /// A debug container was there, but no longer.
    DebugEnded,
    /// The page has no such address.
    NoPage,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// The kind for programs, `kebab-case` and spelt as an [`EndReason`] where there is one for
    /// it; may be empty.
    pub(crate) reason: String,
    /// What happened in particular, as the server or the browser told it; may be empty.
    pub(crate) message: String,
    /// What to do, as the server told it; may be empty.
    pub(crate) hint: String,
}

impl Failure {
    /// A failure of which no more is known than its kind.
    pub(crate) fn plain(kind: Kind) -> Self {
        Self::new(kind, String::new())
    }

    /// A failure of which something particular is known.
    pub(crate) fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            reason: String::new(),
            message,
            hint: String::new(),
        }
    }

    /// An HTTP answer that is not a success.
    pub(crate) fn from_api(status: u16, error: ApiError) -> Self {
        // What is not the API's has no code: a proxy's answer.
        let (kind, reason) = match (error.code.as_str(), status) {
            ("no-namespace", _) => (Kind::NoNamespace, "not-found"),
            ("no-pod", _) => (Kind::NoPod, "not-found"),
            ("no-container", _) => (Kind::NoContainer, "not-found"),
            ("", 404) => (Kind::NotFound, "not-found"),
            ("not-running", _) => (Kind::NotRunning, "not-running"),
            ("forbidden", _) | ("", 403) => (Kind::Forbidden, "forbidden"),
            ("sign-in", _) | ("", 401) => (Kind::SignIn, "sign-in"),
            ("shutdown", _) => (Kind::Ended(EndReason::Shutdown), "shutdown"),
            (code @ ("bad-name" | "unknown-shell"), _) => (Kind::NoPage, code),
            (code, _) if code.starts_with("cluster-") => (Kind::Cluster, "cluster-lost"),
            (code, 404) => (Kind::NotFound, code),
            (code, _) => (Kind::Server, code),
        };
        Self {
            kind,
            reason: reason.to_owned(),
            message: error.message,
            hint: error.hint,
        }
    }

    /// The end of a connection, seen as a failure.
    pub(crate) fn from_end(end: End) -> Self {
        match end {
            End::Exit(Exit {
                reason, message, ..
            }) => Self {
                reason: reason_name(reason),
                ..Self::new(Kind::Ended(reason), message)
            },
            End::SignedOut => Self {
                reason: "sign-in".to_owned(),
                ..Self::plain(Kind::SignIn)
            },
            End::ClosedByUser => Self::plain(Kind::Ended(EndReason::Closed)),
            End::Closed { code, reason, .. } => {
                Self::new(Kind::ClosedByServer, format!("{reason} ({code})"))
            }
            End::NotOpened => Self::plain(Kind::NotConnected),
            End::NotStarted => Self::plain(Kind::NotStarted),
            End::ConnectionLost => Self::plain(Kind::ConnectionLost),
            End::Silent => Self::plain(Kind::Silent),
            End::ProtocolError(error) => Self::new(Kind::ProtocolError, error),
        }
    }

    /// Whether it is a session that ended for this reason.
    pub(crate) fn is(&self, reason: EndReason) -> bool {
        self.kind == Kind::Ended(reason)
    }
}

/// A reason as the protocol spells it.
pub(crate) fn reason_name(reason: EndReason) -> String {
    match serde_json::to_value(reason) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Failure {
        let error = ApiError {
            code: code.to_owned(),
            message: "What happened.".to_owned(),
            hint: "What to do.".to_owned(),
        };
        Failure::from_api(status, error)
    }

    #[test]
    fn codes_of_the_api_tell_kind_and_reason() {
        let known = [
            (404, "no-namespace", Kind::NoNamespace, "not-found"),
            (404, "no-pod", Kind::NoPod, "not-found"),
            (404, "no-container", Kind::NoContainer, "not-found"),
            (409, "not-running", Kind::NotRunning, "not-running"),
            (403, "forbidden", Kind::Forbidden, "forbidden"),
            (401, "sign-in", Kind::SignIn, "sign-in"),
            (502, "cluster-refused", Kind::Cluster, "cluster-lost"),
            (504, "cluster-silent", Kind::Cluster, "cluster-lost"),
            (
                503,
                "shutdown",
                Kind::Ended(EndReason::Shutdown),
                "shutdown",
            ),
            (400, "bad-name", Kind::NoPage, "bad-name"),
            (400, "unknown-shell", Kind::NoPage, "unknown-shell"),
        ];
        for (status, code, kind, reason) in known {
            let failure = answer(status, code);
            assert_eq!((failure.kind, &*failure.reason), (kind, reason), "{code}");
        }
    }

    #[test]
    fn reasons_are_spelt_as_in_the_protocol() {
        assert_eq!(reason_name(EndReason::TakenOver), "taken-over");
        let exit = Exit {
            reason: EndReason::NoSession,
            code: None,
            message: String::new(),
        };
        let failure = Failure::from_end(End::Exit(exit));
        assert_eq!(failure.reason, "no-session");
    }

    #[test]
    fn an_unknown_code_is_kept() {
        let failure = answer(404, "no-such-route");
        assert_eq!(failure.kind, Kind::NotFound);
        assert_eq!(failure.reason, "no-such-route");
        let failure = answer(403, "foreign-origin");
        assert_eq!(failure.kind, Kind::Server);
        assert_eq!(failure.reason, "foreign-origin");
    }

    #[test]
    fn an_answer_without_a_code_is_told_by_its_status() {
        let known = [
            (401, Kind::SignIn, "sign-in"),
            (403, Kind::Forbidden, "forbidden"),
            (404, Kind::NotFound, "not-found"),
            (502, Kind::Server, ""),
        ];
        for (status, kind, reason) in known {
            let failure = answer(status, "");
            assert_eq!((failure.kind, &*failure.reason), (kind, reason), "{status}");
        }
    }
}
