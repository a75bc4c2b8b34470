//! How much memory a flood of output costs the server whose client does not read, or does not acknowledge.

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio::time::{Duration, Instant, sleep_until};

use crate::{
    Bench,
    report::{Bar, Measure, Row},
    terminal::{Terminal, Way, is_prompt},
};

/// How often the server's memory is looked at.
const EVERY: Duration = Duration::from_millis(100);
const KIB: f64 = 1024.0;

/// What the client does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Reading,
    Acknowledging,
}

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (fault, what) in [
        (Fault::Reading, "who does not read"),
        (Fault::Acknowledging, "who does not acknowledge"),
    ] {
        // A flood that nobody takes costs no time: both at once.
        let growths = Way::PODSHELL.map(|way| growth(bench, way, fault));
        let growths = try_join_all(growths).await?;
        let seconds = bench.effort.flood.as_secs();
        let figure = format!("server memory growth, {seconds} s flood to one {what}");
        let row = Row::new(figure, "KiB");
        let results = Way::PODSHELL.into_iter().zip(growths);
        rows.push(results.fold(row, |row, (way, growth)| {
            row.with_bar(way, growth / KIB, Bar::AtMost(Measure::Value, 512.0))
        }));
    }
    Ok(rows)
}

/// By how many bytes the server's resident memory grows at most.
async fn growth(bench: &Bench, way: Way, fault: Fault) -> Result<f64> {
    let server = bench.server(&[]).await?;
    let mut terminal = Terminal::open(way, &bench.cluster, &server).await?;
    terminal.prompt().await?;
    // Less than a window, but enough to have all code of its way resident.
    terminal.write(b"yes | head -n 30000\r").await?;
    let ended = |screen: &[u8]| screen.len() > 90_000 && is_prompt(screen);
    terminal.read_until("the end of some output", ended).await?;
    let idle = server.settled().await?.resident;

    terminal.write(b"yes\r").await?;
    let until = Instant::now() + bench.effort.flood;
    let mut peak: f64 = 0.0;
    let watching = async {
        let mut next = Instant::now();
        while next < until {
            next += EVERY;
            sleep_until(next).await;
            peak = peak.max(server.memory().await?.resident);
        }
        anyhow::Ok(())
    };
    let reading = async {
        while fault == Fault::Acknowledging && terminal.read().await?.is_some() {}
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        watched = watching => watched?,
        read = reading => read?,
    }
    drop(terminal);
    server.stop().await?;
    Ok(peak - idle)
}
