//! The measurements: terminals through the built server beside direct execs, on a real cluster if there is one; and the page.

mod page;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context as _, Result};

use crate::{
    binary,
    cluster::{self, Cluster},
    command,
    places::Places,
    steps::Steps,
    versions::Kubernetes,
};

/// What is to be measured, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Wishes {
    /// Measure on the fake cluster even if a real one is up
    #[arg(long, conflicts_with = "kubeconfig")]
    fake: bool,
    /// Measure on the cluster with this Kubernetes, if it is up
    #[arg(long, value_name = "VERSION", default_value_t, conflicts_with_all = ["fake", "kubeconfig"])]
    kubernetes: Kubernetes,
    /// Measure on this cluster; the test images must be on its nodes
    #[arg(long, value_name = "PATH")]
    kubeconfig: Option<PathBuf>,
    /// A few seconds per figure: to see that all can be measured, not to compare
    #[arg(long)]
    quick: bool,
    /// Measure these alone: output, echo, prompt, memory, flood, interrupt, distance, characters, leftovers, crowd, lists; and page,
    /// which is measured in a browser, on the demo
    #[arg(value_name = "FIGURE")]
    figures: Vec<String>,
}

/// The figures that are measured in a browser.
const PAGE: &str = "page";

impl Wishes {
    /// Whether all that there is is measured.
    fn is_all(&self) -> bool {
        self.figures.is_empty()
    }

    fn wants_page(&self) -> bool {
        self.is_all() || self.figures.iter().any(|figure| figure == PAGE)
    }

    /// The others, which need no browser; empty for all of them.
    fn of_terminals(&self) -> Option<Vec<&str>> {
        let figures = self.figures.iter().map(String::as_str);
        let others: Vec<_> = figures.filter(|figure| *figure != PAGE).collect();
        (self.is_all() || !others.is_empty()).then_some(others)
    }
}

/// Builds all that is needed and measures. Prints tables, and writes lines of JSON into the target directory.
pub(crate) fn run(places: &Places, steps: &mut Steps, wishes: &Wishes) -> Result<()> {
    let results = results(places)?;
    let terminals = wishes.of_terminals();
    // First, for it leaves a server in the place of the one that ships.
    let program = terminals
        .is_some()
        .then(|| steps.step("measuring program", || build(places)))
        .transpose()?;
    let server = binary::build(places, steps)?;
    if let (Some(figures), Some(program)) = (terminals, program) {
        let cluster = steps.step("cluster", || find_cluster(places, wishes))?;
        steps.step("measurements", || {
            let mut bench = Command::new(&program);
            bench.arg("--server").arg(&server);
            bench.arg("--json").arg(&results);
            if let Some(cluster) = &cluster {
                bench.arg("--kubeconfig").arg(&cluster.kubeconfig);
                bench.arg("--cluster-name").arg(&cluster.description);
                // Kubectl is measured, too.
                command::look_first(&mut bench, cluster.tools().map(Path::to_owned));
            }
            if wishes.quick {
                bench.arg("--quick");
            }
            command::run(bench.args(figures))
        })?;
    }
    if wishes.wants_page() {
        page::measure(places, steps, &server, wishes.quick, &results)?;
    }
    Ok(())
}

/// Builds the program that measures.
fn build(places: &Places) -> Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args([
        "bench",
        "--package=podshell",
        "--bench=terminal",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let messages = command::read(cargo.current_dir(&places.repository))?;
    executable(&messages, "terminal").context("cargo names no measuring program")
}

/// The program that cargo built for a benchmark, out of its messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["target"]["name"] == name && message["target"]["kind"][0] == "bench"
        })
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The real cluster to measure on, if there is one.
fn find_cluster(places: &Places, wishes: &Wishes) -> Result<Option<Cluster>> {
    if wishes.fake {
        return Ok(None);
    }
    if let Some(kubeconfig) = &wishes.kubeconfig {
        return cluster::existing(places, kubeconfig).map(Some);
    }
    let running = cluster::running(places, &wishes.kubernetes)?;
    if running.is_none() {
        eprintln!("no cluster is up (cargo xtask cluster up): measuring on the fake one");
    }
    Ok(running)
}

/// The file for this run's lines of JSON.
fn results(places: &Places) -> Result<PathBuf> {
    let folder: &Path = &places.target.join("bench");
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(folder.join(format!("{}.jsonl", now.as_secs())))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        wishes: Wishes,
    }

    /// What of the terminals is measured, and whether the page is.
    fn wanted(figures: &str) -> (Option<String>, bool) {
        let arguments = ["bench"].into_iter().chain(figures.split_whitespace());
        let wishes = Arguments::parse_from(arguments).wishes;
        let of_terminals = wishes.of_terminals().map(|figures| figures.join(" "));
        (of_terminals, wishes.wants_page())
    }

    #[test]
    fn the_page_is_one_figure_among_others() {
        assert_eq!(wanted(""), (Some(String::new()), true));
        assert_eq!(wanted("page"), (None, true));
        assert_eq!(wanted("echo page"), (Some("echo".to_owned()), true));
        let others = "echo output";
        assert_eq!(wanted(others), (Some(others.to_owned()), false));
    }

    const MESSAGES: &str = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"podshell"},"executable":"/t/podshell"}
no JSON
{"reason":"compiler-artifact","target":{"kind":["bench"],"name":"terminal"},"executable":"/t/terminal-1"}
{"reason":"build-finished","success":true}"#;

    #[test]
    fn the_benchmark_is_found_among_what_was_built() {
        let found = executable(MESSAGES, "terminal");
        assert_eq!(found, Some(PathBuf::from("/t/terminal-1")));
        assert_eq!(executable(MESSAGES, "podshell"), None);
    }
}
