//! The server behind `trunk serve`: called by Trunk's address, and told so by Trunk's proxy.

use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use anyhow::{Context as _, Result, bail};

use crate::{command, places::Places};

/// Where Trunk serves if nothing else is asked for, as Trunk.toml has it.
const TRUNK_PORT: &str = "8080";

/// A running server, which is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct DevServer(Child);

impl DevServer {
    /// Builds a server and starts it where Trunk.toml's proxies lead; it takes its flags from `PODSHELL_` variables. Returns
    /// when it listens.
    pub(crate) fn start(places: &Places, trunk: &[OsString]) -> Result<Self> {
        command::run(
            command::cargo()
                .args(["build", "--package=podshell", "--bin=podshell"])
                .current_dir(&places.repository),
        )?;
        let binary = places
            .target
            .join("debug")
            .join(format!("podshell{}", env::consts::EXE_SUFFIX));
        let port = port_in(trunk)
            .or_else(|| env::var("TRUNK_SERVE_PORT").ok())
            .unwrap_or_else(|| TRUNK_PORT.to_owned());
        let child = Command::new(&binary)
            .args(["--listen=127.0.0.1:7780", "--trusted-proxy=127.0.0.1"])
            .arg(format!("--public-url=http://127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut server = Self(child.with_context(|| format!("starting {}", binary.display()))?);
        let said = server.0.stdout.take().context("no output to read")?;
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let listens = lines.by_ref().inspect(|line| println!("{line}"));
        if !listens.into_iter().any(|line| line.starts_with("Open ")) {
            bail!("the server did not start");
        }
        // More links may come.
        thread::spawn(move || lines.for_each(|line| println!("{line}")));
        Ok(server)
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // In order, so that no process stays in a container.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// The port in Trunk's arguments.
fn port_in(arguments: &[OsString]) -> Option<String> {
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        if argument == "--port" || argument == "-p" {
            return arguments.next().map(Into::into);
        }
        if let Some(port) = argument.strip_prefix("--port=") {
            return Some(port.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_trunks() {
        let port = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            port_in(&arguments)
        };
        assert_eq!(port(&["serve"]), None);
        assert_eq!(port(&["serve", "--port", "9000"]).unwrap(), "9000");
        assert_eq!(
            port(&["serve", "--port=9001", "--release"]).unwrap(),
            "9001"
        );
        assert_eq!(port(&["serve", "-p", "9002"]).unwrap(), "9002");
        assert_eq!(port(&["serve", "--port"]), None);
    }
}
