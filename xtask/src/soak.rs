//! The soak: many sessions at once that do all that sessions do, for minutes, with every byte checked.

use anyhow::Result;

use crate::{command, places::Places, steps::Steps};

/// How much of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// For how long
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// How many sessions at once
    #[arg(long, default_value_t = 200)]
    sessions: u32,
    /// Do what the run did that printed this number
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds the test for release and runs it.
pub(crate) fn run(places: &Places, steps: &mut Steps, wishes: &Wishes) -> Result<()> {
    let test = || {
        let mut cargo = command::cargo();
        cargo.args(["test", "--release", "--package=podshell", "--test=soak"]);
        cargo.current_dir(&places.repository);
        cargo
    };
    steps.step("soak program", || command::run(test().arg("--no-run")))?;
    steps.step("soak", || {
        let mut soak = test();
        soak.args(["--", "--nocapture"])
            .env("PODSHELL_SOAK_SECONDS", (wishes.minutes * 60).to_string())
            .env("PODSHELL_SOAK_SESSIONS", wishes.sessions.to_string());
        if let Some(seed) = wishes.seed {
            soak.env("PODSHELL_SOAK_SEED", seed.to_string());
        }
        command::run(&mut soak)
    })
}
