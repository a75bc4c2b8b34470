//! Keeps this machine's paths out of what is compiled: panics name files, and the same source shall give the same bytes from
//! any checkout.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::places::Places;

/// The compiler's flags for that, as `CARGO_ENCODED_RUSTFLAGS` takes them.
pub(crate) fn flags(places: &Places) -> Result<String> {
    let cargo = match env::var_os("CARGO_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => env::home_dir()
            .context("there is no home directory, and no CARGO_HOME")?
            .join(".cargo"),
    };
    // Of two that fit, the compiler takes the later one: either of the last two may lie in the one before it.
    let flags = [
        (&cargo, "/cargo"),
        (&places.repository, "/podshell"),
        (&places.target, "/podshell/target"),
    ]
    .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    Ok(flags.join("\x1f"))
}
