//! The name of an image, written out in full as Kubernetes does with what stands in a pod.

use std::{fmt, str::FromStr};

use anyhow::{Result, bail};

/// A registry's host, a repository there, and a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    repository: String,
    tag: String,
}

impl Name {
    /// What stands behind the last colon.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.repository, self.tag)
    }
}

impl FromStr for Name {
    type Err = anyhow::Error;

    /// Reads a name as engines do: `podshell` is `docker.io/library/podshell:latest`.
    fn from_str(said: &str) -> Result<Self> {
        if said.contains('@') {
            bail!("a digest is what comes of the image: name a tag");
        }
        // A colon before the last slash is that of a port.
        let (path, tag) = match said.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, tag),
            _ => (said, "latest"),
        };
        if !is_tag(tag) {
            bail!("{tag:?} is no tag");
        }
        let (host, path) = match path.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path.to_owned()),
            Some(_) => ("docker.io", path.to_owned()),
            None => ("docker.io", format!("library/{path}")),
        };
        if !path.split('/').all(is_part) {
            bail!(
                "{path:?} is no image's name: it has small letters, digits, and between those . _ -"
            );
        }
        Ok(Self {
            repository: format!("{host}/{path}"),
            tag: tag.to_owned(),
        })
    }
}

/// Whether the first part of a name is a registry's host rather than a user of Docker Hub.
fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

fn is_part(part: &str) -> bool {
    let is_inner = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    let is_outer = |character: char| matches!(character, 'a'..='z' | '0'..='9');
    part.starts_with(is_outer) && part.ends_with(is_outer) && part.chars().all(is_inner)
}

fn is_tag(tag: &str) -> bool {
    let is_inner = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_are_written_out() {
        for (said, meant) in [
            ("podshell", "docker.io/library/podshell:latest"),
            ("podshell:0.1.0", "docker.io/library/podshell:0.1.0"),
            ("someone/podshell:1", "docker.io/someone/podshell:1"),
            ("localhost/podshell:dev", "localhost/podshell:dev"),
            ("localhost:5000/podshell", "localhost:5000/podshell:latest"),
            (
                "ghcr.io/some-one/podshell:v1",
                "ghcr.io/some-one/podshell:v1",
            ),
        ] {
            let name: Name = said.parse().unwrap();
            assert_eq!(name.to_string(), meant);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for said in [
            "",
            "Podshell",
            "podshell:",
            "podshell:-1",
            "a//b",
            "ghcr.io/",
            "podshell@sha256:00",
            "pod shell",
        ] {
            assert!(said.parse::<Name>().is_err(), "{said}");
        }
    }
}
