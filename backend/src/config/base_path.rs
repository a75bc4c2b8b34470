//! The path under which everything is served.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The path under which everything is served: `/`, or `/like/this` without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// Empty for `/`, else with a slash in front and none at the end: what to put before a route.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// With a slash at its end: what relative links are resolved against.
    pub fn with_slash(&self) -> String {
        format!("{}/", self.0)
    }
}

/// Why a text is no base path.
#[derive(Debug, Error)]
pub enum BasePathError {
    /// Relative.
    #[error("must begin with a slash")]
    NoSlash,
    /// Something that would have to be escaped, or that routes give a meaning.
    #[error("may hold letters, digits, '-', '_', '.', '~' and single slashes only")]
    BadCharacter,
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let path = text.strip_prefix('/').ok_or(BasePathError::NoSlash)?;
        if path.is_empty() {
            return Ok(Self(String::new()));
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let plain = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
        };
        if path.split('/').all(plain) {
            Ok(Self(format!("/{path}")))
        } else {
            Err(BasePathError::BadCharacter)
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_slash())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths() {
        let prefix = |text: &str| {
            text.parse::<BasePath>()
                .map(|path| path.prefix().to_owned())
        };
        assert_eq!(prefix("/").unwrap(), "");
        assert_eq!(prefix("/a/b-c").unwrap(), "/a/b-c");
        assert_eq!(prefix("/a/").unwrap(), "/a");
        for text in [
            "", "a", "//", "/a//b", "/a b", "/{a}", "/..", "/a/../b", "/a?b",
        ] {
            assert!(prefix(text).is_err(), "{text}");
        }
    }
}
