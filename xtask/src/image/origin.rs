//! What an image is made from: the package, the commit and its time.

use std::{collections::BTreeMap, env, process::Command};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{command, places::Places};

/// What an image is made from.
#[derive(Debug)]
pub(super) struct Origin {
    /// What `cargo metadata` says of the workspace's packages.
    pub(super) packages: Vec<Value>,
    /// The commit, marked where the checkout differs from it.
    revision: Option<String>,
    /// The time that stands for all times: seconds since 1970.
    pub(super) epoch: i64,
}

impl Origin {
    /// Asks cargo and git. Without git, `SOURCE_DATE_EPOCH` says the time, and `SOURCE_REVISION` the commit.
    pub(super) fn find(places: &Places) -> Result<Self> {
        let metadata = command::read(command::cargo().current_dir(&places.repository).args([
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--offline",
        ]))?;
        let metadata: Value =
            serde_json::from_str(&metadata).context("cargo metadata gave no JSON")?;
        let packages = metadata["packages"]
            .as_array()
            .context("cargo metadata names no packages")?;
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(arguments).current_dir(&places.repository);
            // An archive of the source has none, even where it lies in somebody's repository.
            let is_checkout = places.repository.join(".git").exists();
            is_checkout.then(|| command::read(&mut git).ok())?
        };
        let revision = env::var("SOURCE_REVISION")
            .ok()
            .filter(|said| !said.is_empty())
            .or_else(|| {
                let commit = git(&["rev-parse", "HEAD"])?;
                let changes = git(&["status", "--porcelain"])?;
                Some(if changes.is_empty() {
                    commit
                } else {
                    commit + "-dirty"
                })
            });
        let epoch = match env::var("SOURCE_DATE_EPOCH") {
            Ok(said) if !said.is_empty() => said
                .parse()
                .context("SOURCE_DATE_EPOCH is no number of seconds")?,
            _ => git(&["log", "-1", "--format=%ct"])
                .and_then(|said| said.parse().ok())
                .unwrap_or(0),
        };
        Ok(Self {
            packages: packages.clone(),
            revision,
            epoch,
        })
    }

    /// The time, as RFC 3339 has it.
    pub(super) fn created(&self) -> Result<String> {
        let time =
            jiff::Timestamp::from_second(self.epoch).context("SOURCE_DATE_EPOCH is no time")?;
        Ok(time.to_string())
    }

    /// A package of the workspace.
    pub(super) fn package(&self, name: &str) -> Result<&Value> {
        let package = self.packages.iter().find(|package| package["name"] == name);
        package.with_context(|| format!("the workspace has no package {name}"))
    }

    /// What an image says of itself, by the names that the OCI has for it. What is not known is left out.
    pub(super) fn labels(&self) -> BTreeMap<&'static str, String> {
        let said = |field: &str| Some(self.package("podshell").ok()?[field].as_str()?.to_owned());
        let labels = [
            ("org.opencontainers.image.title", said("name")),
            ("org.opencontainers.image.description", said("description")),
            ("org.opencontainers.image.source", said("repository")),
            ("org.opencontainers.image.revision", self.revision.clone()),
            ("org.opencontainers.image.version", said("version")),
            ("org.opencontainers.image.licenses", said("license")),
        ];
        labels
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_say_what_is_known() {
        let mut origin = Origin {
            packages: vec![json!({
                "name": "podshell",
                "version": "1.2.3",
                "description": "A shell",
                "license": "Apache-2.0",
                "repository": null,
            })],
            revision: None,
            epoch: 1_767_323_045,
        };
        let labels = origin.labels();
        assert_eq!(labels["org.opencontainers.image.version"], "1.2.3");
        assert_eq!(labels["org.opencontainers.image.licenses"], "Apache-2.0");
        assert_eq!(labels.len(), 4);
        origin.revision = Some("abc".to_owned());
        assert_eq!(origin.labels()["org.opencontainers.image.revision"], "abc");
        assert_eq!(origin.created().unwrap(), "2026-01-02T03:04:05Z");
    }
}
