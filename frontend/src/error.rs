//! What can go wrong: its kinds, and how each is told from what the server and the client say.

use podshell_client::End;
use podshell_shared::{
    api::{ApiError, ErrorCode},
    terminal::{EndReason, Exit},
};
use serde::Serialize;
use serde_json::Value;

/// The kinds of failure, each with words of its own in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No answer from Podshell's server.
    Unreachable,
    /// The browser isn't signed in, and the link that is printed would do it.
    SignIn,
    /// The user isn't signed in, and can do so on the page.
    SignedOut,
    /// The same in a frame, where the page around it has to see to that.
    NotHandedOver,
    /// The cluster does not know the token that was brought to sign in.
    TokenRefused,
    /// The OpenID provider could not be asked, or its answer was not accepted.
    SignInFailed,
    /// Nobody can be this user here.
    ReservedUser,
    /// It was asked more often than anyone may.
    TooOften,
    /// It is turned off at this server.
    TurnedOff,
    /// The sign-in link is not of the server that runs now.
    LinkUnknown,
    /// The sign-in link was used before.
    LinkUsed,
    /// The cluster does not allow it.
    Forbidden,
    /// A policy of the cluster denied it.
    Denied,
    /// What the namespace enforces does not allow a debug container.
    PodSecurity,
    /// Nothing can be added to the pod.
    PodUnfit,
    /// Something between the server and the cluster answered in the cluster's place.
    ProxyRefused,
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
    /// The container has not begun to run, and so has no log.
    NoLog,
    /// The container has had no run before this one.
    NoPreviousLog,
    /// As many logs are read at once as the server allows the user, or all.
    TooManyLogs,
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
    /// No other page may show this one.
    NotEmbeddable,
}

impl Kind {
    /// Whether its headline says all that is known of it.
    pub(crate) fn says_all(self) -> bool {
        matches!(
            self,
            Self::SignIn
                | Self::SignedOut
                | Self::NotHandedOver
                | Self::LinkUnknown
                | Self::LinkUsed
                | Self::Ended(
                    EndReason::Exited
                        | EndReason::Closed
                        | EndReason::Shutdown
                        | EndReason::TakenOver
                        | EndReason::NoSession
                )
        )
    }
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// The kind for programs, `kebab-case` and spelt as an [`EndReason`] where there is one for
    /// it; may be empty.
    pub(crate) reason: String,
    /// What happened, as the server or the browser told it, in English; may be empty.
    pub(crate) message: String,
    /// What somebody else said of it, in their own words.
    pub(crate) detail: Option<String>,
    /// What to do, as the server told it, in English.
    pub(crate) hint: Option<String>,
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
            detail: None,
            hint: None,
        }
    }

    /// Whether it may be otherwise in a while, and nobody has to do anything for that.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unreachable
                | Kind::TooOften
                | Kind::TooManyLogs
                | Kind::Cluster
                | Kind::Server
                | Kind::ProxyRefused
                | Kind::Ended(EndReason::Shutdown)
        )
    }

    /// An HTTP answer that is not a success.
    pub(crate) fn from_api(status: u16, error: ApiError) -> Self {
        let code = error.code;
        let (kind, reason) = match (code, status) {
            (ErrorCode::NoNamespace, _) => (Kind::NoNamespace, "not-found".to_owned()),
            (ErrorCode::NoPod, _) => (Kind::NoPod, "not-found".to_owned()),
            (ErrorCode::NoContainer, _) => (Kind::NoContainer, "not-found".to_owned()),
            (ErrorCode::NotRunning, _) => (Kind::NotRunning, name_of(code)),
            (ErrorCode::NoLog, _) => (Kind::NoLog, name_of(code)),
            (ErrorCode::NoPreviousLog, _) => (Kind::NoPreviousLog, name_of(code)),
            (ErrorCode::TooManyLogs | ErrorCode::TooManyOwnLogs, _) => {
                (Kind::TooManyLogs, name_of(code))
            }
            (ErrorCode::Forbidden, _) => (Kind::Forbidden, name_of(code)),
            (ErrorCode::Denied, _) => (Kind::Denied, name_of(code)),
            (ErrorCode::PodSecurity, _) => (Kind::PodSecurity, name_of(code)),
            (ErrorCode::PodUnfit, _) => (Kind::PodUnfit, name_of(code)),
            (ErrorCode::ProxyRefused, _) => (Kind::ProxyRefused, name_of(code)),
            (ErrorCode::SignIn | ErrorCode::NotByProxy, _) => (Kind::SignIn, name_of(code)),
            (ErrorCode::TokenRefused, _) => (Kind::TokenRefused, name_of(code)),
            (ErrorCode::SignInFailed, _) => (Kind::SignInFailed, name_of(code)),
            (ErrorCode::ReservedUser, _) => (Kind::ReservedUser, name_of(code)),
            (ErrorCode::TooOften, _) => (Kind::TooOften, name_of(code)),
            (ErrorCode::TurnedOff, _) => (Kind::TurnedOff, name_of(code)),
            (ErrorCode::LinkUnknown, _) => (Kind::LinkUnknown, name_of(code)),
            (ErrorCode::LinkUsed, _) => (Kind::LinkUsed, name_of(code)),
            (ErrorCode::Shutdown, _) => (Kind::Ended(EndReason::Shutdown), name_of(code)),
            (ErrorCode::BadName | ErrorCode::UnknownMode | ErrorCode::UnknownShell, _) => {
                (Kind::NoPage, name_of(code))
            }
            (
                ErrorCode::ClusterCredentials
                | ErrorCode::ClusterRefused
                | ErrorCode::ClusterSilent
                | ErrorCode::ClusterUnreachable,
                _,
            ) => (Kind::Cluster, name_of(EndReason::ClusterLost)),
            // What is not the API's, a proxy's answer, has a status alone.
            (ErrorCode::Unknown, 401) => (Kind::SignIn, name_of(ErrorCode::SignIn)),
            (ErrorCode::Unknown, 403) => (Kind::Forbidden, name_of(ErrorCode::Forbidden)),
            (ErrorCode::Unknown, 404) => (Kind::NotFound, "not-found".to_owned()),
            (ErrorCode::Unknown, _) => (Kind::Server, String::new()),
            (code, 404) => (Kind::NotFound, name_of(code)),
            (code, _) => (Kind::Server, name_of(code)),
        };
        Self {
            kind,
            reason,
            message: error.message,
            detail: error.detail,
            hint: error.hint,
        }
    }

    /// The end of a session, seen as a failure.
    pub(crate) fn from_exit(exit: Exit) -> Self {
        // Which of the shells that were tried the runtime names there, tells nobody more than that there is none.
        let detail = exit.detail.filter(|_| exit.reason != EndReason::NoShell);
        Self {
            reason: name_of(exit.reason),
            detail,
            ..Self::new(Kind::Ended(exit.reason), exit.message)
        }
    }

    /// The end of a connection, seen as a failure.
    pub(crate) fn from_end(end: End) -> Self {
        match end {
            End::Exit(exit) => Self::from_exit(exit),
            End::SignedOut => Self {
                reason: name_of(ErrorCode::SignIn),
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

    /// The same where the user can sign in on the page.
    pub(crate) fn signed_out(self) -> Self {
        let reason = match self.kind {
            Kind::SignIn => self.reason,
            // What the cluster said of a token that is good no more.
            _ => name_of(ErrorCode::SignIn),
        };
        Self {
            kind: Kind::SignedOut,
            reason,
            hint: None,
            ..self
        }
    }

    /// Whether it is that nobody is signed in.
    pub(crate) fn is_signed_out(&self) -> bool {
        matches!(self.kind, Kind::SignIn | Kind::SignedOut) || self.is(EndReason::SignedOut)
    }

    /// Whether it is a session that ended for this reason.
    pub(crate) fn is(&self, reason: EndReason) -> bool {
        self.kind == Kind::Ended(reason)
    }
}

/// A reason or a code as the protocol spells it.
pub(crate) fn name_of(named: impl Serialize) -> String {
    match serde_json::to_value(named) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Failure {
        let error = serde_json::json!({"code": code, "message": "What happened."});
        Failure::from_api(status, serde_json::from_value(error).unwrap())
    }

    #[test]
    fn a_runtimes_words_are_told_but_for_a_shell_that_is_not_there() {
        let told = |reason| {
            let exit = Exit {
                detail: Some("exec: \"/bin/bash\": no such file".to_owned()),
                ..Exit::new(reason, "What happened.")
            };
            Failure::from_exit(exit).detail
        };
        assert_eq!(told(EndReason::NoShell), None);
        assert!(told(EndReason::NotStarted).is_some());
    }

    #[test]
    fn codes_of_the_api_tell_kind_and_reason() {
        let shutdown = Kind::Ended(EndReason::Shutdown);
        for (status, code, kind, reason) in [
            (404, "no-namespace", Kind::NoNamespace, "not-found"),
            (404, "no-pod", Kind::NoPod, "not-found"),
            (404, "no-container", Kind::NoContainer, "not-found"),
            (409, "not-running", Kind::NotRunning, "not-running"),
            (409, "no-log", Kind::NoLog, "no-log"),
            (
                409,
                "no-previous-log",
                Kind::NoPreviousLog,
                "no-previous-log",
            ),
            (429, "too-many-logs", Kind::TooManyLogs, "too-many-logs"),
            (
                429,
                "too-many-own-logs",
                Kind::TooManyLogs,
                "too-many-own-logs",
            ),
            (503, "no-audit", Kind::Server, "no-audit"),
            (403, "forbidden", Kind::Forbidden, "forbidden"),
            (403, "denied", Kind::Denied, "denied"),
            (403, "pod-security", Kind::PodSecurity, "pod-security"),
            (409, "pod-unfit", Kind::PodUnfit, "pod-unfit"),
            (502, "proxy-refused", Kind::ProxyRefused, "proxy-refused"),
            (401, "sign-in", Kind::SignIn, "sign-in"),
            (401, "not-by-proxy", Kind::SignIn, "not-by-proxy"),
            (401, "token-refused", Kind::TokenRefused, "token-refused"),
            (401, "link-used", Kind::LinkUsed, "link-used"),
            (401, "link-unknown", Kind::LinkUnknown, "link-unknown"),
            (502, "cluster-refused", Kind::Cluster, "cluster-lost"),
            (504, "cluster-silent", Kind::Cluster, "cluster-lost"),
            (503, "shutdown", shutdown, "shutdown"),
            (400, "bad-name", Kind::NoPage, "bad-name"),
            (400, "unknown-shell", Kind::NoPage, "unknown-shell"),
            (404, "no-such-route", Kind::NotFound, "no-such-route"),
            (403, "foreign-origin", Kind::Server, "foreign-origin"),
        ] {
            let failure = answer(status, code);
            assert_eq!((failure.kind, &*failure.reason), (kind, reason), "{code}");
        }
    }

    #[test]
    fn an_answer_without_a_code_is_told_by_its_status() {
        for (status, kind, reason) in [
            (401, Kind::SignIn, "sign-in"),
            (403, Kind::Forbidden, "forbidden"),
            (404, Kind::NotFound, "not-found"),
            (502, Kind::Server, ""),
        ] {
            for code in ["", "of-a-newer-server"] {
                let failure = answer(status, code);
                assert_eq!((failure.kind, &*failure.reason), (kind, reason), "{status}");
            }
        }
    }

    #[test]
    fn reasons_are_spelt_as_in_the_protocol() {
        assert_eq!(name_of(EndReason::TakenOver), "taken-over");
        let exit = Exit::new(EndReason::NoSession, "");
        assert_eq!(Failure::from_end(End::Exit(exit)).reason, "no-session");
    }
}
