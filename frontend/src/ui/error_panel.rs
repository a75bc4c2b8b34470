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

    /// What is known in particular: all of it where the user reads English, else what somebody else said.
    pub(crate) fn particulars(&self, language: Language) -> Option<&str> {
        let message = Some(&*self.message).filter(|message| !message.is_empty());
        if language == Language::ENGLISH && !self.kind.says_all() {
            message
        } else {
            self.detail.as_deref()
        }
    }

    /// What to do: the server knows best, but it speaks English only.
    pub(crate) fn advice(&self, language: Language) -> String {
        let own = language.failure(self.kind).hint;
        match &self.hint {
            Some(hint) if own.is_empty() || language == Language::ENGLISH => hint.clone(),
            _ => own.to_owned(),
        }
    }
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
    let particulars = move || {
        let particulars =
            |failure: &Failure| failure.particulars(language.get()).map(str::to_owned);
        let particulars = shown.with_value(particulars);
        particulars.map(|words| view! { <p class="failure__message">{words}</p> })
    };
    let advice = move || shown.with_value(|failure| failure.advice(language.get()));
    view! {
        <section class="failure" data-testid="failure" role="alert">
            <h2>{title}</h2>
            {particulars}
            <p class="failure__hint">{advice}</p>
            <div class="button-row failure__ways">{children()}</div>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use podshell_shared::api::{ApiError, ErrorCode};

    use super::*;

    fn answer(status: u16, code: ErrorCode) -> Failure {
        let error = ApiError {
            code,
            message: "What happened.".to_owned(),
            detail: Some("why".to_owned()),
            hint: Some("What to do.".to_owned()),
        };
        Failure::from_api(status, error)
    }

    #[test]
    fn headlines_name_what_is_missing() {
        for (code, english, chinese) in [
            (
                ErrorCode::NoNamespace,
                "There is no such namespace",
                "找不到该命名空间",
            ),
            (ErrorCode::NoPod, "There is no such pod", "找不到该 Pod"),
            (
                ErrorCode::NoContainer,
                "There is no such container",
                "找不到该容器",
            ),
            (ErrorCode::NoSuchRoute, "Not found", "未找到"),
        ] {
            let failure = answer(404, code);
            assert_eq!(failure.title(Language::ENGLISH), english);
            assert_eq!(failure.title(Language::CHINESE), chinese);
        }
    }

    #[test]
    fn the_servers_own_words_are_for_those_who_read_english() {
        let failure = answer(404, ErrorCode::NoPod);
        let english = Language::ENGLISH;
        assert_eq!(failure.advice(english), "What to do.");
        assert_eq!(failure.particulars(english), Some("What happened."));
        let chinese = Language::CHINESE;
        assert!(failure.advice(chinese).contains("Pod 列表"));
        assert_eq!(failure.particulars(chinese), Some("why"));
    }

    #[test]
    fn what_the_headline_says_is_not_said_twice() {
        let mut failure = answer(401, ErrorCode::SignIn);
        failure.detail = None;
        assert_eq!(failure.particulars(Language::ENGLISH), None);
    }
}
