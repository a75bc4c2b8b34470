//! A terminal in which a script obeys lines of shell code, without prompt or echo: all its output is known.

use anyhow::{Context as _, Result, anyhow};
use futures_util::future::try_join_all;

use crate::{
    Bench,
    cluster::Cluster,
    server::Server,
    terminal::{Terminal, Way},
};

/// Lines are read as they come, and output goes through the terminal's line discipline as it does in any
/// shell.
const SCRIPT: &str =
    r#"stty -echo -icanon; echo obeying; while read -r line; do eval "$line"; done"#;
const READY: &[u8] = b"obeying\r\n";

/// Puts the script into the container.
async fn put_script(bench: &Bench) -> Result<String> {
    let path = format!("{}/obey", bench.folder);
    let script = format!("cat >{path} <<'END'\n{SCRIPT}\nEND");
    bench.cluster.run(&script).await?;
    Ok(path)
}

/// One such terminal for each way, in its order.
pub(crate) async fn start(
    bench: &Bench,
    server: &Server,
    ways: &[Way],
) -> Result<Vec<(Way, Terminal)>> {
    start_on(bench, &bench.cluster, server, ways).await
}

/// The same, where the cluster is reached another way.
pub(crate) async fn start_on(
    bench: &Bench,
    cluster: &Cluster,
    server: &Server,
    ways: &[Way],
) -> Result<Vec<(Way, Terminal)>> {
    let script = put_script(bench).await?;
    let mut terminals = Vec::new();
    for &way in ways {
        let mut terminal = Terminal::open(way, cluster, server).await?;
        terminal.prompt().await?;
        let command = format!("exec sh {script}\r");
        terminal.write(command.as_bytes()).await?;
        let is_ready = |screen: &[u8]| screen.ends_with(READY);
        terminal.read_until("the script", is_ready).await?;
        terminals.push((way, terminal));
    }
    Ok(terminals)
}

/// Does something with one of them, while the others stay connected: who does not read answers no ping.
pub(crate) async fn alone<T>(
    terminals: &mut [(Way, Terminal)],
    place: usize,
    act: impl AsyncFnOnce(Way, &mut Terminal) -> Result<T>,
) -> Result<T> {
    let (before, rest) = terminals.split_at_mut(place);
    let ((way, terminal), after) = rest.split_first_mut().context("no such terminal")?;
    let others = before.iter_mut().chain(after).map(async |(way, terminal)| {
        let said = terminal.read().await?;
        Err::<(), _>(anyhow!("{} said {said:?}", way.name()))
    });
    tokio::select! {
        done = act(*way, terminal) => done,
        Err(error) = try_join_all(others) => Err(error),
    }
}

/// Ends them all.
pub(crate) async fn stop(terminals: Vec<(Way, Terminal)>) -> Result<()> {
    for (_, terminal) in terminals {
        // The terminal makes a line end of the carriage return.
        terminal.exit().await?;
    }
    Ok(())
}
