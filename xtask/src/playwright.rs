//! Playwright, which runs what drives the page in a browser.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{browser, command, places::Places, tools};

/// Installs it and finds a Chromium for it, and gives the command that runs tests: see [`command()`].
pub(crate) fn install(places: &Places) -> Result<Command> {
    let e2e = places.repository.join("e2e");
    tools::npm_packages(&e2e)?;
    command(&e2e, browser::find(places)?.as_deref())
}

/// Checks the types of the tests, and gives the command that runs them, in this Chromium if it isn't Playwright's own.
pub(crate) fn command(e2e: &Path, chromium: Option<&Path>) -> Result<Command> {
    command::run(
        Command::new("node")
            .arg("node_modules/typescript/bin/tsc")
            .current_dir(e2e),
    )?;
    let mut playwright = Command::new("node");
    playwright
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .current_dir(e2e)
        .env_remove("NO_COLOR");
    if let Some(chromium) = chromium {
        playwright.env("PODSHELL_CHROMIUM", chromium);
    }
    Ok(playwright)
}
