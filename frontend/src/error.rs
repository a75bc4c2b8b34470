//! What can go wrong, and the box that says so in place of what was wanted.

use leptos::prelude::*;
use podshell_client::End;
use podshell_shared::{
    api::ApiError,
    terminal::{EndReason, Exit},
};
use serde_json::Value;

use crate::i18n::{Language, use_language};

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
    Garbled,
    /// The WebSocket could not be opened.
    NoSocket,
    /// The connection broke before the shell ran.
    NotStarted,
    /// The connection broke.
    Dropped,
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
        // what is not the API's has no code: a proxy's answer
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
            End::NotOpened => Self::plain(Kind::NoSocket),
            End::NotStarted => Self::plain(Kind::NotStarted),
            End::ConnectionLost => Self::plain(Kind::Dropped),
            End::Silent => Self::plain(Kind::Silent),
            End::ProtocolError(error) => Self::new(Kind::Garbled, error),
        }
    }

    /// Whether it is a session that ended for this reason.
    pub(crate) fn is(&self, reason: EndReason) -> bool {
        self.kind == Kind::Ended(reason)
    }

    /// Its headline.
    pub(crate) fn title(&self, language: Language) -> &'static str {
        language.failure(self.kind).title
    }

    /// What its message says beyond the headline.
    fn news(&self) -> Option<&str> {
        news(&self.message, self.title(Language::English))
    }

    /// What to do: the server knows best, but it speaks English only.
    pub(crate) fn advice(&self, language: Language) -> String {
        let own = language.failure(self.kind).hint;
        if own.is_empty() || (language == Language::English && !self.hint.is_empty()) {
            self.hint.clone()
        } else {
            own.to_owned()
        }
    }
}

/// A reason as the protocol spells it.
pub(crate) fn reason_name(reason: EndReason) -> String {
    match serde_json::to_value(reason) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// What the server's words, which are English, say beyond those of the page.
pub(crate) fn news<'a>(message: &'a str, said: &str) -> Option<&'a str> {
    let sentence = message.trim_end_matches('.');
    (!sentence.is_empty() && sentence != said).then_some(message)
}

/// Says what went wrong and what to do; `children` are the ways on.
#[component]
pub(crate) fn FailureBox(
    /// What went wrong.
    failure: Failure,
    /// Buttons and links.
    children: Children,
) -> impl IntoView {
    let language = use_language();
    let shown = StoredValue::new(failure);
    let title = move || shown.with_value(|failure| failure.title(language.get()));
    let message = shown.with_value(|failure| failure.news().map(str::to_owned));
    let advice = move || shown.with_value(|failure| failure.advice(language.get()));
    view! {
        <section class="failure" data-testid="failure" role="alert">
            <h2>{title}</h2>
            {message.map(|message| view! { <p class="failure-message">{message}</p> })}
            <p class="failure-hint">{advice}</p>
            <div class="actions">{children()}</div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::route::Mode;

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

    #[test]
    fn headlines_name_what_is_missing() {
        for (code, english, chinese) in [
            (
                "no-namespace",
                "There is no such namespace",
                "找不到该命名空间",
            ),
            ("no-pod", "There is no such pod", "找不到该 Pod"),
            ("no-container", "There is no such container", "找不到该容器"),
            ("no-such-route", "Not found", "未找到"),
        ] {
            let failure = answer(404, code);
            assert_eq!(failure.title(Language::English), english);
            assert_eq!(failure.title(Language::Chinese), chinese);
        }
    }

    #[test]
    fn the_servers_advice_is_for_those_who_read_english() {
        let failure = answer(404, "no-pod");
        assert_eq!(failure.advice(Language::English), "What to do.");
        assert!(failure.advice(Language::Chinese).contains("Pod 列表"));
    }

    #[test]
    fn what_the_page_says_itself_is_not_said_twice() {
        for code in [Some(0), Some(137), None] {
            let said = Language::English.exited(&Mode::Shell(None), code);
            assert_eq!(news(&format!("{said}."), &said), None);
        }
        assert_eq!(news("", "The shell ended"), None);
        assert_eq!(
            news("It was killed.", "The shell ended"),
            Some("It was killed.")
        );
        let mut failure = answer(401, "sign-in");
        assert_eq!(failure.news(), Some("What happened."));
        failure.message = "You are not signed in.".to_owned();
        assert_eq!(failure.news(), None);
    }
}
