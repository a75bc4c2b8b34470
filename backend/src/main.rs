//! The `podshell` command.

use std::{
    future::Future,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use podshell::{Server, config::Config};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = Config::parse();
    let filter = EnvFilter::try_from_env("PODSHELL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,podshell=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
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
    let mut out = io::stdout();
    writeln!(out, "Podshell serves {}.", server.choice())?;
    writeln!(out, "Open {}", server.links().current())?;
    out.flush()?;
    server.run(stop).await?;
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
