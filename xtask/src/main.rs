//! `cargo xtask`: one command for each thing that a person does with this repository. It fetches what a command needs first.

mod bench;
mod binary;
mod browser;
mod chart;
mod cluster;
mod command;
mod compress;
mod deploy;
mod dev_server;
mod e2e;
mod engine;
mod fuzz;
mod go;
mod image;
mod node_image;
mod packages;
mod page;
mod places;
mod playwright;
mod provider;
mod remap;
mod screenshots;
mod soak;
mod steps;
mod test;
mod tools;
mod versions;
mod wasm;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{places::Places, steps::Steps, versions::Kubernetes};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "What there is to do with this repository"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build page and binary (release) and start podshell
    Run {
        /// Flags for podshell
        #[arg(last = true, value_name = "PODSHELL FLAGS")]
        flags: Vec<OsString>,
    },
    /// Build the page into dist/, then the binary that holds it (release)
    Build,
    /// Build page and binary, and pack them as a container image with its bill of materials (Linux)
    Image(image::Wishes),
    /// Run Trunk, with all that the page needs: `trunk serve` serves it while it is worked on, with a server behind it
    Trunk {
        /// Arguments for trunk
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "TRUNK ARGUMENTS"
        )]
        arguments: Vec<OsString>,
    },
    /// All checks: format, clippy (native and wasm32), dependencies, tests, docs, then the build and its end-to-end tests
    Test,
    /// Make or delete the kind cluster that the end-to-end tests use, or deploy Podshell in it
    #[command(subcommand)]
    Cluster(ClusterTask),
    /// Check what installs Podshell in a cluster, or make the plain manifest out of it
    #[command(subcommand)]
    Chart(chart::Task),
    /// Build, then test in Chromium against a real cluster
    E2e {
        /// The Kubernetes of the cluster made by kind
        #[arg(
            long,
            value_name = "VERSION",
            default_value_t,
            conflicts_with = "kubeconfig"
        )]
        kubernetes: Kubernetes,
        /// Use this cluster instead of one made by kind; the test images must be on its nodes
        #[arg(long, value_name = "PATH", conflicts_with = "in_cluster")]
        kubeconfig: Option<PathBuf>,
        /// Test Podshell as it is deployed: its image in the kind cluster, behind two proxies
        #[arg(long)]
        in_cluster: bool,
        /// Arguments for `playwright test`
        #[arg(last = true, value_name = "PLAYWRIGHT ARGUMENTS")]
        playwright: Vec<OsString>,
    },
    /// Build, then take pictures of every view of the page, on the demo
    Screenshots(screenshots::Wishes),
    /// Build, then measure terminals beside direct execs, on the cluster that is up, else on the fake one, and the page
    Bench(bench::Wishes),
    /// Let many sessions do all that sessions do, against the fake cluster, and check every byte
    Soak(soak::Wishes),
    /// Give what strangers may send in every wrong form to those who read it (needs a nightly Rust)
    Fuzz(fuzz::Wishes),
}

#[derive(Debug, Subcommand)]
enum ClusterTask {
    /// Make the cluster if there is none, with the pods that the tests use
    Up {
        /// The Kubernetes of the cluster. Each version has one of its own, and all can be up
        #[arg(long, value_name = "VERSION", default_value_t)]
        kubernetes: Kubernetes,
    },
    /// Make or pull what the cluster is made of
    Prepare {
        /// The Kubernetes of the cluster
        #[arg(long, value_name = "VERSION", default_value_t)]
        kubernetes: Kubernetes,
    },
    /// Build the image and install Podshell with it in the cluster, by the Helm chart
    Deploy(deploy::Wishes),
    /// Let the API server keep an audit log, trust the tests' OpenID provider and know constrained impersonation; it is away for
    /// half a minute for that, once
    Audit {
        /// The Kubernetes of the cluster
        #[arg(long, value_name = "VERSION", default_value_t)]
        kubernetes: Kubernetes,
    },
    /// Delete all clusters that `up` made, and stop the Docker engine if `up` started it
    Down {
        /// Delete the cluster with this Kubernetes alone; the engine stops with the last one
        #[arg(long, value_name = "VERSION")]
        kubernetes: Option<Kubernetes>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let places = Places::find()?;
    let mut steps = Steps::default();
    match task {
        Task::Run { flags } => {
            let binary = binary::build(&places, &mut steps)?;
            binary::start(&binary, &flags)
        }
        Task::Build => binary::build(&places, &mut steps).map(drop),
        Task::Image(wishes) => image::run(&places, &mut steps, &wishes).map(drop),
        Task::Trunk { arguments } => page::run_trunk(&places, &arguments),
        Task::Test => test::run(&places, &mut steps),
        Task::Cluster(ClusterTask::Up { kubernetes }) => {
            println!("{}", cluster::up(&places, &kubernetes)?.exports());
            Ok(())
        }
        Task::Cluster(ClusterTask::Prepare { kubernetes }) => {
            cluster::prepare(&places, &kubernetes)
        }
        Task::Cluster(ClusterTask::Deploy(wishes)) => deploy::run(&places, &mut steps, &wishes),
        Task::Cluster(ClusterTask::Audit { kubernetes }) => {
            let cluster = cluster::up(&places, &kubernetes)?;
            cluster.prepare_api_server(&places).map(drop)
        }
        Task::Cluster(ClusterTask::Down { kubernetes }) => {
            cluster::down(&places, kubernetes.as_ref())
        }
        Task::Chart(task) => chart::run(&places, &mut steps, &task),
        Task::E2e {
            kubernetes,
            in_cluster: true,
            playwright,
            ..
        } => e2e::in_cluster::run(&places, &mut steps, &kubernetes, &playwright),
        Task::E2e {
            kubernetes,
            kubeconfig,
            playwright,
            ..
        } => {
            let kubeconfig = kubeconfig.as_deref();
            e2e::run(&places, &mut steps, &kubernetes, kubeconfig, &playwright).map(drop)
        }
        Task::Screenshots(wishes) => screenshots::run(&places, &mut steps, &wishes),
        Task::Bench(wishes) => bench::run(&places, &mut steps, &wishes),
        Task::Soak(wishes) => soak::run(&places, &mut steps, &wishes),
        Task::Fuzz(wishes) => fuzz::run(&places, &mut steps, &wishes),
    }
}
