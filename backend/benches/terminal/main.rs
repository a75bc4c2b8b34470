//! Measures the way of a terminal's bytes through Podshell beside a direct exec: `cargo xtask bench`.

mod characters;
mod cluster;
mod crowd;
#[path = "../../tests/common/delay.rs"]
mod delay;
mod distance;
mod echo;
mod fake;
mod flood;
mod interrupt;
mod kubectl;
mod leftovers;
mod lists;
mod memory;
mod output;
mod prompt;
mod report;
mod server;
mod strangers;
mod terminal;
mod worker;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use podshell_client_driver::connection as client;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    process::{Child, Command},
    runtime::Runtime,
    time::Duration,
};

use crate::{
    cluster::{Cluster, Place},
    fake::FakeProcess,
    report::Row,
    server::Server,
};

/// The container of the end-to-end tests that has bash.
const REAL: Place = Place {
    namespace: "podshell-e2e",
    pod: "shell",
    container: "bash",
};

/// The command line.
#[derive(Debug, Parser)]
#[command(about = "Measures Podshell's terminals beside direct execs")]
struct Arguments {
    /// Measure on this cluster, in the pod that `cargo xtask cluster up` makes, not on the fake one.
    #[arg(long, value_name = "PATH")]
    kubeconfig: Option<PathBuf>,
    /// What that cluster is, for people.
    #[arg(long, value_name = "TEXT", default_value = "a cluster")]
    cluster_name: String,
    /// The server to measure.
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_podshell"))]
    server: PathBuf,
    /// A few seconds per figure: enough to see that it can be measured.
    #[arg(long)]
    quick: bool,
    /// Write the lines of JSON there instead of below the table.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    /// Measure these alone.
    #[arg(value_name = "FIGURE")]
    figures: Vec<Figure>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// How fast output comes, and what CPU time it costs the server
    Output,
    /// How long a keystroke takes to its echo
    Echo,
    /// How long it takes from asking for a shell to its prompt
    Prompt,
    /// What an idle session costs in memory
    Memory,
    /// How much memory a flood costs whose client does not read
    Flood,
    /// How long Ctrl-C takes under a flood
    Interrupt,
    /// Output, first prompt and Ctrl-C over a long line
    Distance,
    /// How many characters break
    Characters,
    /// What still runs when the connection has dropped
    Leftovers,
    /// What a terminal notices of 10,000 mints and 1,000 connections from one address
    Crowd,
    /// What a list of thousands of pods costs a server, its terminals and its pages
    Lists,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Rounds of output, and of Ctrl-C.
    rounds: usize,
    /// Bytes of output in a round.
    bytes: u64,
    /// Rounds of keystrokes and of starts.
    short_rounds: usize,
    /// Keystrokes in a round.
    keys: usize,
    /// Idle sessions on the measured cluster.
    sessions: &'static [usize],
    /// Idle sessions on the fake one.
    many_sessions: &'static [usize],
    /// How long a flood lasts whose client does not read.
    flood: Duration,
    /// How long a flood lasts before Ctrl-C.
    yes: Duration,
    /// Strangers beside a terminal.
    crowd: crowd::Size,
    /// Pods in a list, and how long it is looked at.
    lists: &'static [usize],
    look: Duration,
}

const FULL: Effort = Effort {
    rounds: 5,
    bytes: 100_000_000,
    short_rounds: 20,
    keys: 200,
    sessions: &[100, 300],
    many_sessions: &[1_000, 10_000],
    flood: Duration::from_secs(60),
    yes: Duration::from_secs(20),
    crowd: crowd::Size {
        rounds: 1,
        keys: 2_500,
        mints: 10_000,
        sockets: 1_000,
    },
    lists: &[5_000, 20_000],
    look: Duration::from_secs(30),
};
const QUICK: Effort = Effort {
    rounds: 1,
    bytes: 10_000_000,
    short_rounds: 3,
    keys: 100,
    sessions: &[20],
    many_sessions: &[200],
    flood: Duration::from_secs(3),
    yes: Duration::from_secs(2),
    crowd: crowd::Size {
        rounds: 1,
        keys: 500,
        mints: 2_000,
        sockets: 200,
    },
    lists: &[5_000],
    look: Duration::from_secs(5),
};

/// What every measurement needs.
struct Bench {
    cluster: Cluster,
    binary: PathBuf,
    effort: Effort,
    /// A folder in the container.
    folder: String,
}

impl Bench {
    /// A fresh server.
    async fn server(&self, flags: &[&str]) -> Result<Server> {
        Server::start(&self.binary, &self.cluster, flags).await
    }

    async fn measure(&self, figure: Figure) -> Result<Vec<Row>> {
        match figure {
            Figure::Output => output::measure(self).await,
            Figure::Echo => echo::measure(self).await,
            Figure::Prompt => prompt::measure(self).await,
            Figure::Memory => memory::measure(self).await,
            Figure::Flood => flood::measure(self).await,
            Figure::Interrupt => interrupt::measure(self).await,
            Figure::Distance => distance::measure(self).await,
            Figure::Characters => characters::measure(self).await,
            Figure::Leftovers => leftovers::measure(self).await,
            Figure::Crowd => crowd::measure(self).await,
            Figure::Lists => lists::measure(self).await,
        }
    }
}

fn main() -> ExitCode {
    let done = allow_many_files().and_then(|()| match env::args().nth(1).as_deref() {
        Some(strangers::ARGUMENT) => strangers::be(),
        Some(fake::ARGUMENT) => Runtime::new()?.block_on(fake::serve()),
        _ => Runtime::new()?.block_on(run(Arguments::parse())),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts this program as what an argument makes it, to speak with it by its stdin and stdout; it ends when the answer is dropped.
fn this_program_as(argument: &str) -> Result<Child> {
    Command::new(env::current_exe()?)
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Into::into)
}

async fn run(arguments: Arguments) -> Result<()> {
    let (cluster, fake) = match &arguments.kubeconfig {
        Some(path) => {
            let cluster = Cluster::connect(path, arguments.cluster_name, REAL).await?;
            (cluster, None)
        }
        None => {
            let fake = FakeProcess::start(fake::PLACE).await?;
            (fake.cluster.clone(), Some(fake))
        }
    };
    let folder = format!("/tmp/podshell-bench-{}", std::process::id());
    cluster
        .run(&format!("mkdir {folder}"))
        .await
        .with_context(|| format!("{} can't be measured on", cluster.name))?;
    let bench = Bench {
        cluster,
        binary: arguments.server,
        effort: if arguments.quick { QUICK } else { FULL },
        folder,
    };
    let (rows, failed) = measure_all(&bench, &arguments.figures).await;
    bench
        .cluster
        .run(&format!("rm -r {}", bench.folder))
        .await?;
    drop(fake);
    publish(&rows, &bench.cluster.name, arguments.json.as_deref())?;
    if failed.is_empty() {
        return Ok(());
    }
    anyhow::bail!("could not be measured:\n{}", failed.join("\n"))
}

/// Measures one figure after the other; what fails does not keep the others from being measured.
async fn measure_all(bench: &Bench, wanted: &[Figure]) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for figure in Figure::value_variants() {
        if !wanted.is_empty() && !wanted.contains(figure) {
            continue;
        }
        let name = figure.to_possible_value();
        let name = name.as_ref().map_or("?", |value| value.get_name());
        eprintln!("measuring {name}");
        match Box::pin(bench.measure(*figure)).await {
            Ok(measured) => rows.extend(measured),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    (rows, failed)
}

fn publish(rows: &[Row], cluster: &str, json: Option<&Path>) -> Result<()> {
    println!("on {cluster}\n{}", report::table(rows));
    let lines = rows.iter().flat_map(|row| row.json(cluster));
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    match json {
        Some(path) => {
            fs::write(path, lines).with_context(|| format!("writing {}", path.display()))?;
            eprintln!("{}", path.display());
        }
        None => print!("{lines}"),
    }
    Ok(())
}

/// Lets this process and its children open as many files as the system allows.
fn allow_many_files() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("raising the limit of open files")
}
