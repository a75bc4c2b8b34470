//! The browsers that Playwright drives: its own Chromium where that can be downloaded, else Debian's; and a Firefox of the
//! system, over the `WebDriver BiDi` protocol.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    command, packages,
    places::{Kept, Places},
};

/// Without windows, as Playwright's own: each page in one costs half a second of CPU time more.
const DEBIAN: &str = "/usr/bin/chromium-headless-shell";
/// Debian's Firefox first: it is the one that can be installed.
const FIREFOXES: [&str; 2] = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/// Finds a Firefox, or installs one where that can be done. [`None`] if there is none: tests in it are left out.
pub(crate) fn find_firefox() -> Option<PathBuf> {
    let of_that = "there is no Firefox, so nothing is tested in one";
    packages::find_optional("PODSHELL_FIREFOX", &FIREFOXES, &["firefox-esr"], of_that)
}

/// Finds a Chromium, or installs one. Returns its path if it isn't Playwright's own.
///
/// What was found is kept per version of Playwright, so that a download which was refused isn't tried each time.
pub(crate) fn find(places: &Places) -> Result<Option<PathBuf>> {
    if let Some(path) = env::var_os("PODSHELL_CHROMIUM") {
        return Ok(Some(path.into()));
    }
    let e2e = places.repository.join("e2e");
    let manifest = fs::read_to_string(e2e.join("node_modules/@playwright/test/package.json"))
        .context("reading Playwright's version")?;
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).context("reading Playwright's version")?;
    let version = manifest["version"]
        .as_str()
        .context("Playwright has no version")?;
    let found = places
        .cache
        .join(format!("headless-chromium-for-playwright-{version}"));

    let _lock = places.lock(Kept::Tools)?;
    let path = match fs::read_to_string(&found) {
        Ok(path) if Path::new(&path).exists() => path,
        _ => {
            let path = install(&e2e)?;
            fs::write(&found, &path).with_context(|| format!("writing {}", found.display()))?;
            path
        }
    };
    Ok((path == DEBIAN).then(|| path.into()))
}

fn install(e2e: &Path) -> Result<String> {
    let playwright = || {
        let mut command = Command::new("node");
        command
            .arg("node_modules/@playwright/test/cli.js")
            .current_dir(e2e);
        command
    };
    let own = "console.log(require('playwright-core').chromium.executablePath())";
    let own = command::read(Command::new("node").args(["--eval", own]).current_dir(e2e))?;
    if !Path::new(&own).exists() {
        eprintln!("downloading Playwright's Chromium");
        if let Err(error) = command::run(playwright().args(["install", "chromium"])) {
            eprintln!("that failed ({error:#})");
            return debian();
        }
    }
    if packages::is_debian() && packages::is_root() {
        command::run(playwright().args(["install-deps", "chromium"]))?;
        packages::install(&["fonts-noto-cjk"])?;
    }
    Ok(own)
}

fn debian() -> Result<String> {
    if !Path::new(DEBIAN).exists() && !packages::is_debian() {
        bail!("set PODSHELL_CHROMIUM to the path of a Chromium or Chrome on this machine");
    }
    packages::install(&["chromium-headless-shell", "fonts-noto-cjk"])?;
    Ok(DEBIAN.to_owned())
}
