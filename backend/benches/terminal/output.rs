//! How fast output comes, and what CPU time it costs the server.
//!
//! Seconds of CPU time tell as much of the machine as of the server, so the bar is what kubectl takes here.

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use crate::{
    Bench, REAL,
    kubectl::Kubectl,
    report::{Bar, Measure, Row, median},
    server::Server,
    terminal::{Terminal, Way},
    worker,
};

/// The most CPU time that the server may take for binary and for text, as a part of kubectl's. Where the bars
/// were set, 0.25 s and 0.50 s for 100 MB, that took 0.64 to 0.72 s.
const CPU_BARS: [f64; 2] = [0.25 / 0.72, 0.50 / 0.72];

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
    let ways = if bench.cluster.place == REAL && Kubectl::is_there().await {
        &Way::WITH_KUBECTL[..]
    } else {
        &Way::ALL
    };
    let mut terminals = worker::start(bench, &server, ways).await?;
    let mut rows = Vec::new();
    for lines in &LINES {
        let path = format!("{}/lines", bench.folder);
        let count = bench.effort.bytes / LENGTH;
        let make = format!(
            "yes \"$(printf '{}')\" | head -n {count} >{path}; wc -c <{path}",
            lines.format
        );
        let size: u64 = bench.cluster.run(&make).await?.trim().parse()?;
        // The terminal puts a carriage return before each line feed.
        let bytes = size + count;

        let mut results: Vec<Results> = ways.iter().map(|_| Results::default()).collect();
        for round in 0..bench.effort.rounds {
            for place in 0..ways.len() {
                // Each is first once.
                let place = (place + round) % ways.len();
                let (speed, cpu) = worker::alone(&mut terminals, place, async |way, terminal| {
                    let before = cpu_time(&server, terminal).await?;
                    let start = Instant::now();
                    terminal.write(format!("cat {path}\n").as_bytes()).await?;
                    let swallowed = terminal.swallow(bytes).await;
                    swallowed.with_context(|| format!("by {}", way.name()))?;
                    let time = start.elapsed().as_secs_f64();
                    let used = cpu_time(&server, terminal).await? - before;
                    anyhow::Ok((bytes as f64 / time / 1e6, used * 100e6 / bytes as f64))
                })
                .await?;
                results[place].speeds.push(speed);
                results[place].cpu.push(cpu);
            }
        }

        let at_least = |part| Bar::AtLeast(Measure::Ratio, part);
        let [binary, text] = CPU_BARS.map(|part| Bar::AtMost(Measure::KubectlRatio, part));
        let mut output = Row::new(format!("output, {}", lines.name), "MB/s");
        let mut cpu = Row::new(format!("CPU per 100 MB, {}", lines.name), "s");
        for (&way, results) in ways.iter().zip(&results) {
            let (speed, time) = (median(&results.speeds), median(&results.cpu));
            match way {
                Way::V5 | Way::V4 => output = output.with(way, speed),
                Way::Kubectl => {
                    output = output.with(way, speed);
                    cpu = cpu.with(way, time);
                }
                Way::Binary => {
                    output = output.with_bar(way, speed, at_least(0.95));
                    cpu = cpu.with_bar(way, time, binary);
                }
                Way::Text => {
                    output = output.with_bar(way, speed, at_least(lines.text_bar));
                    cpu = cpu.with_bar(way, time, text);
                }
            }
        }
        rows.extend([output, cpu]);
    }
    worker::stop(terminals).await?;
    server.stop().await?;
    Ok(rows)
}

/// The CPU time so far, in seconds: kubectl's own, or else the server's.
async fn cpu_time(server: &Server, terminal: &Terminal) -> Result<f64> {
    match terminal {
        Terminal::Kubectl(kubectl) => kubectl.cpu().await,
        Terminal::Direct(_) | Terminal::Podshell(_) => server.cpu().await,
    }
}
