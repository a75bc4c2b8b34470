//! The end-to-end tests: Playwright with the built binary, in Chromium, against a real cluster.

pub(crate) mod in_cluster;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{
    binary, browser,
    cluster::{self, Cluster},
    command, packages,
    places::Places,
    playwright,
    steps::Steps,
    tools,
    versions::Kubernetes,
    wasm::Toolchain,
};

/// Where packages put `HAProxy`.
const HAPROXIES: [&str; 3] = [
    "/usr/sbin/haproxy",
    "/usr/local/sbin/haproxy",
    "/opt/homebrew/bin/haproxy",
];

/// Builds, sees to a cluster and a browser, and runs the tests: on the cluster of a kubeconfig, else on ours with a Kubernetes.
/// Returns which cluster it was.
pub(crate) fn run(
    places: &Places,
    steps: &mut Steps,
    kubernetes: &Kubernetes,
    kubeconfig: Option<&Path>,
    arguments: &[OsString],
) -> Result<String> {
    let binary = binary::build(places, steps)?;
    let sockjs_server = steps.step("SockJS test server", || sockjs_server(places))?;
    let cluster = steps.step("cluster", || match kubeconfig {
        Some(kubeconfig) => cluster::existing(places, kubeconfig),
        None => cluster::up(places, kubernetes),
    })?;
    let e2e = places.repository.join("e2e");
    let (chromium, firefox, haproxy) = steps.step("browsers and proxy", || {
        tools::npm_packages(&e2e)?;
        let browsers = (browser::find(places)?, browser::find_firefox());
        Ok((browsers.0, browsers.1, haproxy()))
    })?;
    steps.step("end-to-end tests", || {
        eprintln!("against {}", cluster.description);
        // A spec runs `trunk serve`.
        let mut path = tools::page_tools(places)?;
        path.push(places.repository.join("frontend/node_modules/.bin"));
        path.extend(cluster.tools().map(Path::to_owned));
        let mut playwright = playwright(&e2e, &cluster, chromium.as_deref())?;
        Toolchain::find(places)?.apply(&mut playwright, &path);
        playwright
            .args(arguments)
            .env("PODSHELL_BIN", &binary)
            .env("PODSHELL_SOCKJS_SERVER", &sockjs_server)
            .env("TRUNK_SKIP_VERSION_CHECK", "true")
            // What the page was compiled with is there already.
            .env("TRUNK_BUILD_RELEASE", "true");
        if let Some(firefox) = &firefox {
            playwright.env("PODSHELL_FIREFOX", firefox);
        }
        if let Some(haproxy) = &haproxy {
            playwright.env("PODSHELL_HAPROXY", haproxy);
        }
        command::run(&mut playwright)
    })?;
    Ok(cluster.description)
}

/// Finds `HAProxy`, or installs it where that can be done. [`None`] if there is none, or it is not wanted: then no server is
/// behind it.
fn haproxy() -> Option<PathBuf> {
    let of_that = "there is no HAProxy, so nothing is tested behind it";
    packages::find_optional(
        "PODSHELL_HAPROXY",
        &HAPROXIES,
        &["haproxy", "openssl"],
        of_that,
    )
}

/// Checks the types of the tests, and gives the command that runs them against a cluster.
fn playwright(e2e: &Path, cluster: &Cluster, chromium: Option<&Path>) -> Result<Command> {
    let mut playwright = playwright::command(e2e, chromium)?;
    playwright
        .env("PODSHELL_KUBECONFIG", &cluster.kubeconfig)
        .env("KUBECONFIG", &cluster.kubeconfig);
    Ok(playwright)
}

/// Builds what npm's sockjs-client is tested against, with the features that all packages together ask for: `cargo test
/// --workspace` has built it with these.
fn sockjs_server(places: &Places) -> Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args(["build", "--workspace", "--example=test_server"]);
    command::run(cargo.current_dir(&places.repository))?;
    let program = places.target.join("debug/examples/test_server");
    Ok(program.with_extension(env::consts::EXE_EXTENSION))
}
