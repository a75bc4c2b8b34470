//! How the page around this one wants a terminal to look, as far as that can be read.

use serde::Deserialize;

/// The least contrast of text (WCAG 2.2, section 1.4.3).
const LEAST: f64 = 4.5;
/// How much of the text's colour is in what lies behind selected text; in a terminal without the keyboard it is half of that.
const SELECTED: f64 = 0.3;

/// What of it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether it is dark; as the system has it where nothing is said.
    pub(crate) is_dark: Option<bool>,
    pub(crate) colours: Option<Colours>,
}

/// A terminal's own colours, as `#rrggbb`. Those of programs are the theme's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Colours {
    pub(crate) background: String,
    pub(crate) text: String,
    pub(crate) selection: String,
    pub(crate) selection_away: String,
}

/// A look as it is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    theme: Option<String>,
    #[serde(default)]
    background: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

impl Look {
    /// Takes a look that is asked for.
    ///
    /// # Errors
    ///
    /// Why it can't be had, for who writes the page around this one.
    pub(super) fn take(asked: Asked) -> Result<Self, String> {
        let theme = match asked.theme.as_deref() {
            Some("light") => Some(false),
            Some("dark") => Some(true),
            None | Some("system") => None,
            Some(other) => {
                return Err(format!(
                    "{other:?} is no theme: light, dark and system are."
                ));
            }
        };
        let (background, text) = match (asked.background, asked.text) {
            (None, None) => {
                return Ok(Self {
                    is_dark: theme,
                    colours: None,
                });
            }
            (Some(background), Some(text)) => (background, text),
            _ => return Err("background and text go together.".to_owned()),
        };
        let read = |colour: &str| {
            let parts = parts(colour);
            parts.ok_or_else(|| format!("{colour:?} is no colour: write it as #rrggbb."))
        };
        let (ground, ink) = (read(&background)?, read(&text)?);
        let (below, above) = (luminance(ground), luminance(ink));
        let contrast = (below.max(above) + 0.05) / (below.min(above) + 0.05);
        if contrast < LEAST {
            // Not rounded up to what would do.
            let contrast = (contrast * 100.0).floor() / 100.0;
            return Err(format!(
                "The text has a contrast of {contrast}: {LEAST} is the least that can be read."
            ));
        }
        Ok(Self {
            // What programs colour is to be read on it, too.
            is_dark: Some(below < above),
            colours: Some(Colours {
                selection: mix(ground, ink, SELECTED),
                selection_away: mix(ground, ink, SELECTED / 2.0),
                background,
                text,
            }),
        })
    }
}

/// Red, green and blue of `#rrggbb`; [`None`] for what is no such colour.
fn parts(colour: &str) -> Option<[u8; 3]> {
    let digits = colour.strip_prefix('#')?;
    let is_hex = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = is_hex.then(|| u32::from_str_radix(digits, 16).ok())??;
    let [_, parts @ ..] = number.to_be_bytes();
    Some(parts)
}

/// One colour with so much of another in it, from 0 to 1.
fn mix(one: [u8; 3], other: [u8; 3], part: f64) -> String {
    let [red, green, blue] = std::array::from_fn(|at| {
        let (one, other) = (f64::from(one[at]), f64::from(other[at]));
        (one + (other - one) * part).round() as u8
    });
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The relative luminance, from 0 to 1, as WCAG 2.2 defines it.
fn luminance(parts: [u8; 3]) -> f64 {
    let linear = parts.map(|part| match f64::from(part) / 255.0 {
        dim if dim <= 0.04045 => dim / 12.92,
        part => ((part + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn take(asked: Value) -> Result<Look, String> {
        Look::take(serde_json::from_value(asked).unwrap())
    }

    #[test]
    fn a_theme_is_one_of_two_or_the_systems() {
        for (asked, is_dark) in [
            (json!({"theme": "dark"}), Some(true)),
            (json!({"theme": "light"}), Some(false)),
            (json!({"theme": "system"}), None),
            (json!({}), None),
        ] {
            let look = Look {
                is_dark,
                colours: None,
            };
            assert_eq!(take(asked), Ok(look));
        }
        assert!(take(json!({"theme": "Dark"})).is_err());
    }

    #[test]
    fn colours_are_taken_that_can_be_read() {
        let look = |background: &str, text: &str| {
            take(json!({"theme": "light", "background": background, "text": text}))
        };
        let solarized = look("#002b36", "#93a1a1").unwrap();
        assert_eq!(solarized.is_dark, Some(true), "whatever is said of it");
        let colours = solarized.colours.unwrap();
        assert_eq!(
            (&*colours.background, &*colours.text),
            ("#002b36", "#93a1a1")
        );
        assert_eq!(colours.selection, "#2c4e56");
        assert_eq!(colours.selection_away, "#163d46");
        // Where one could think that it is light.
        let grey = look("#767676", "#ffffff").unwrap();
        assert_eq!(grey.is_dark, Some(true));
        assert_eq!(look("#FFFFFF", "#000000").unwrap().is_dark, Some(false));
        // The grey of 4.5 on white, and the one next to it.
        assert!(look("#ffffff", "#767676").is_ok());
        let why = look("#ffffff", "#777777").unwrap_err();
        assert!(why.contains("contrast of 4.47:"), "{why}");
        for (background, text) in [
            ("red", "#ffffff"),
            ("#fff", "#000000"),
            ("#gggggg", "#000000"),
            ("#ffffff;}", "#000000"),
            ("#+fffff", "#000000"),
            ("#ffffff", "url(x)"),
        ] {
            assert!(look(background, text).is_err(), "{background} {text}");
        }
        assert!(take(json!({"background": "#ffffff"})).is_err());
    }

    #[test]
    fn luminance_is_that_of_the_definition() {
        for (colour, expected) in [("#000000", 0.0), ("#ffffff", 1.0), ("#808080", 0.2159)] {
            let found = luminance(parts(colour).unwrap());
            assert!((found - expected).abs() < 1e-4, "{colour}: {found}");
        }
    }
}
