//! How long it takes from asking for a shell to its prompt.

use std::future::Future;

use anyhow::Result;
use tokio::time::Instant;

use crate::{
    Bench,
    cluster::Protocol,
    report::{Bar, Measure, Row, median},
    terminal::{FIND_SHELL, Terminal, Way},
};

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let server = bench.server(&[]).await?;
    let cluster = &bench.cluster;
    let mut told = [vec![], vec![]];
    let mut found = [vec![], vec![]];
    let mut podshell = [vec![], vec![]];
    // The first of each connects and is not counted.
    for round in 0..=bench.effort.short_rounds {
        for (place, protocol) in [Protocol::V5, Protocol::V4].into_iter().enumerate() {
            let opening = Terminal::start(cluster, protocol, &["bash"]);
            told[place].push(time(opening).await?);
            let opening = Terminal::start(cluster, protocol, &FIND_SHELL);
            found[place].push(time(opening).await?);
        }
        for (place, way) in Way::PODSHELL.into_iter().enumerate() {
            let opening = Terminal::open(way, cluster, &server);
            podshell[place].push(time(opening).await?);
        }
        if round == 0 {
            for times in told.iter_mut().chain(&mut found).chain(&mut podshell) {
                times.clear();
            }
        }
    }
    server.stop().await?;
    let [told_v5, told_v4] = told.map(|times| median(&times));
    let [found_v5, found_v4] = found.map(|times| median(&times));
    let [binary, text] = podshell.map(|times| median(&times));
    let bar = Bar::AtMost(Measure::Ratio, 1.10);
    Ok(vec![
        Row::new("first prompt (direct: told bash)", "ms")
            .with(Way::V5, told_v5)
            .with(Way::V4, told_v4)
            .with_bar(Way::Binary, binary, bar)
            .with_bar(Way::Text, text, bar),
        Row::new("first prompt (direct: finds bash)", "ms")
            .with(Way::V5, found_v5)
            .with(Way::V4, found_v4),
    ])
}

/// How long a shell takes to open and to prompt, in ms; then it is ended.
pub(crate) async fn time(opening: impl Future<Output = Result<Terminal>>) -> Result<f64> {
    let start = Instant::now();
    let mut terminal = opening.await?;
    terminal.prompt().await?;
    let time = start.elapsed();
    terminal.exit().await?;
    Ok(time.as_secs_f64() * 1e3)
}
