//! What the cluster is made of: the versions that `e2e/cluster/versions` names, and the Kubernetes that was asked for.

use std::{fmt, fs, path::PathBuf, str::FromStr};

use anyhow::{Context as _, Result, bail};

use crate::places::Places;

const VERSIONS: &str = include_str!("../../e2e/cluster/versions");

/// The version of a Kubernetes that clusters are made with. Each has a folder, a node image and a cluster of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kubernetes(String);

impl Kubernetes {
    /// The folder that keeps what belongs to it and to today's kind.
    pub(crate) fn folder(&self, places: &Places) -> PathBuf {
        places.cache.join(format!("{}{self}", prefix()))
    }

    /// Those that have a folder.
    pub(crate) fn kept(places: &Places) -> Result<Vec<Self>> {
        let cache = &places.cache;
        let entries =
            fs::read_dir(cache).with_context(|| format!("reading {}", cache.display()))?;
        let mut kept = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix(&prefix()));
            kept.extend(version.and_then(|version| version.parse::<Self>().ok()));
        }
        Ok(kept)
    }

    /// Its cluster's name for kind.
    pub(crate) fn cluster(&self) -> String {
        if *self == Self::default() {
            "podshell".to_owned()
        } else {
            let version = self.0.trim_start_matches('v');
            format!("podshell-{}", version.replace('.', "-"))
        }
    }

    /// The node image with it that kind's makers publish.
    pub(crate) fn published_image(&self) -> String {
        if *self == Self::default() {
            named("node_image").to_owned()
        } else {
            format!("kindest/node:{self}")
        }
    }

    /// The node image with it that the repository makes.
    pub(crate) fn own_image(&self) -> String {
        format!("{}:{self}", named("own_image"))
    }
}

impl Default for Kubernetes {
    fn default() -> Self {
        Self(named("kubernetes").to_owned())
    }
}

impl fmt::Display for Kubernetes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Kubernetes {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        // It becomes part of names: of a folder, of an image, of the cluster.
        let is_in_names =
            |next: char| next.is_ascii_lowercase() || next.is_ascii_digit() || ".-".contains(next);
        let is_whole = text.ends_with(|last: char| last.is_ascii_digit());
        if minor(text).is_none() || !is_whole || !text.chars().all(is_in_names) {
            bail!(
                "{text} is no version of Kubernetes, such as {}",
                Self::default()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// `37` out of `v1.37.2`, and out of what others add to that.
pub(crate) fn minor(version: &str) -> Option<u32> {
    let (minor, _) = version.strip_prefix("v1.")?.split_once('.')?;
    minor.parse().ok()
}

/// How the names of the folders begin.
fn prefix() -> String {
    format!("kind-{}-kubernetes-", named("kind"))
}

/// What the file `versions` says of a name, which it must.
fn named(name: &str) -> &'static str {
    VERSIONS
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("e2e/cluster/versions names no {name}"))
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    #[test]
    fn all_that_is_read_is_named() {
        assert!(named("kind").starts_with('v'));
        assert!(named("containerd").starts_with("v2."));
        let usual = Kubernetes::default();
        assert_eq!(usual.to_string().parse::<Kubernetes>().unwrap(), usual);
        assert!(usual.published_image().starts_with("kindest/node:"));
        assert_eq!(usual.cluster(), "podshell");
    }

    #[test]
    fn another_kubernetes_has_names_of_its_own() {
        let other: Kubernetes = "v1.39.0-rc.1".parse().unwrap();
        assert_eq!(other.cluster(), "podshell-1-39-0-rc-1");
        assert_eq!(other.published_image(), "kindest/node:v1.39.0-rc.1");
        assert_eq!(other.own_image(), "podshell.test/node:v1.39.0-rc.1");
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "",
            "1.37.2",
            "v1.37",
            "v1.37.",
            "v2.0.0",
            "latest",
            "v1.x.2",
            "v1.37.2/..",
            "v1.37.2 ",
        ] {
            assert!(text.parse::<Kubernetes>().is_err(), "{text}");
        }
    }

    #[test]
    fn minor_versions() {
        assert_eq!(minor("v1.37.2"), Some(37));
        assert_eq!(minor("v1.36.1-eks-3c60543"), Some(36));
        assert_eq!(minor("v1.35.4+k3s1"), Some(35));
        assert_eq!(minor("1.35.4"), None);
    }

    #[test]
    fn folders_of_this_kind_alone_count() {
        let cache = env::temp_dir().join(format!("podshell-xtask-versions-{}", process::id()));
        let places = Places {
            repository: PathBuf::new(),
            cache: cache.clone(),
            target: PathBuf::new(),
        };
        let other: Kubernetes = "v1.39.0".parse().unwrap();
        fs::create_dir_all(other.folder(&places)).unwrap();
        for name in ["kind-v0.1.0-kubernetes-v1.39.1", "engine", "tools"] {
            fs::create_dir_all(cache.join(name)).unwrap();
        }
        assert_eq!(Kubernetes::kept(&places).unwrap(), [other]);
        fs::remove_dir_all(&cache).unwrap();
    }
}
