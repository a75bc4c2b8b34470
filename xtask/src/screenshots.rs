//! Pictures of every view of the page, on the demo, in each form that people have it in: for who looks at what they changed.

use std::{ffi::OsString, fs, path::Path};

use anyhow::{Context as _, Result};

use crate::{binary, command, places::Places, playwright, steps::Steps};

/// The picture that the README shows, among the others.
const README_PICTURE: &str = "workspace-light.png";

/// Which pictures, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// Put the picture of the workspace into docs/, too: the README shows it
    #[arg(long)]
    readme: bool,
    /// Arguments for `playwright test`: `--grep palette`, `--project dark`
    #[arg(last = true, value_name = "PLAYWRIGHT ARGUMENTS")]
    playwright: Vec<OsString>,
}

/// Builds page and binary, and takes the pictures: into `screenshots` in the target directory.
pub(crate) fn run(places: &Places, steps: &mut Steps, wishes: &Wishes) -> Result<()> {
    let binary = binary::build(places, steps)?;
    let mut playwright = steps.step("browser", || playwright::install(places))?;
    let folder = places.target.join("screenshots");
    steps.step("screenshots", || {
        if wishes.playwright.is_empty() {
            // What was taken of a view that is no more would be taken for one of now.
            clear(&folder)?;
        }
        playwright
            .arg("--config=playwright.screenshots.config.ts")
            .args(&wishes.playwright)
            .env("PODSHELL_BIN", &binary)
            .env("PODSHELL_SCREENSHOTS", &folder);
        command::run(&mut playwright)
    })?;
    if wishes.readme {
        let picture = folder.join(README_PICTURE);
        fs::copy(&picture, places.repository.join("docs/terminal.png"))
            .with_context(|| format!("copying {}", picture.display()))?;
    }
    println!("{}", folder.display());
    Ok(())
}

/// Deletes a folder with all that is in it, if it is there.
fn clear(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))
}
