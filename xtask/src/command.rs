//! Runs other programs: with their output shown, read, or thrown away, and with a deadline where they may hang.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::steps;

/// How often a program that says nothing is reported to be still at work.
const REPORT: Duration = Duration::from_secs(30);

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Makes a program find others in these folders first.
pub(crate) fn look_first(program: &mut Command, folders: impl IntoIterator<Item = PathBuf>) {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = folders.into_iter().chain(env::split_paths(&path));
    // The parts come from a PATH or are ours: none holds a separator.
    if let Ok(path) = env::join_paths(path) {
        program.env("PATH", path);
    }
}

/// Runs a program to its end, its output shown. An error names the command and how it ended.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("can't start {}", program(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(anyhow!("{} ended with {status}", line(command)))
    }
}

/// Like [`run`], for a program that is quiet for minutes: says every half minute that it is still at work.
pub(crate) fn run_long(command: &mut Command, what: &str) -> Result<()> {
    let mut child = command
        .spawn()
        .with_context(|| format!("can't start {}", program(command)))?;
    let (ended, end) = mpsc::channel();
    let waiting = thread::spawn(move || ended.send(child.wait()));
    let start = Instant::now();
    let status = loop {
        match end.recv_timeout(REPORT) {
            Ok(status) => {
                break status.with_context(|| format!("waiting for {}", program(command)))?;
            }
            Err(RecvTimeoutError::Timeout) => {
                eprintln!("  still {what} ({})", steps::duration(start.elapsed()))
            }
            Err(RecvTimeoutError::Disconnected) => bail!("lost sight of {}", program(command)),
        }
    };
    drop(waiting);
    if status.success() {
        Ok(())
    } else {
        Err(anyhow!("{} ended with {status}", line(command)))
    }
}

/// Runs a program to its end and returns what it printed, without the last line break.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("can't start {}", program(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", line(command), output.status);
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed no UTF-8", program(command)))?;
    Ok(text.trim_end().to_owned())
}

/// Whether a program can be started and ends well within `limit`; what it prints is thrown away.
pub(crate) fn succeeds(command: &mut Command, limit: Duration) -> bool {
    let Ok(mut child) = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
    else {
        return false;
    };
    let ended = output_ends_within(&mut child, limit);
    if !ended {
        kill(&mut child);
    }
    ended && child.wait().is_ok_and(|status| status.success())
}

/// Runs a program with its output shown, but ends it if its first line does not come within `limit`.
pub(crate) fn run_if_it_speaks(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start {}", program(command)))?;
    let lines = BufReader::new(child.stdout.take().context("no output to read")?).lines();
    let (spoke, heard) = mpsc::channel();
    let reading = thread::spawn(move || {
        for line in lines.map_while(io::Result::ok) {
            eprintln!("  {line}");
            // After the first line nobody listens.
            let _ = spoke.send(());
        }
    });
    if heard.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        kill(&mut child);
        bail!(
            "{} gave no answer within {}",
            line(command),
            steps::duration(limit)
        );
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for {}", program(command)))?;
    drop(reading.join());
    if status.success() {
        Ok(())
    } else {
        Err(anyhow!("{} ended with {status}", line(command)))
    }
}

/// Waits until the program has closed its output, which it does at its end.
fn output_ends_within(child: &mut Child, limit: Duration) -> bool {
    let Some(mut stdout) = child.stdout.take() else {
        return false;
    };
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        drop(stdout.read_to_end(&mut Vec::new()));
        let _ = ended.send(());
    });
    end.recv_timeout(limit).is_ok()
}

fn kill(child: &mut Child) {
    // Either fails only for a program that has ended by itself.
    drop(child.kill());
    drop(child.wait());
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The command as a person would type it, near enough.
fn line(command: &Command) -> String {
    let mut line = program(command);
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn failure_names_command_and_status() {
        let error = run(&mut sh("exit 3")).unwrap_err().to_string();
        assert!(
            error.contains("sh -c exit 3") && error.contains('3'),
            "{error}"
        );
        assert!(run_long(&mut sh("exit 3"), "failing").is_err());
    }

    #[test]
    fn output_is_read_without_its_last_line_break() {
        assert_eq!(read(&mut sh("echo one; echo two")).unwrap(), "one\ntwo");
    }

    #[test]
    fn hanging_program_is_ended_at_its_deadline() {
        let start = Instant::now();
        assert!(!succeeds(
            &mut sh("exec sleep 60"),
            Duration::from_millis(50)
        ));
        assert!(run_if_it_speaks(&mut sh("exec sleep 60"), Duration::from_millis(50)).is_err());
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn program_that_speaks_in_time_may_take_longer() {
        assert!(run_if_it_speaks(&mut sh("echo here; sleep 0.2"), Duration::from_secs(20)).is_ok());
        assert!(run_if_it_speaks(&mut sh("exit 1"), Duration::from_secs(20)).is_err());
        assert!(succeeds(&mut sh("true"), Duration::from_secs(20)));
        assert!(!succeeds(&mut sh("false"), Duration::from_secs(20)));
    }
}
