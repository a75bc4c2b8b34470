//! All checks, in the order in which they find faults soonest; the first that fails ends the run.

mod programs;

use std::{
    env,
    fs::File,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::{
    chart, command, e2e,
    places::Places,
    steps::Steps,
    tools,
    versions::Kubernetes,
    wasm::{TARGET, Toolchain},
};

/// What runs in the browser, and so is checked for wasm32.
const PAGE: [&str; 4] = [
    "--package=podshell-frontend",
    "--package=podshell-client",
    "--package=podshell-shared",
    "--package=axum-sockjs",
];

/// How long fetching the advisory database may take.
const ADVISORIES: Duration = Duration::from_secs(60);

/// Runs all checks.
pub(crate) fn run(places: &Places, steps: &mut Steps) -> Result<()> {
    let mut preparing = steps.step("set-up", || {
        tools::check_node()?;
        tools::check_c_compiler()?;
        prepare_cluster(places)
    })?;
    let checked = check(places, steps);
    if let Ok(None) = preparing.try_wait() {
        eprintln!("What the cluster is made of is still being made, for the next run.");
    }
    checked
}

/// Has made what the cluster is made of while the code is compiled, which leaves a core idle a third of the time. The step that
/// needs the cluster waits for that, and says why if it failed. Where a check fails before, it goes on: the next run needs it.
fn prepare_cluster(places: &Places) -> Result<Child> {
    let path = places.cache.join("cluster-prepare.log");
    let output = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    Command::new(env::current_exe().context("looking for this program")?)
        .args(["cluster", "prepare"])
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("starting to prepare the cluster")
}

fn check(places: &Places, steps: &mut Steps) -> Result<()> {
    let repository = &places.repository;
    steps.step("format", || {
        command::run(
            command::cargo()
                .args(["fmt", "--all", "--check"])
                .current_dir(repository),
        )
    })?;
    steps.step("chart", || chart::check(places))?;
    steps.step("clippy, native", || {
        let mut cargo = command::cargo();
        cargo.args(["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]);
        command::run(cargo.current_dir(repository))
    })?;
    steps.step("clippy, wasm32", || {
        let mut cargo = Toolchain::find(places)?.cargo();
        cargo
            .args(["clippy", "--target", TARGET, "--no-default-features"])
            .args(PAGE)
            .args(["--", "-Dwarnings"]);
        command::run(cargo.current_dir(repository))
    })?;
    steps.step("dependencies", || dependencies(places))?;
    steps.step("unit and integration tests", || programs::run(places))?;
    steps.step("documentation", || {
        let mut cargo = command::cargo();
        cargo
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-Dwarnings");
        command::run(cargo.current_dir(repository))
    })?;
    let cluster = e2e::run(places, steps, &Kubernetes::default(), None, &[])?;
    eprintln!(
        "\nAll checks passed.\n{}End-to-end tests ran against: {cluster}",
        steps.table()
    );
    Ok(())
}

/// Checks licences, sources and duplicates of dependencies, and known faults where the list of those can be reached.
fn dependencies(places: &Places) -> Result<()> {
    let program = tools::cargo_deny(places)?;
    let deny = || {
        let mut deny = Command::new(&program);
        deny.current_dir(&places.repository);
        deny
    };
    if command::succeeds(deny().args(["fetch", "db"]), ADVISORIES) {
        return command::run(deny().args(["check", "--disable-fetch"]));
    }
    command::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    eprintln!(
        "\nWARNING: dependencies were NOT checked for known faults: the advisory database can't be reached from here\n"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use crate::command;

    /// A promise without its test would be one that nobody keeps.
    #[test]
    fn the_tests_that_hold_the_promises_exist() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = fs::read_to_string(repository.join("SECURITY.md")).unwrap();
        let promises = text.split("## Promises").nth(1).unwrap();
        let named = promises.split('`').skip(1).step_by(2);
        let mut tests = 0;
        for name in named {
            if name.contains('/') && !name.starts_with('/') {
                assert!(repository.join(name).exists(), "there is no {name}");
                tests += 1;
            } else if name.contains('_') && !name.starts_with(char::is_uppercase) {
                let function = format!("fn {name}(");
                let mut grep = Command::new("git");
                grep.args([
                    "grep",
                    "--quiet",
                    "--fixed-strings",
                    "--untracked",
                    &function,
                ]);
                let found = command::run(grep.current_dir(repository));
                assert!(found.is_ok(), "there is no test {name}");
                tests += 1;
            }
        }
        assert!(tests > 20, "{tests}");
    }
}
