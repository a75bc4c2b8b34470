//! How fast output comes, and what CPU time it costs the server.

use anyhow::Result;
use tokio::time::Instant;

use crate::{
    Bench,
    report::{Bar, Measure, Row, median},
    terminal::Way,
    worker,
};

/// How long a line is, about, in bytes.
const LENGTH: u64 = 73;

/// What is printed again and again.
struct Lines {
    name: &'static str,
    /// As `printf` takes it.
    format: &'static str,
    /// The least part of a direct exec's speed over text.
    text_bar: f64,
}

const LINES: [Lines; 2] = [
    Lines {
        name: "plain lines",
        format: "2026-01-31T12:00:00.000Z INFO  request served path=/healthz ms=3 code=200",
        text_bar: 0.85,
    },
    Lines {
        name: "coloured lines",
        format: r#"\033[1;34m"pod"\033[0m: \033[32m"web-0"\033[0m, \033[1;34m"ready"\033[0m: \033[33mtrue\033[0m"#,
        text_bar: 0.80,
    },
];

/// The results of one way.
#[derive(Debug, Default)]
struct Results {
    /// In MB/s.
    speeds: Vec<f64>,
    /// In seconds per 100 MB.
    cpu: Vec<f64>,
}

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let server = bench.server(&[]).await?;
    let mut terminals = worker::start(bench, &server, Way::ALL).await?;
    let mut rows = Vec::new();
    for lines in &LINES {
        let path = format!("{}/lines", bench.folder);
        let count = bench.effort.bytes / LENGTH;
        let make = format!(
            "yes \"$(printf '{}')\" | head -n {count} >{path}; wc -c <{path}",
            lines.format
        );
        let size: u64 = bench.cluster.run(&make).await?.trim().parse()?;
        // the terminal puts a carriage return before each line feed
        let bytes = size + count;

        let mut results = Way::ALL.map(|_| Results::default());
        for round in 0..bench.effort.rounds {
            for place in 0..Way::ALL.len() {
                // each is first once
                let place = (place + round) % Way::ALL.len();
                let (_, terminal) = &mut terminals[place];
                let cpu = server.cpu().await?;
                let start = Instant::now();
                terminal.write(format!("cat {path}\n").as_bytes()).await?;
                terminal.swallow(bytes).await?;
                let time = start.elapsed().as_secs_f64();
                let results = &mut results[place];
                results.speeds.push(bytes as f64 / time / 1e6);
                let cpu = server.cpu().await? - cpu;
                results.cpu.push(cpu * 100e6 / bytes as f64);
            }
        }

        let [v5, v4, binary, text] = results;
        let at_least = |part| Bar::AtLeast(Measure::Ratio, part);
        rows.push(
            Row::new(format!("output, {}", lines.name), "MB/s")
                .with(Way::V5, median(&v5.speeds))
                .with(Way::V4, median(&v4.speeds))
                .with_bar(Way::Binary, median(&binary.speeds), at_least(0.95))
                .with_bar(Way::Text, median(&text.speeds), at_least(lines.text_bar)),
        );
        let at_most = |seconds| Bar::AtMost(Measure::Value, seconds);
        rows.push(
            Row::new(format!("server CPU per 100 MB, {}", lines.name), "s")
                .with_bar(Way::Binary, median(&binary.cpu), at_most(0.25))
                .with_bar(Way::Text, median(&text.cpu), at_most(0.50)),
        );
    }
    worker::stop(terminals).await?;
    server.stop().await?;
    Ok(rows)
}
