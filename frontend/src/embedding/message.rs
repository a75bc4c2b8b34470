//! What a page in a frame and the one around it say to each other, as `docs/embedding.md` has it.

use serde::{Deserialize, Serialize};

use super::look::Look;

/// What is said to the page around this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub(crate) enum Said {
    /// This page listens.
    #[serde(rename = "podshell:hello")]
    Hello {
        /// Of what both say.
        version: u32,
    },
    /// The shell runs.
    #[serde(rename = "podshell:ready")]
    Ready,
    /// The program has given its terminal this title, or none.
    #[serde(rename = "podshell:title")]
    Title { title: String },
    /// The session has ended, or there was none.
    #[serde(rename = "podshell:ended")]
    Ended {
        /// Why, as the protocol spells it; may be empty.
        reason: String,
        /// The program's exit code, where it has one.
        code: Option<i32>,
    },
}

/// What is heard from it.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Heard {
    /// It is there, and hands over nothing.
    Hello,
    /// A token to call the server with.
    Token(String),
    /// How the terminal is to look; an error says why it can't be had.
    Look(Result<Look, String>),
}

/// Any message of those.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    token: Option<String>,
}

impl Heard {
    /// Reads a message, as JSON; [`None`] for what is not to this page.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Message { kind, token } = serde_json::from_str(text).ok()?;
        match (&*kind, token) {
            ("podshell:hello", _) => Some(Self::Hello),
            ("podshell:token", Some(token)) => Some(Self::Token(token)),
            ("podshell:look", _) => {
                let asked = serde_json::from_str(text).map_err(|error| error.to_string());
                Some(Self::Look(asked.and_then(Look::take)))
            }
            _ => None,
        }
    }
}

/// The origins in a list of them. A browser writes an origin without a slash at its end.
pub(super) fn origins(list: &str) -> Vec<String> {
    let origins = list.split_whitespace();
    let origins = origins.map(|origin| origin.trim_end_matches('/').to_ascii_lowercase());
    origins.filter(|origin| origin.contains("://")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_is_spelt_as_documented() {
        for (said, text) in [
            (
                Said::Hello { version: 1 },
                json!({"type": "podshell:hello", "version": 1}),
            ),
            (Said::Ready, json!({"type": "podshell:ready"})),
            (
                Said::Title {
                    title: "vim".to_owned(),
                },
                json!({"type": "podshell:title", "title": "vim"}),
            ),
            (
                Said::Ended {
                    reason: "exited".to_owned(),
                    code: Some(3),
                },
                json!({"type": "podshell:ended", "reason": "exited", "code": 3}),
            ),
        ] {
            assert_eq!(serde_json::to_value(&said).unwrap(), text);
        }
    }

    #[test]
    fn only_what_is_documented_is_understood() {
        let heard = |text: serde_json::Value| Heard::read(&text.to_string());
        assert_eq!(heard(json!({"type": "podshell:hello"})), Some(Heard::Hello));
        let token = json!({"type": "podshell:token", "token": "secret"});
        let expected = Heard::Token("secret".to_owned());
        assert_eq!(heard(token), Some(expected));
        let look = json!({"type": "podshell:look", "theme": "dark"});
        let dark = Look {
            is_dark: Some(true),
            colours: None,
        };
        assert_eq!(heard(look), Some(Heard::Look(Ok(dark))));
        for strange in [
            json!(null),
            json!("podshell:hello"),
            json!({"type": "podshell:token"}),
            json!({"type": "podshell:token", "token": 7}),
            json!({"type": "webpackOk"}),
        ] {
            assert_eq!(heard(strange), None);
        }
    }

    #[test]
    fn origins_are_listed_as_browsers_write_them() {
        let list = " https://a.example  https://B.example:8443/\n'self' * ";
        let expected = ["https://a.example", "https://b.example:8443"];
        assert_eq!(origins(list), expected);
        assert!(origins("").is_empty());
    }
}
