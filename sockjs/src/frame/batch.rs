//! What a client sends: a JSON array of strings, checked as a whole and decoded one by one.

use std::{borrow::Cow, fmt, vec};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

use super::FrameError;

/// Reads what a client sends: a JSON array of strings, or a single JSON string.
///
/// An empty text and an empty array carry no message; both are to be ignored, not refused. Half of a surrogate pair, which
/// JavaScript's strings may hold and Rust's may not, becomes U+FFFD, as it does in a plain WebSocket.
///
/// # Errors
/// [`FrameError::Json`] for anything else.
pub fn decode_batch(text: &str) -> Result<Vec<String>, FrameError> {
    Ok(Batch::read(Cow::Borrowed(text))?.collect())
}

/// So many messages are decoded together.
const FEW: usize = 64;

/// The messages that a client sent at once, in order. If they are many they are decoded as they are taken: a list of many
/// short ones would take many times the memory of their text.
#[derive(Debug)]
pub(crate) enum Batch<T> {
    /// Decoded; the text is gone.
    Few(Few),
    /// In the part of this text behind `at`. It was checked.
    Many { text: T, at: usize },
}

/// Mostly there is one, for which no list is needed.
type Few = std::iter::Chain<std::option::IntoIter<String>, vec::IntoIter<String>>;

impl<T> Batch<T> {
    pub(crate) fn empty() -> Self {
        Self::Few(few(None, Vec::new()))
    }
}

fn few(first: Option<String>, rest: Vec<String>) -> Few {
    first.into_iter().chain(rest)
}

impl<T: AsRef<str> + From<String>> Batch<T> {
    /// Checks the whole text, as [`decode_batch`] reads it.
    pub(crate) fn read(text: T) -> Result<Self, FrameError> {
        match Self::parse(text) {
            Ok(batch) => Ok(batch),
            Err((error, text)) => match replace_lone_surrogates(text.as_ref()) {
                Some(text) => Self::parse(text.into()).map_err(|(error, _)| error.into()),
                None => Err(error.into()),
            },
        }
    }

    /// Gives back a text that is wrong.
    fn parse(text: T) -> Result<Self, (serde_json::Error, T)> {
        let json = text.as_ref();
        let parsed = if json.is_empty() {
            return Ok(Self::empty());
        } else if json.trim_ascii_start().starts_with('"') {
            serde_json::from_str(json).map(|message| Strings::Few(few(Some(message), Vec::new())))
        } else {
            serde_json::from_str(json)
        };
        match parsed {
            Ok(Strings::Few(messages)) => Ok(Self::Few(messages)),
            Ok(Strings::Many) => Ok(Self::Many { text, at: 0 }),
            Err(error) => Err((error, text)),
        }
    }
}

impl<T: AsRef<str>> Iterator for Batch<T> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        match self {
            Self::Few(messages) => messages.next(),
            Self::Many { text, at } => {
                let rest = text.as_ref().get(*at..)?;
                // Nothing but brackets, commas and white space stands between strings.
                let start = rest.find('"')?;
                let mut strings =
                    serde_json::Deserializer::from_str(&rest[start..]).into_iter::<String>();
                let message = strings.next()?.ok();
                *at += start + strings.byte_offset();
                message
            }
        }
    }
}

/// What an array of strings holds. Of many none is kept.
enum Strings {
    Few(Few),
    Many,
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;
        impl<'de> Visitor<'de> for Array {
            type Value = Strings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Strings, A::Error> {
                let first = array.next_element()?;
                let mut rest = Vec::new();
                while rest.len() < FEW - 1 {
                    match array.next_element()? {
                        Some(message) => rest.push(message),
                        None => return Ok(Strings::Few(few(first, rest))),
                    }
                }
                if array.next_element::<AnyString>()?.is_none() {
                    return Ok(Strings::Few(few(first, rest)));
                }
                drop((first, rest));
                while array.next_element::<AnyString>()?.is_some() {}
                Ok(Strings::Many)
            }
        }
        deserializer.deserialize_seq(Array)
    }
}

/// A string that is checked and not kept.
struct AnyString;

impl<'de> Deserialize<'de> for AnyString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = AnyString;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<AnyString, E> {
                Ok(AnyString)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Puts `\ufffd` in the place of each escaped surrogate that is not part of a pair; `None` if there is none.
fn replace_lone_surrogates(json: &str) -> Option<String> {
    let unit_at = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut replaced = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        at += found;
        match (unit_at(at), unit_at(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                replaced.push_str(&json[copied..at]);
                replaced.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // The backslash and what it escapes, which may be a backslash too.
            _ => at += 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if copied == 0 {
        return None;
    }
    replaced.push_str(&json[copied..]);
    Some(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_same_whether_they_are_few_or_many() {
        let strings = [
            r#""""#,
            r#""\"],[\\""#,
            r#""\ud83e\udd80 ]""#,
            r#""\ud800""#,
            "\"[\"",
            "\"\\\\\"",
            "\"x\"",
        ];
        for count in (0..10).chain(FEW - 2..FEW + 10) {
            for space in ["", " \n\t"] {
                let strings: Vec<_> = strings.into_iter().cycle().take(count).collect();
                let text = strings.join(&format!("{space},{space}"));
                let text = format!("{space}[{space}{text}{space}]{space}");
                let mended = text.replace("\\ud800", "\\ufffd");
                let whole: Vec<String> = serde_json::from_str(&mended).unwrap();
                let batch = Batch::read(text).unwrap();
                assert_eq!(matches!(batch, Batch::Many { .. }), count > FEW);
                assert_eq!(batch.collect::<Vec<_>>(), whole);
            }
        }
    }

    #[test]
    fn nothing_is_given_of_a_batch_that_is_wrong_at_its_end() {
        for text in [
            "[\"a\",\"b\"",
            "[\"a\",\"b\",1]",
            "[\"a\",\"b\"]]",
            "[\"a\",\"\\x\"]",
        ] {
            let many = text.replacen("\"a\"", &["\"a\""; FEW].join(","), 1);
            for text in [text.to_owned(), many] {
                assert!(Batch::read(text.clone()).is_err(), "{text}");
            }
        }
    }
}
