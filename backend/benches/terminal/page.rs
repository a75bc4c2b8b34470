//! The size of the page's own code, compressed as it is served.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::{
    Bench,
    report::{Bar, Measure, Row},
    terminal::Way,
};

/// WebAssembly and its glue; what was fetched from elsewhere is in a folder of its own.
pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let Some(dist) = &bench.dist else {
        return Ok(Vec::new());
    };
    let mut size = 0;
    for file in fs::read_dir(dist).with_context(|| format!("reading {}", dist.display()))? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".wasm.br") || name.ends_with(".js.br") {
            size += file.metadata()?.len();
        }
    }
    ensure!(size > 0, "{} holds no page", dist.display());
    let row = Row::new("own page code, brotli", "KB");
    let bar = Bar::AtMost(Measure::Value, 250.0);
    // The page is the same whatever it speaks; it prefers binary.
    Ok(vec![row.with_bar(Way::Binary, size as f64 / 1e3, bar)])
}
