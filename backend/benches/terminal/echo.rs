//! How long a keystroke takes to its echo.

use anyhow::{Result, bail};
use tokio::time::Instant;

use crate::{
    Bench,
    report::{Bar, Measure, Row, percentile},
    terminal::{Terminal, Way, soon},
    worker,
};

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let server = bench.server(&[]).await?;
    let mut terminals = worker::start(bench, &server, &Way::ALL).await?;
    let mut times = Way::ALL.map(|_| Vec::new());
    for round in 0..bench.effort.short_rounds {
        for place in 0..Way::ALL.len() {
            let place = (place + round) % Way::ALL.len();
            let (_, terminal) = &mut terminals[place];
            let keys = type_keys(terminal, bench.effort.keys);
            times[place].extend(soon("echoes", keys).await?);
        }
    }
    worker::stop(terminals).await?;
    server.stop().await?;
    // In µs: binary, text.
    let rows = [("p50", 0.5, 0.0, 20.0), ("p99", 0.99, 100.0, 150.0)];
    let row = |(name, part, binary_bar, text_bar)| {
        let [v5, v4, binary, text] = times.each_ref().map(|times| percentile(times, part));
        let at_most = |more| Bar::AtMost(Measure::Difference, more);
        Row::new(format!("keystroke to echo, {name}"), "µs")
            .with(Way::V5, v5)
            .with(Way::V4, v4)
            .with_bar(Way::Binary, binary, at_most(binary_bar))
            .with_bar(Way::Text, text, at_most(text_bar))
    };
    Ok(rows.map(row).into())
}

/// Types keys, each when the one before was echoed; gives the times in µs.
async fn type_keys(terminal: &mut Terminal, count: usize) -> Result<Vec<f64>> {
    // Sends back each byte for itself, and ends by itself.
    let echo = format!("dd bs=1 count={} 2>/dev/null\n", count + 1);
    terminal.write(echo.as_bytes()).await?;
    // The first tells that it is there.
    let mut times = Vec::with_capacity(count + 1);
    for _ in 0..=count {
        times.push(key(terminal).await?);
    }
    times.remove(0);
    Ok(times)
}

/// Types a key to who sends each byte back for itself; gives the time to its echo in µs.
pub(crate) async fn key(terminal: &mut Terminal) -> Result<f64> {
    let start = Instant::now();
    terminal.write(b"x").await?;
    let time = match terminal.read().await?.as_deref() {
        Some(b"x") => start.elapsed().as_secs_f64() * 1e6,
        other => bail!("the echo of x was {other:?}"),
    };
    terminal.drawn().await?;
    Ok(time)
}
