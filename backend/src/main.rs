//! The `podshell` command.

mod links;
mod log;

use std::{future::Future, io, process::ExitCode};

use clap::Parser as _;
use podshell::{
    Server,
    config::{Config, Secret},
};
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    let mut config = Config::parse();
    log::start();
    match std::env::var("PODSHELL_TOKEN") {
        Ok(token) if !token.is_empty() => match Secret::new(&token) {
            Ok(token) => config.token = Some(token),
            Err(error) => {
                eprintln!("podshell: can't use PODSHELL_TOKEN: {error}");
                return ExitCode::FAILURE;
            }
        },
        _ => {}
    }
    let served = runtime(config.threads.get())
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(serve(config)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("podshell: {error}");
            ExitCode::FAILURE
        }
    }
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

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    // before anyone is told that we are here
    let stop = stop_signal()?;
    let server = Server::new(config).bind().await?;
    links::print_first(server.choice(), server.address(), &server.links());
    let more_links = tokio::spawn(links::print_more(server.links()));
    let ran = server.run(stop).await;
    more_links.abort();
    let _ = ran?;
    Ok(())
}

/// Done at Ctrl-C or when the system asks the process to end.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
