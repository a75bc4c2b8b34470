//! The words that are searched for in a list: which texts have them all, and a text with them marked.

use leptos::prelude::*;

/// What was typed as words, in lower case.
pub(crate) fn words(typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    typed.split_whitespace().map(str::to_owned).collect()
}

/// Whether each word occurs somewhere in a text. Both are in lower case.
pub(crate) fn all_occur(words: &[String], text: &str) -> bool {
    words.iter().all(|word| text.contains(&**word))
}

/// The parts of a text, each with whether it is one of the words that are searched for. The words are in lower case.
fn parts<'a>(text: &'a str, words: &[String]) -> Vec<(&'a str, bool)> {
    let lower = text.to_lowercase();
    // Names are ASCII: where lower case has another length, nothing is marked.
    if lower.len() != text.len() {
        return vec![(text, false)];
    }
    let mut is_marked = vec![false; text.len()];
    for word in words.iter().filter(|word| !word.is_empty()) {
        for (at, found) in lower.match_indices(&**word) {
            is_marked[at..at + found.len()].fill(true);
        }
    }
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in text.char_indices().skip(1) {
        if is_marked[at] != is_marked[from] {
            parts.push((&text[from..at], is_marked[from]));
            from = at;
        }
    }
    if !text.is_empty() {
        parts.push((&text[from..], is_marked[from]));
    }
    parts
}

/// A text with the words marked.
pub(crate) fn marked(text: &str, words: &[String]) -> impl IntoView + use<> {
    let part = |(text, is_marked): (&str, bool)| {
        let text = text.to_owned();
        if is_marked {
            view! { <mark>{text}</mark> }.into_any()
        } else {
            text.into_any()
        }
    };
    parts(text, words).into_iter().map(part).collect_view()
}

#[cfg(test)]
mod tests {
    use super::{all_occur, parts, words};

    fn marked(text: &str, words: &[&str]) -> String {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        let parts = parts(text, &words).into_iter();
        let part = |(text, is_marked): (&str, bool)| {
            if is_marked {
                format!("[{text}]")
            } else {
                text.to_owned()
            }
        };
        parts.map(part).collect()
    }

    #[test]
    fn each_word_has_to_occur_in_any_order_and_case() {
        let text = "shop\nweb-0\napp=web tier=front";
        for (typed, wanted) in [
            ("", true),
            ("  ", true),
            ("WEB", true),
            ("tier=front shop", true),
            ("shop back", false),
        ] {
            assert_eq!(all_occur(&words(typed), text), wanted, "{typed:?}");
        }
    }

    #[test]
    fn all_places_of_all_words_are_marked() {
        assert_eq!(marked("payments-pay", &["pay"]), "[pay]ments-[pay]");
        assert_eq!(marked("web-0", &["we", "eb", "0"]), "[web]-[0]");
        assert_eq!(marked("Web-0", &["web"]), "[Web]-0");
        assert_eq!(marked("web", &[]), "web");
        assert_eq!(marked("web", &[""]), "web");
        assert_eq!(marked("", &["x"]), "");
        assert_eq!(marked("aaa", &["aa"]), "[aa]a");
        // What has another length in lower case.
        assert_eq!(marked("İx", &["x"]), "İx");
        assert_eq!(marked("ÄÖ-x", &["ö"]), "Ä[Ö]-x");
    }
}
