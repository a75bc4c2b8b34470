//! The files that say what was made of a cluster, and how it is reached.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Where they are.
#[derive(Debug)]
pub(super) struct Files {
    /// How to reach the cluster.
    pub(super) kubeconfig: PathBuf,
    /// The address of its Docker engine; empty for the usual one.
    pub(super) engine: PathBuf,
    /// There if the node's image was made by the repository.
    pub(super) own_image: PathBuf,
    /// The archives of the test images.
    pub(super) images: PathBuf,
    /// The scripts that made what the cluster has loaded.
    pub(super) loaded: PathBuf,
}

impl Files {
    pub(super) fn below(folder: &Path) -> Self {
        Self {
            kubeconfig: folder.join("kubeconfig"),
            engine: folder.join("engine"),
            own_image: folder.join("own-image"),
            images: folder.join("test-images"),
            loaded: folder.join("test-images-loaded"),
        }
    }

    /// Where the cluster's Docker engine is, if it isn't the usual one.
    pub(super) fn engine_address(&self) -> Option<String> {
        fs::read_to_string(&self.engine)
            .ok()
            .filter(|address| !address.is_empty())
    }

    /// Removes what is true of one cluster only.
    pub(super) fn forget(&self) -> Result<()> {
        for file in [
            &self.kubeconfig,
            &self.engine,
            &self.own_image,
            &self.loaded,
        ] {
            if file.exists() {
                fs::remove_file(file).with_context(|| format!("removing {}", file.display()))?;
            }
        }
        Ok(())
    }
}
