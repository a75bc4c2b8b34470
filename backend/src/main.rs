//! The `podshell` command.

mod links;
mod log;
mod signals;

use std::{
    env::{self, VarError},
    error::Error,
    io::{self, Write as _},
    pin::pin,
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use clap::{
    CommandFactory as _, FromArgMatches as _,
    builder::{OsStr, Resettable},
};
use podshell::{
    Drained, Server,
    config::{Config, Secret},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};
use tokio_util::task::AbortOnDropHandle;
use tracing::info;

use self::{links::Asked, signals::Signals};

/// What holds a key for scripts.
const TOKEN: &str = "PODSHELL_TOKEN";
// As `--help` says.
const COULD_NOT_START: u8 = 1;
const SOMETHING_LEFT: u8 = 3;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What shells add to the number of the signal that ended a process.
const BY_SIGNAL: u8 = 128;

fn main() -> ExitCode {
    let config = configuration();
    let _log = log::start();
    let served = runtime(config.threads.get())
        .map_err(Into::into)
        .and_then(|runtime| {
            let served = runtime.block_on(serve(config));
            // Nothing that still runs is worth waiting for.
            runtime.shutdown_background();
            served
        });
    ExitCode::from(served.unwrap_or_else(|error| {
        complain(&error.to_string());
        COULD_NOT_START
    }))
}

/// What the command line says, and where it says nothing, variables: those that are empty say nothing either, as compose files
/// have them.
fn configuration() -> Config {
    let command = Config::command().mut_args(|argument| {
        let value = argument.get_env().and_then(env::var_os);
        if value.is_some_and(|value| value.is_empty()) {
            argument.env(Resettable::<OsStr>::Reset)
        } else {
            argument
        }
    });
    let config = Config::from_arg_matches(&command.get_matches());
    config.unwrap_or_else(|error| error.exit())
}

/// With several threads, what comes for one terminal wakes more than one of them: a third more CPU time
/// for the same bytes.
fn runtime(threads: usize) -> io::Result<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(threads).enable_all().build()
}

/// Serves until a signal comes; at a second one it ends there and then. Gives the exit code.
async fn serve(config: Config) -> Result<u8, Box<dyn Error>> {
    // Before anyone is told that we are here.
    let mut signals = Signals::listen()?;
    let asked = Asked::listen()?;
    let server = tokio::select! {
        // A key at a terminal ends a plugin that asks there, too: that is not what went wrong.
        biased;
        signal = signals.next() => return Ok(BY_SIGNAL + signal),
        bound = Box::pin(Server::new(with_token(config)?).bind()) => bound?,
    };
    let links = server.links();
    links::print_first(
        server.choice(),
        server.address(),
        &server.page(),
        links.as_ref(),
    );
    let _more_links =
        links.map(|links| AbortOnDropHandle::new(tokio::spawn(asked.print_more(links))));
    let (stop, stopped) = oneshot::channel::<()>();
    let mut running = pin!(server.run(async {
        let _ = stopped.await;
    }));
    let signal = tokio::select! {
        drained = &mut running => return Ok(code(drained?)),
        signal = signals.next() => signal,
    };
    info!(signal, "asked to end; a second time ends at once");
    let _ = stop.send(());
    tokio::select! {
        drained = running => Ok(code(drained?)),
        signal = signals.again() => {
            complain("ended at once, as asked: shells and their jobs may still run in their containers");
            Ok(BY_SIGNAL + signal)
        }
    }
}

/// The configuration with the key that the user has set in a variable, where other users can't read it.
fn with_token(mut config: Config) -> Result<Config, String> {
    match env::var(TOKEN) {
        Ok(token) if !token.is_empty() => {
            let token = Secret::new(&token);
            config.token = Some(token.map_err(|error| format!("can't use {TOKEN}: {error}"))?);
        }
        Err(VarError::NotUnicode(_)) => return Err(format!("can't use {TOKEN}: it is no text")),
        _ => {}
    }
    Ok(config)
}

fn code(drained: Drained) -> u8 {
    if drained.left == 0 { 0 } else { SOMETHING_LEFT }
}

fn complain(what: &str) {
    let line = format!("podshell: {what}\n");
    let (written, done) = mpsc::channel();
    thread::spawn(move || {
        // Unlike with eprintln!, there need be nobody to read it.
        let _ = io::stderr().write_all(line.as_bytes());
        let _ = written.send(());
    });
    // A terminal may stand still.
    let _ = done.recv_timeout(LAST_WORDS);
}
