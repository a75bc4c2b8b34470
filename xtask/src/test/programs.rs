//! The workspace's tests. Most of them wait, so several programs of them run at a time, each of which shows its output at its
//! end, and only if it failed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{command, places::Places, steps::duration};

/// How often those are told that still run.
const REPORT: Duration = Duration::from_secs(30);

/// A program of tests that cargo built.
#[derive(Debug, PartialEq, Eq)]
struct Program {
    name: String,
    executable: PathBuf,
    /// The package's folder, in which cargo would start it.
    folder: PathBuf,
}

/// What is told of a program.
enum News {
    Started(usize),
    Ended(usize, Duration, Result<(), String>),
}

/// Builds all tests and runs them, those in documents too.
pub(super) fn run(places: &Places) -> Result<()> {
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace", "--no-run"]);
    cargo.arg("--message-format=json-render-diagnostics");
    let messages = command::read(cargo.current_dir(&places.repository))?;
    run_all(&programs(&messages))?;
    command::run(
        command::cargo()
            .args(["test", "--workspace", "--doc"])
            .current_dir(&places.repository),
    )
}

/// The programs of tests that cargo's messages name.
fn programs(messages: &str) -> Vec<Program> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["profile"]["test"] == true)
        .filter_map(|message| {
            let executable = PathBuf::from(message["executable"].as_str()?);
            let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
            let package = folder.file_name()?.to_string_lossy();
            let (kind, name) = (&message["target"]["kind"][0], &message["target"]["name"]);
            let name = match kind.as_str()? {
                "test" => format!("{package}/tests/{}", name.as_str()?),
                kind => format!("{package}/src ({kind})"),
            };
            let folder = folder.to_owned();
            Some(Program {
                name,
                executable,
                folder,
            })
        })
        .collect()
}

/// Runs all programs, also when one fails.
fn run_all(programs: &[Program]) -> Result<()> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (tell, told) = mpsc::channel();
    let failed = thread::scope(|scope| {
        // Each runs as many tests at a time as there are processors, most of which wait: this keeps the processors at work.
        for _ in 0..2 * processors {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(program) = programs.get(number) else {
                        break;
                    };
                    let start = Instant::now();
                    // Nobody listens any more only if this whole run is broken off.
                    let _ = tell.send(News::Started(number));
                    let ended = program.run();
                    let _ = tell.send(News::Ended(number, start.elapsed(), ended));
                }
            });
        }
        drop(tell);
        watch(programs, &told)
    });
    if failed.is_empty() {
        return Ok(());
    }
    bail!("these tests failed: {}", failed.join(", "))
}

/// Tells of the programs as they end, until all have. Returns those that failed.
fn watch<'a>(programs: &'a [Program], told: &mpsc::Receiver<News>) -> Vec<&'a str> {
    let (mut running, mut failed) = (BTreeSet::new(), Vec::new());
    loop {
        match told.recv_timeout(REPORT) {
            Ok(News::Started(number)) => {
                running.insert(number);
            }
            Ok(News::Ended(number, took, ended)) => {
                running.remove(&number);
                let name = programs[number].name.as_str();
                let took = duration(took);
                match ended {
                    Ok(()) => eprintln!("  {took:>12}  {name}"),
                    Err(output) => {
                        eprintln!("  {took:>12}  {name} FAILED:\n{output}");
                        failed.push(name);
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let names = running.iter().map(|number| programs[*number].name.as_str());
                eprintln!("  still running: {}", names.collect::<Vec<_>>().join(", "));
            }
            Err(RecvTimeoutError::Disconnected) => return failed,
        }
    }
}

impl Program {
    /// Runs it. What it printed is the error, if there is one.
    fn run(&self) -> Result<(), String> {
        let output = Command::new(&self.executable)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("starting {}", self.executable.display()))
            .map_err(|error| format!("{error:#}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "{}{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            output.status
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"{"reason":"compiler-artifact","manifest_path":"/r/backend/Cargo.toml","target":{"kind":["bin"],"name":"podshell"},"profile":{"test":false},"executable":"/t/podshell"}
no JSON
{"reason":"compiler-artifact","manifest_path":"/r/backend/Cargo.toml","target":{"kind":["lib"],"name":"podshell"},"profile":{"test":true},"executable":"/t/podshell-1"}
{"reason":"compiler-artifact","manifest_path":"/r/backend/Cargo.toml","target":{"kind":["test"],"name":"ends"},"profile":{"test":true},"executable":"/t/ends-1"}
{"reason":"build-finished","success":true}"#;

    #[test]
    fn programs_of_tests_are_found_among_what_was_built() {
        let program = |name: &str, executable: &str| Program {
            name: name.to_owned(),
            executable: executable.into(),
            folder: "/r/backend".into(),
        };
        assert_eq!(
            programs(MESSAGES),
            [
                program("backend/src (lib)", "/t/podshell-1"),
                program("backend/tests/ends", "/t/ends-1"),
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn all_run_and_those_that_fail_are_named() {
        let program = |name: &str| Program {
            name: name.to_owned(),
            executable: format!("/bin/{name}").into(),
            folder: "/".into(),
        };
        let programs = ["true", "false", "true", "nonsense"].map(program);
        let error = run_all(&programs).unwrap_err().to_string();
        let (start, mut names) = (error.find(": ").unwrap() + 2, Vec::new());
        names.extend(error[start..].split(", "));
        names.sort_unstable();
        assert_eq!(names, ["false", "nonsense"]);
        assert!(run_all(&programs[..1]).is_ok());
    }
}
