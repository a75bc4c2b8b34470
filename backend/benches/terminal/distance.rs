//! Terminals over a long line: how fast output comes, how long a shell takes to its prompt, and how long Ctrl-C takes,
//! beside direct execs over a line of the same length.

use anyhow::{Context as _, Result};
use tokio::time::{Duration, Instant};

use crate::{
    Bench, Server,
    cluster::Cluster,
    interrupt::{self, SPEED},
    prompt,
    report::{Bar, Measure, Row, median},
    terminal::{Terminal, Way},
    worker,
};

/// How long the line takes each way.
const ONE_WAY: Duration = Duration::from_millis(75);
/// The longest that Ctrl-C may take, in ms: two round trips, and 100 ms.
const INTERRUPT: f64 = 400.0;
/// How long a flood lasts before Ctrl-C at the most. A direct exec has all of it under way that the screen has not drawn.
const FLOOD: Duration = Duration::from_secs(5);
/// A line of output.
const LINE: &str = "2026-01-31T12:00:00.000Z INFO  request served path=/healthz ms=3 code=200";

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (server, _line) = Server::start_far(ONE_WAY, &bench.binary, &bench.cluster).await?;
    let (cluster, _line) = bench.cluster.far(ONE_WAY).await?;
    let mut rows = vec![
        output(bench, &server, &cluster).await?,
        first_prompt(bench, &server, &cluster).await?,
    ];
    rows.extend(ctrl_c(bench, &server, &cluster).await?);
    server.stop().await?;
    Ok(rows)
}

/// How fast output comes to who draws it at once.
async fn output(bench: &Bench, server: &Server, cluster: &Cluster) -> Result<Row> {
    let path = format!("{}/far-lines", bench.folder);
    let count = bench.effort.bytes / (LINE.len() as u64 + 2);
    let make = format!("yes '{LINE}' | head -n {count} >{path}");
    bench.cluster.run(&make).await?;
    let bytes = count * (LINE.len() as u64 + 2);
    let mut terminals = worker::start_on(bench, cluster, server, &Way::ALL).await?;
    let mut speeds = Way::ALL.map(|_| vec![]);
    for round in 0..bench.effort.rounds {
        for place in 0..Way::ALL.len() {
            let place = (place + round) % Way::ALL.len();
            let speed = worker::alone(&mut terminals, place, async |way, terminal| {
                let start = Instant::now();
                terminal.write(format!("cat {path}\n").as_bytes()).await?;
                let swallowed = terminal.swallow(bytes).await;
                swallowed.with_context(|| format!("by {}", way.name()))?;
                Ok(bytes as f64 / start.elapsed().as_secs_f64() / 1e6)
            });
            speeds[place].push(speed.await?);
        }
    }
    worker::stop(terminals).await?;
    let [v5, v4, binary, text] = speeds.map(|speeds| median(&speeds));
    let bar = Bar::AtLeast(Measure::Ratio, 0.8);
    Ok(Row::new("output at 150 ms", "MB/s")
        .with(Way::V5, v5)
        .with(Way::V4, v4)
        .with_bar(Way::Binary, binary, bar)
        .with_bar(Way::Text, text, bar))
}

async fn first_prompt(bench: &Bench, server: &Server, cluster: &Cluster) -> Result<Row> {
    let mut times = Way::ALL.map(|_| vec![]);
    // The first of each connects and is not counted.
    for round in 0..=bench.effort.short_rounds {
        for (times, way) in times.iter_mut().zip(Way::ALL) {
            let time = prompt::time(Terminal::open(way, cluster, server)).await?;
            if round > 0 {
                times.push(time);
            }
        }
    }
    let [v5, v4, binary, text] = times.map(|times| median(&times));
    Ok(
        Row::new("first prompt at 150 ms (direct: finds bash)", "ms")
            .with(Way::V5, v5)
            .with(Way::V4, v4)
            .with_bar(Way::Binary, binary, Bar::AtMost(Measure::Ratio, 1.10))
            // Where the page falls back to it, it opens no socket before it has an id.
            .with(Way::Text, text),
    )
}

async fn ctrl_c(bench: &Bench, server: &Server, cluster: &Cluster) -> Result<[Row; 2]> {
    let mut drawn = Way::ALL.map(|_| vec![]);
    let mut prompts = Way::ALL.map(|_| vec![]);
    for _ in 0..bench.effort.rounds {
        for (place, way) in Way::ALL.into_iter().enumerate() {
            let terminal = Terminal::open(way, cluster, server).await?;
            let interrupts = Way::PODSHELL.contains(&way);
            let seen = interrupt::time(terminal, bench.effort.yes.min(FLOOD), interrupts).await?;
            drawn[place].push(seen.drawn);
            prompts[place].push(seen.prompt);
        }
    }
    let row = |figure, unit, values: [Vec<f64>; 4], bar| {
        let [v5, v4, binary, text] = values.map(|values| median(&values));
        Row::new(figure, unit)
            .with(Way::V5, v5)
            .with(Way::V4, v4)
            .with_bar(Way::Binary, binary, bar)
            .with_bar(Way::Text, text, bar)
    };
    let speed = SPEED / 1e6;
    Ok([
        row(
            "output at 150 ms to a screen that draws 4 MB/s",
            "MB/s",
            drawn,
            Bar::AtLeast(Measure::Value, 0.8 * speed),
        ),
        row(
            "Ctrl-C in it to the prompt",
            "ms",
            prompts,
            Bar::AtMost(Measure::Value, INTERRUPT),
        ),
    ])
}
