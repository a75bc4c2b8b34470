//! Builds the page into `dist/` with Trunk.

mod settle;

use std::{ffi::OsString, fs, panic, process::Command, thread};

use anyhow::{Context as _, Result};

use crate::{
    command, compress,
    dev_server::DevServer,
    places::Places,
    tools,
    wasm::{TARGET, Toolchain},
};

/// Builds the page for release, compressed forms included.
pub(crate) fn build(places: &Places) -> Result<()> {
    let built = places.target.join("page");
    // Trunk keeps what it finds there.
    if built.exists() {
        fs::remove_dir_all(&built).with_context(|| format!("emptying {}", built.display()))?;
    }
    tools::check_node()?;
    let toolchain = Toolchain::find(places)?;
    // The first time both take minutes, and neither needs the other.
    let (compiled, trunk) = thread::scope(|scope| {
        let compiling = scope.spawn(|| compile(places, &toolchain));
        let trunk = trunk(places, &toolchain);
        let compiled = compiling.join();
        (
            compiled.unwrap_or_else(|panic| panic::resume_unwind(panic)),
            trunk,
        )
    });
    compiled?;
    let mut trunk = trunk?;
    trunk.args(["build", "--release", "--dist"]).arg(&built);
    command::run(&mut trunk)?;
    settle::settle(&built)?;
    compress::publish(&built, &places.repository.join("dist"))
}

/// Runs Trunk as a person asks for it: to serve the page while it is worked on, with a server behind it.
pub(crate) fn run_trunk(places: &Places, arguments: &[OsString]) -> Result<()> {
    let mut trunk = trunk(places, &Toolchain::find(places)?)?;
    let serves = arguments.first().is_some_and(|first| first == "serve");
    let _server = serves
        .then(|| DevServer::start(places, arguments))
        .transpose()?;
    command::run(trunk.args(arguments))
}

/// Compiles the page as Trunk does, which then finds it compiled.
fn compile(places: &Places, toolchain: &Toolchain) -> Result<()> {
    let mut cargo = toolchain.cargo();
    cargo.args(["build", "--target", TARGET, "--profile=wasm-release"]);
    cargo.args(["--package=podshell-frontend", "--bin=podshell-frontend"]);
    command::run(cargo.current_dir(&places.repository))
}

/// Trunk with all that it needs, so that it fetches nothing itself.
fn trunk(places: &Places, toolchain: &Toolchain) -> Result<Command> {
    tools::check_node()?;
    let frontend = places.repository.join("frontend");
    tools::npm_packages(&frontend)?;
    let mut path = tools::page_tools(places)?;
    // Wasm-opt.
    path.push(frontend.join("node_modules/.bin"));
    let mut trunk = Command::new("trunk");
    toolchain.apply(&mut trunk, &path);
    trunk
        .current_dir(&places.repository)
        .env("TRUNK_OFFLINE", "true")
        .env("TRUNK_SKIP_VERSION_CHECK", "true")
        // It takes no other word than true or false there.
        .env_remove("NO_COLOR");
    Ok(trunk)
}
