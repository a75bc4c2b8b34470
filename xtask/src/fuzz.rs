//! Fuzzing: cargo-fuzz with the targets of `fuzz/`, each for some minutes.

use std::{fs, process::Command};

use anyhow::{Context as _, Result};

use crate::{command, places::Places, steps::Steps, tools};

/// All targets.
const TARGETS: [&str; 4] = ["frame", "text", "binary", "ticket"];
/// The longest input, in bytes.
const MAX_LENGTH: u32 = 4096;

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// For how long each
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Only these
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
}

/// Runs the targets, one after the other; the first with a finding ends the run.
pub(crate) fn run(places: &Places, steps: &mut Steps, wishes: &Wishes) -> Result<()> {
    let program = tools::cargo_fuzz(places)?;
    let all = wishes.targets.is_empty();
    for target in TARGETS {
        if !all && !wishes.targets.iter().any(|wanted| wanted == target) {
            continue;
        }
        let seeds = places.repository.join("fuzz/corpus").join(target);
        // What is found on the way is many files, of which only a finding is worth keeping.
        let found = places.target.join("fuzz").join(target);
        fs::create_dir_all(&found).with_context(|| format!("making {}", found.display()))?;
        steps.step(target, || {
            let mut fuzz = Command::new(&program);
            // There is no unsafe code here that a sanitizer could watch.
            fuzz.args(["run", "--sanitizer=none", "--features=fuzzer", target])
                .args([&found, &seeds])
                .arg("--")
                .arg(format!("-max_total_time={}", wishes.minutes * 60))
                .arg(format!("-max_len={MAX_LENGTH}"))
                .current_dir(&places.repository)
                .env("RUSTUP_TOOLCHAIN", "nightly");
            command::run(&mut fuzz)
        })?;
    }
    Ok(())
}
