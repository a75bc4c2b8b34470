//! How many characters break on their way, and whether any byte is wrong.

use anyhow::{Result, ensure};

use crate::{
    Bench,
    report::{Bar, Measure, Row},
    terminal::{Terminal, Way},
    worker,
};

/// Of a length that frames don't have a multiple of.
const LINE: &str = "终端里的每一个字符都要完整🎉猫🚀，包括表情👩‍💻";
const COUNT: usize = 14_000;
const END: &[u8] = b"end\r\n";

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let server = bench.server(&[]).await?;
    let mut terminals = worker::start(bench, &server, &Way::ALL).await?;
    let mut row = Row::new("U+FFFD in 1 MB of Chinese and emoji", "");
    for (way, terminal) in &mut terminals {
        let broken = broken(terminal).await?;
        row = if Way::PODSHELL.contains(way) {
            row.with_bar(*way, broken, Bar::AtMost(Measure::Value, 0.0))
        } else {
            row.with(*way, broken)
        };
    }
    worker::stop(terminals).await?;
    server.stop().await?;
    Ok(vec![row])
}

async fn broken(terminal: &mut Terminal) -> Result<f64> {
    let command = format!("yes '{LINE}' | head -n {COUNT}; echo end\n");
    terminal.write(command.as_bytes()).await?;
    let ended = |screen: &[u8]| screen.ends_with(END);
    let screen = terminal.read_until("all characters", ended).await?;
    let text = String::from_utf8_lossy(&screen);
    let broken = text.matches('\u{fffd}').count();
    let sent = [format!("{LINE}\r\n").repeat(COUNT).as_bytes(), END].concat();
    ensure!(
        broken > 0 || screen == sent,
        "what came is not what was sent"
    );
    Ok(broken as f64)
}
