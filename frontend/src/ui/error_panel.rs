//! The panel that says what went wrong, in place of what was wanted.

use leptos::prelude::*;

use crate::{
    error::Failure,
    i18n::{Language, use_language},
};

impl Failure {
    /// Its headline.
    pub(crate) fn title(&self, language: Language) -> &'static str {
        language.failure(self.kind).title
    }

    /// What its message says beyond the headline.
    fn detail(&self) -> Option<&str> {
        detail_beyond(&self.message, self.title(Language::English))
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

/// What the server's words, which are English, say beyond those of the page.
pub(crate) fn detail_beyond<'a>(message: &'a str, title: &str) -> Option<&'a str> {
    let sentence = message.trim_end_matches('.');
    (!sentence.is_empty() && sentence != title).then_some(message)
}

/// Says what went wrong and what to do; `children` are the ways on.
#[component]
pub(crate) fn ErrorPanel(
    /// What went wrong.
    failure: Failure,
    /// Buttons and links.
    children: Children,
) -> impl IntoView {
    let language = use_language();
    let shown = StoredValue::new(failure);
    let title = move || shown.with_value(|failure| failure.title(language.get()));
    let message = shown.with_value(|failure| failure.detail().map(str::to_owned));
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
    use podshell_shared::api::ApiError;

    use super::*;
    use podshell_shared::target::Mode;

    fn answer(status: u16, code: &str) -> Failure {
        let error = ApiError {
            code: code.to_owned(),
            message: "What happened.".to_owned(),
            hint: "What to do.".to_owned(),
        };
        Failure::from_api(status, error)
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
            let said = Language::English.exited(&Mode::Exec(None), code);
            assert_eq!(detail_beyond(&format!("{said}."), &said), None);
        }
        assert_eq!(detail_beyond("", "The shell ended"), None);
        assert_eq!(
            detail_beyond("It was killed.", "The shell ended"),
            Some("It was killed.")
        );
        let mut failure = answer(401, "sign-in");
        assert_eq!(failure.detail(), Some("What happened."));
        failure.message = "You are not signed in.".to_owned();
        assert_eq!(failure.detail(), None);
    }
}
