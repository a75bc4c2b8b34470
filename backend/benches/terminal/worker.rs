//! A terminal in which a script obeys lines of shell code, without prompt or echo: all its output is known.

use anyhow::Result;

use crate::{
    Bench,
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
pub(crate) async fn start<const N: usize>(
    bench: &Bench,
    server: &Server,
    ways: [Way; N],
) -> Result<Vec<(Way, Terminal)>> {
    let script = put_script(bench).await?;
    let mut terminals = Vec::new();
    for way in ways {
        let mut terminal = Terminal::open(way, &bench.cluster, server).await?;
        terminal.prompt().await?;
        let command = format!("exec sh {script}\r");
        terminal.write(command.as_bytes()).await?;
        let is_ready = |screen: &[u8]| screen.ends_with(READY);
        terminal.read_until("the script", is_ready).await?;
        terminals.push((way, terminal));
    }
    Ok(terminals)
}

/// Ends them all.
pub(crate) async fn stop(terminals: Vec<(Way, Terminal)>) -> Result<()> {
    for (_, terminal) in terminals {
        // the terminal makes a line end of the carriage return
        terminal.exit().await?;
    }
    Ok(())
}
