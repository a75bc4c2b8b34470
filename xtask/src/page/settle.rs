//! Makes of what Trunk built a page that is the same for the same source, at each build and from any checkout.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

/// What the name of the page's WebAssembly ends with.
const WASM: &str = "_bg.wasm";

/// Settles the page that a folder holds.
pub(super) fn settle(built: &Path) -> Result<()> {
    let index = built.join("index.html");
    let html =
        fs::read_to_string(&index).with_context(|| format!("reading {}", index.display()))?;
    let html = with_names_of_content(built, &html)?;
    fs::write(&index, with_ordered_preloads(&html))
        .with_context(|| format!("writing {}", index.display()))
}

/// Names the program after what is in its files. Returns the page that names it so.
///
/// Trunk's names are those of the program before wasm-bindgen and wasm-opt: that has the checkout's path in it, which the
/// finished one has not. And another wasm-opt would make another file of the same name, which browsers keep for ever.
fn with_names_of_content(built: &Path, html: &str) -> Result<String> {
    let mut found = None;
    for entry in fs::read_dir(built).with_context(|| format!("listing {}", built.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        found = found.or(name.strip_suffix(WASM).map(str::to_owned));
    }
    let old = found.with_context(|| format!("{} has no WebAssembly", built.display()))?;
    let (base, _) = old.rsplit_once('-').context("Trunk gave no hash")?;
    let mut hash = Sha256::new();
    for suffix in [".js", WASM] {
        let path = built.join(format!("{old}{suffix}"));
        hash.update(fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
    }
    let hash: Vec<_> = hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let new = format!("{base}-{}", hash.concat());
    for suffix in [".js", WASM] {
        let path = built.join(format!("{old}{suffix}"));
        fs::rename(&path, built.join(format!("{new}{suffix}")))
            .with_context(|| format!("renaming {}", path.display()))?;
        ensure!(
            html.contains(&format!("{old}{suffix}")),
            "the page does not name {}",
            path.display()
        );
    }
    Ok(html.replace(&old, &new))
}

/// The page with the scripts that browsers shall fetch early in order.
///
/// Trunk names them in another order at each build, and then the binary would be another, too.
fn with_ordered_preloads(html: &str) -> String {
    const START: &str = r#"<link rel="modulepreload""#;
    let (before, mut rest) = html.split_at(html.find(START).unwrap_or(html.len()));
    let mut links = Vec::new();
    while let Some(end) = rest.find('>').filter(|_| rest.starts_with(START)) {
        let (link, after) = rest.split_at(end + 1);
        links.push(link);
        rest = after;
    }
    links.sort_unstable();
    format!("{before}{}{rest}", links.concat())
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn a_program_is_named_after_its_content_and_not_after_its_origin() {
        let build = |hash: &str| {
            let built = env::temp_dir().join(format!("xtask-settle-{hash}-{}", process::id()));
            fs::create_dir_all(&built).unwrap();
            fs::write(built.join(format!("page-one-{hash}.js")), "js").unwrap();
            fs::write(built.join(format!("page-one-{hash}_bg.wasm")), "wasm").unwrap();
            let html = format!("<a page-one-{hash}.js><b page-one-{hash}_bg.wasm>");
            fs::write(built.join("index.html"), html).unwrap();
            settle(&built).unwrap();
            let html = fs::read_to_string(built.join("index.html")).unwrap();
            let script = html
                .split(['<', '>', ' '])
                .find(|word| word.ends_with(".js"))
                .unwrap();
            assert_eq!(fs::read_to_string(built.join(script)).unwrap(), "js");
            assert!(html.contains(&script.replace(".js", WASM)));
            fs::remove_dir_all(&built).unwrap();
            html
        };
        assert_eq!(build("0a1b"), build("2c3d"));
    }

    #[test]
    fn preloads_are_in_order_and_all_else_is_as_it_was() {
        let link = |name: &str| format!(r#"<link rel="modulepreload" href="{name}">"#);
        let page = |first: &str, second: &str| {
            let links = link(first) + &link(second);
            format!(r#"<head><link rel="icon">{links}<link rel="preload"></head>"#)
        };
        for html in [page("a.js", "b.js"), page("b.js", "a.js")] {
            assert_eq!(with_ordered_preloads(&html), page("a.js", "b.js"));
        }
        assert_eq!(with_ordered_preloads("<head></head>"), "<head></head>");
    }
}
