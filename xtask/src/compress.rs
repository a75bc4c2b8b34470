//! Compresses the page's files ahead of time and puts them into `dist/`, touching only what changed.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// What is worth compressing; the other kinds are compressed already.
const COMPRESSIBLE: [&str; 8] = ["css", "html", "js", "json", "mjs", "svg", "txt", "wasm"];
/// Where a `trunk serve` beside us builds.
const STAGE: &str = ".stage";
/// Below this many bytes the headers of an answer weigh more than its body.
const SMALLEST: usize = 512;

/// Makes `dist` hold exactly the files of `built`, each compressible one with a `.br` and a `.gz` beside it.
///
/// A file that is there already keeps its time, so that cargo sees a change only where there is one.
pub(crate) fn publish(built: &Path, dist: &Path) -> Result<()> {
    let mut wanted = BTreeSet::new();
    for name in files_in(built)? {
        let source = built.join(&name);
        let content = fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
        let target = dist.join(&name);
        let changed = !fs::read(&target).is_ok_and(|old| old == content);
        if changed {
            write(&target, &content)?;
        }
        if is_compressible(&name) && content.len() >= SMALLEST {
            let (br, gz) = (with_suffix(&name, ".br"), with_suffix(&name, ".gz"));
            if changed || !dist.join(&br).exists() || !dist.join(&gz).exists() {
                write(&dist.join(&br), &brotli(&content)?)?;
                write(&dist.join(&gz), &gzip(&content)?)?;
            }
            wanted.extend([br, gz]);
        }
        wanted.insert(name);
    }
    for name in files_in(dist)? {
        if !wanted.contains(&name) {
            let stale = dist.join(&name);
            fs::remove_file(&stale).with_context(|| format!("removing {}", stale.display()))?;
        }
    }
    Ok(())
}

/// The files below a folder, as paths from there. A folder that isn't there has none.
fn files_in(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = if root.exists() {
        vec![root.to_owned()]
    } else {
        Vec::new()
    };
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?
        {
            let path = entry?.path();
            if path.ends_with(STAGE) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    Ok(found)
}

fn is_compressible(name: &Path) -> bool {
    name.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| COMPRESSIBLE.contains(&extension))
}

fn with_suffix(name: &Path, suffix: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)
        .context("compressing with brotli")?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(content)
        .context("compressing with gzip")?;
    encoder.finish().context("compressing with gzip")
}

#[cfg(test)]
mod tests {
    use std::{env, io::Read as _, process, time::SystemTime};

    use super::*;

    /// A folder that is removed with its owner.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("xtask-{name}-{}", process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn both_compressed_forms_hold_the_file() {
        let scratch = Scratch::new("forms");
        let (built, dist) = (scratch.0.join("built"), scratch.0.join("dist"));
        let page = "<p>a shell in a pod</p>".repeat(100);
        write(&built.join("assets/page.html"), page.as_bytes()).unwrap();
        publish(&built, &dist).unwrap();

        assert_eq!(
            fs::read_to_string(dist.join("assets/page.html")).unwrap(),
            page
        );
        let mut unpacked = String::new();
        let gz = fs::read(dist.join("assets/page.html.gz")).unwrap();
        flate2::read::GzDecoder::new(&*gz)
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, page);
        let (mut unpacked, br) = (
            Vec::new(),
            fs::read(dist.join("assets/page.html.br")).unwrap(),
        );
        brotli::BrotliDecompress(&mut &*br, &mut unpacked).unwrap();
        assert_eq!(unpacked, page.as_bytes());
    }

    #[test]
    fn only_changes_are_written_and_stale_files_go() {
        let scratch = Scratch::new("changes");
        let (built, dist) = (scratch.0.join("built"), scratch.0.join("dist"));
        write(&built.join("same.js"), "same();".repeat(200).as_bytes()).unwrap();
        write(&built.join("old-1.wasm"), &[0; 2000]).unwrap();
        publish(&built, &dist).unwrap();
        let time = |name: &str| -> SystemTime {
            fs::metadata(dist.join(name)).unwrap().modified().unwrap()
        };
        let before = (time("same.js"), time("same.js.br"), time("same.js.gz"));

        fs::remove_file(built.join("old-1.wasm")).unwrap();
        write(&built.join("new-2.wasm"), &[1; 2000]).unwrap();
        write(&built.join("icon.png"), &[2; 2000]).unwrap();
        write(&built.join("tiny.txt"), b"tiny").unwrap();
        publish(&built, &dist).unwrap();

        assert_eq!(
            (time("same.js"), time("same.js.br"), time("same.js.gz")),
            before
        );
        let mut names = files_in(&dist).unwrap();
        names.sort();
        let expected = [
            "icon.png",
            "new-2.wasm",
            "new-2.wasm.br",
            "new-2.wasm.gz",
            "same.js",
            "same.js.br",
            "same.js.gz",
            "tiny.txt",
        ];
        assert_eq!(names, expected.map(PathBuf::from));
    }
}
