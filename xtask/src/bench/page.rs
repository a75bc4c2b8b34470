//! The figures of the page, measured in Chromium on the demo: they need no cluster.

use std::path::Path;

use anyhow::Result;

use crate::{command, places::Places, playwright, steps::Steps};

/// Measures what the page in this server's binary does. Prints a table of its own, and adds lines of JSON to `results`.
pub(crate) fn measure(
    places: &Places,
    steps: &mut Steps,
    server: &Path,
    quick: bool,
    results: &Path,
) -> Result<()> {
    let mut playwright = steps.step("browser", || playwright::install(places))?;
    steps.step("measurements of the page", || {
        playwright
            .arg("--config=playwright.bench.config.ts")
            .env("PODSHELL_BIN", server)
            .env("PODSHELL_BENCH_RESULTS", results);
        if quick {
            playwright.env("PODSHELL_BENCH_QUICK", "true");
        }
        command::run(&mut playwright)
    })
}
