//! Builds the page into `dist/` with Trunk.

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
    let index = built.join("index.html");
    let html =
        fs::read_to_string(&index).with_context(|| format!("reading {}", index.display()))?;
    fs::write(&index, with_ordered_preloads(&html))
        .with_context(|| format!("writing {}", index.display()))?;
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

/// The page with the scripts that browsers shall fetch early in order.
///
/// Trunk names them in another order at each build, and then the binary would be another, too.
fn with_ordered_preloads(html: &str) -> String {
    const START: &str = r#"<link rel="modulepreload""#;
    let (before, mut rest) = html.split_at(html.find(START).unwrap_or(html.len()));
    let mut links = Vec::new();
    while let Some(end) = rest.find('>').filter(|_| rest.starts_with(START)) {
        let (link, after) = rest.split_at(end + 1);
        links.push(link);
        rest = after;
    }
    links.sort_unstable();
    format!("{before}{}{rest}", links.concat())
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

#[cfg(test)]
mod tests {
    use super::with_ordered_preloads;

    #[test]
    fn preloads_are_in_order_and_all_else_is_as_it_was() {
        let link = |name: &str| format!(r#"<link rel="modulepreload" href="{name}">"#);
        let page = |first: &str, second: &str| {
            let links = link(first) + &link(second);
            format!(r#"<head><link rel="icon">{links}<link rel="preload"></head>"#)
        };
        for html in [page("a.js", "b.js"), page("b.js", "a.js")] {
            assert_eq!(with_ordered_preloads(&html), page("a.js", "b.js"));
        }
        assert_eq!(with_ordered_preloads("<head></head>"), "<head></head>");
    }
}
