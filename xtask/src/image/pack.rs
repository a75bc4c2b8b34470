//! Packs a binary as an OCI image layout in a tar: the same bytes for the same input, wherever and whenever.

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _};

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::name::Name;

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Nobody's user and group, in numbers: the kubelet cannot tell that a name is not root, and refuses it.
const USER: &str = "65532:65532";
/// Where the server listens: for browsers, and for who looks after it.
const PORTS: [&str; 2] = ["7780/tcp", "7781/tcp"];

/// What goes into an image.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    /// The program, which needs no other file.
    pub(super) binary: &'a [u8],
    /// What the layout calls the image.
    pub(super) name: &'a Name,
    /// For which processors, as Go names them.
    pub(super) architecture: &'a str,
    /// When what it is made of was written, as RFC 3339 has it.
    pub(super) created: &'a str,
    /// What it says of itself.
    pub(super) labels: BTreeMap<&'static str, String>,
}

/// A packed image.
#[derive(Debug)]
pub(super) struct Packed {
    /// The layout.
    pub(super) archive: Vec<u8>,
    /// The manifest's digest, by which a registry knows the image.
    pub(super) digest: String,
    /// How many bytes the layer has as it is pulled.
    pub(super) compressed: usize,
    /// How many it has on a node.
    pub(super) uncompressed: usize,
}

/// Packs it.
pub(super) fn pack(contents: &Contents<'_>) -> Result<Packed> {
    let mut blobs = Blobs::default();
    let layer = tar([("podshell", 0o555, contents.binary)])?;
    let compressed = gzip(&layer)?;
    let config = json!({
        "architecture": contents.architecture,
        "os": "linux",
        "created": contents.created,
        "config": {
            "User": USER,
            "ExposedPorts": PORTS.map(|port| (port, json!({}))).into_iter().collect::<BTreeMap<_, _>>(),
            "Entrypoint": ["/podshell"],
            "Labels": contents.labels,
        },
        "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        "history": [{ "created": contents.created, "created_by": "cargo xtask image" }],
    });
    let config = blobs.add(CONFIG, to_bytes(config)?);
    let layer_blob = blobs.add(LAYER, compressed.clone());
    // Docker's own list, by which `docker load` finds its way where it keeps images by itself and not by containerd.
    let docker = to_bytes(json!([{
        "Config": path(&config),
        "Layers": [path(&layer_blob)],
        "RepoTags": [contents.name.to_string()],
    }]))?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer_blob],
    });
    let mut described = blobs.add(MANIFEST, to_bytes(manifest)?);
    let manifest_digest = described["digest"].as_str().unwrap_or_default().to_owned();
    described["platform"] = json!({ "architecture": contents.architecture, "os": "linux" });
    described["annotations"] = json!({
        // containerd, and so kind and Docker, name an image by the former, Podman and Skopeo by the latter.
        "io.containerd.image.name": contents.name.to_string(),
        "org.opencontainers.image.ref.name": contents.name.tag(),
    });
    let index = to_bytes(json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        // Nothing else, be it a bill of materials that refers to the image: `ctr images import`, and so kind, unpacks all that
        // stands here as images, and fails ("mismatched image rootfs and manifest layers").
        "manifests": [described],
    }))?;
    let layout = to_bytes(json!({ "imageLayoutVersion": "1.0.0" }))?;
    let files = [
        ("oci-layout".to_owned(), layout),
        ("index.json".to_owned(), index),
        ("manifest.json".to_owned(), docker),
    ];
    let files: Vec<_> = files.into_iter().chain(blobs.files()).collect();
    Ok(Packed {
        archive: tar(files
            .iter()
            .map(|(path, content)| (&**path, 0o444, &**content)))?,
        digest: manifest_digest,
        compressed: compressed.len(),
        uncompressed: layer.len(),
    })
}

/// What the layout holds by digest.
#[derive(Debug, Default)]
struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Takes a blob, and returns its descriptor.
    fn add(&mut self, media_type: &str, content: Vec<u8>) -> Value {
        let (digest, size) = (digest(&content), content.len());
        self.0.insert(digest.clone(), content);
        json!({ "mediaType": media_type, "digest": digest, "size": size })
    }

    fn files(self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let blobs = self.0.into_iter();
        blobs.map(|(digest, content)| (path_of(&digest), content))
    }
}

/// Where the layout has what a descriptor describes.
fn path(described: &Value) -> String {
    path_of(described["digest"].as_str().unwrap_or_default())
}

fn path_of(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn digest(content: &[u8]) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(content) {
        // A String takes all that is written.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// A tar of regular files that are nobody's in particular and of no time.
fn tar<'a>(files: impl IntoIterator<Item = (&'a str, u32, &'a [u8])>) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, mode, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content)
            .with_context(|| format!("packing {path}"))?;
    }
    tar.into_inner().context("packing")
}

/// Without a name and a time, which is how the encoder begins.
fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).context("compressing")?;
    encoder.finish().context("compressing")
}

/// JSON with its names in order, be `serde_json` built to keep another or not.
fn to_bytes(mut value: Value) -> Result<Vec<u8>> {
    value.sort_all_objects();
    serde_json::to_vec(&value).context("writing JSON")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const BINARY: &[u8] = b"\x7fELF and what follows";

    fn packed() -> Packed {
        let name = "localhost/podshell:dev".parse().unwrap();
        pack(&Contents {
            binary: BINARY,
            name: &name,
            architecture: "amd64",
            created: "2026-01-02T03:04:05Z",
            labels: [("org.opencontainers.image.title", "podshell".to_owned())].into(),
        })
        .unwrap()
    }

    /// The files of a tar, with what is said of them.
    fn read(tar: &[u8]) -> BTreeMap<String, (tar::Header, Vec<u8>)> {
        let mut archive = tar::Archive::new(tar);
        let files = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let path = entry.path().unwrap().display().to_string();
            (path, (entry.header().clone(), content))
        });
        files.collect()
    }

    /// A blob, which has to be what its descriptor says.
    fn blob(
        files: &BTreeMap<String, (tar::Header, Vec<u8>)>,
        described: &Value,
        kind: &str,
    ) -> Vec<u8> {
        assert_eq!(described["mediaType"], kind);
        let named = described["digest"].as_str().unwrap();
        let (_, content) = &files[&path(described)];
        assert_eq!(digest(content), named);
        assert_eq!(described["size"], content.len());
        content.clone()
    }

    fn json(content: &[u8]) -> Value {
        serde_json::from_slice(content).unwrap()
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        assert_eq!(packed().archive, packed().archive);
    }

    #[test]
    fn a_digest_is_what_sha256sum_prints() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }

    #[test]
    fn the_layout_leads_to_the_binary() {
        let packed = packed();
        let files = read(&packed.archive);
        assert_eq!(
            json(&files["oci-layout"].1),
            json!({ "imageLayoutVersion": "1.0.0" })
        );
        let index = json(&files["index.json"].1);
        assert_eq!(index["mediaType"], INDEX);
        assert_eq!(index["schemaVersion"], 2);
        let described = &index["manifests"][0];
        assert_eq!(described["digest"], packed.digest);
        assert_eq!(
            described["annotations"],
            json!({
                "io.containerd.image.name": "localhost/podshell:dev",
                "org.opencontainers.image.ref.name": "dev",
            })
        );
        assert_eq!(
            described["platform"],
            json!({ "architecture": "amd64", "os": "linux" })
        );

        let manifest = json(&blob(&files, described, MANIFEST));
        assert_eq!(manifest["mediaType"], MANIFEST);
        let layer = blob(&files, &manifest["layers"][0], LAYER);
        assert_eq!(layer.len(), packed.compressed);
        // No time and no name.
        assert_eq!(layer[3..8], [0; 5]);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*layer)
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked.len(), packed.uncompressed);
        let config = json(&blob(&files, &manifest["config"], CONFIG));
        assert_eq!(config["rootfs"]["diff_ids"], json!([digest(&unpacked)]));

        let layer = read(&unpacked);
        assert_eq!(layer.keys().collect::<Vec<_>>(), ["podshell"]);
        let (header, content) = &layer["podshell"];
        assert_eq!(content, BINARY);
        assert_eq!(header.mode().unwrap(), 0o555);
        let owner = (header.uid().unwrap(), header.gid().unwrap());
        assert_eq!((owner, header.mtime().unwrap()), ((0, 0), 0));
        assert!(header.as_ustar().is_some());
        // The manifest, the configuration, the layer, and what leads to them.
        assert_eq!(files.len(), 6);
    }

    #[test]
    fn docker_finds_the_same() {
        let files = read(&packed().archive);
        let index = json(&files["index.json"].1);
        let manifest = json(&blob(&files, &index["manifests"][0], MANIFEST));
        let docker = json(&files["manifest.json"].1);
        let expected = json!([{
            "Config": path(&manifest["config"]),
            "Layers": [path(&manifest["layers"][0])],
            "RepoTags": ["localhost/podshell:dev"],
        }]);
        assert_eq!(docker, expected);
    }

    #[test]
    fn the_configuration_says_how_it_runs() {
        let files = read(&packed().archive);
        let index = json(&files["index.json"].1);
        let manifest = json(&blob(&files, &index["manifests"][0], MANIFEST));
        let config = json(&blob(&files, &manifest["config"], CONFIG));
        assert_eq!(
            config["config"],
            json!({
                "User": "65532:65532",
                "Entrypoint": ["/podshell"],
                "ExposedPorts": { "7780/tcp": {}, "7781/tcp": {} },
                "Labels": { "org.opencontainers.image.title": "podshell" },
            })
        );
        assert_eq!(config["architecture"], "amd64");
        assert_eq!(config["os"], "linux");
        assert_eq!(config["created"], "2026-01-02T03:04:05Z");
    }

    #[test]
    fn the_containerfile_says_the_same() {
        let file = include_str!("../../../deploy/image/Containerfile");
        for line in [
            format!("USER {USER}"),
            format!("EXPOSE {}", PORTS.join(" ")),
            r#"ENTRYPOINT ["/podshell"]"#.to_owned(),
            format!("version=\"{}\"", env!("CARGO_PKG_VERSION")),
        ] {
            assert!(file.contains(&line), "{line}");
        }
    }

    #[test]
    fn json_is_in_order() {
        let value = json!({ "b": { "d": 1, "c": 2 }, "a": 3 });
        assert_eq!(to_bytes(value).unwrap(), br#"{"a":3,"b":{"c":2,"d":1}}"#);
    }
}
