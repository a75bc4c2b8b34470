//! `cargo xtask image`: the container image as an OCI layout in one file, made without any engine, and its bill of materials.

mod materials;
mod name;
mod origin;
mod pack;
mod static_binary;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use self::{
    name::Name,
    origin::Origin,
    pack::{Contents, Packed},
    static_binary::Platform,
};
use crate::{page, places::Places, steps::Steps};

/// Above this many bytes of compressed layer, which is what a node pulls, something is in the image that should not be.
const LARGEST: usize = 12_000_000;
const USUAL_NAME: &str = "localhost/podshell:dev";

/// An image in a file.
#[derive(Debug)]
pub(crate) struct Image {
    /// The OCI layout.
    pub(crate) archive: PathBuf,
    /// Its name, written out in full.
    pub(crate) name: String,
    /// `sha256:…` of its manifest.
    pub(crate) digest: String,
}

/// What image is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// Where to write the image; the bill of materials, podshell.cdx.json, is written beside it [default: in the target
    /// directory, image/podshell.tar]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    // An image that no registry has gets a name that none can answer for: where it is not on the node, the kubelet says so
    // at once, and does not ask Docker Hub for docker.io/library/podshell, which is nobody's promise. The kubelet pulls what
    // is tagged `latest` even where it is there, so it is not that either.
    /// The image's name
    #[arg(long, value_name = "NAME", default_value = USUAL_NAME)]
    tag: Name,
}

impl Wishes {
    /// The image under its usual name at its usual place.
    pub(crate) fn usual() -> Result<Self> {
        Ok(Self {
            output: None,
            tag: USUAL_NAME.parse()?,
        })
    }
}

/// Builds the binary and packs it.
pub(crate) fn run(places: &Places, steps: &mut Steps, wishes: &Wishes) -> Result<Image> {
    let platform = Platform::of_this_machine()?;
    // Asked first, for what is built may touch the checkout.
    let origin = Origin::find(places)?;
    let output = match &wishes.output {
        Some(path) => path.clone(),
        None => places.target.join("image/podshell.tar"),
    };
    steps.step("page", || page::build(places))?;
    let binary = steps.step("static binary", || static_binary::build(places, &platform))?;
    let materials = steps.step("bill of materials", || {
        materials::write(places, &platform, &origin)
    })?;
    let packed = steps.step("image", || {
        let binary = fs::read(&binary).with_context(|| format!("reading {}", binary.display()))?;
        pack::pack(&Contents {
            binary: &binary,
            name: &wishes.tag,
            architecture: platform.architecture,
            created: &origin.created()?,
            labels: origin.labels(),
        })
    })?;
    if packed.compressed > LARGEST {
        bail!(
            "the image has {:.1} MB compressed, and no more than {:.0} MB are allowed (xtask/src/image.rs)",
            packed.compressed as f64 / 1e6,
            LARGEST as f64 / 1e6
        );
    }
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    write(&output, &packed.archive)?;
    write(&output.with_file_name("podshell.cdx.json"), &materials)?;
    report(&output, &wishes.tag, &packed);
    Ok(Image {
        archive: output,
        name: wishes.tag.to_string(),
        digest: packed.digest,
    })
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}

fn report(output: &Path, name: &Name, packed: &Packed) {
    println!(
        "{}\n  name          {name}\n  digest        {}\n  compressed    {:.2} MB\n  uncompressed  {:.2} MB",
        output.display(),
        packed.digest,
        packed.compressed as f64 / 1e6,
        packed.uncompressed as f64 / 1e6
    );
}
