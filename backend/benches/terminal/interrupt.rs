//! How long Ctrl-C takes under a flood, until a client that draws at a browser's speed has drawn the prompt.

use anyhow::{Context as _, Result};
use podshell_shared::terminal::{ClientMessage, TELL_EVERY};
use tokio::time::{Duration, Instant, sleep_until};

use crate::{
    Bench,
    report::{Bar, Measure, Row, median},
    terminal::{Page, Terminal, Way, is_prompt, soon},
};

/// Lines of a common length: `y` alone comes, where `yes` is busybox', slower than a browser draws.
const FLOOD: &str =
    "yes 2026-01-31T12:00:00.000Z INFO request served path=/healthz ms=3 code=200\r";
/// A browser's drawing speed, in bytes per second.
pub(crate) const SPEED: f64 = 4e6;
/// A client that was late catches up with so much.
const LATE: Duration = Duration::from_millis(20);
/// The longest prompt that is looked for, in bytes.
const TAIL: usize = 256;

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let server = bench.server(&[]).await?;
    let mut plain = [vec![], vec![], vec![], vec![]];
    let mut interrupts = [vec![], vec![]];
    let mut dashboards = vec![];
    for _ in 0..bench.effort.rounds.div_ceil(2) {
        for (times, way) in plain.iter_mut().zip(Way::ALL) {
            let terminal = Terminal::open(way, &bench.cluster, &server).await?;
            times.push(time(terminal, bench.effort.yes, false).await?.prompt);
        }
        for (times, way) in interrupts.iter_mut().zip(Way::PODSHELL) {
            let terminal = Terminal::open(way, &bench.cluster, &server).await?;
            times.push(time(terminal, bench.effort.yes, true).await?.prompt);
        }
        let terminal = Terminal::Podshell(Page::of_dashboard(&server).await?);
        dashboards.push(time(terminal, bench.effort.yes, false).await?.prompt);
    }
    server.stop().await?;
    let [v5, v4, plain_binary, plain_text] = plain.map(|times| median(&times));
    let [binary, text] = interrupts.map(|times| median(&times));
    let bar = Bar::AtMost(Measure::Value, 300.0);
    Ok(vec![
        Row::new("Ctrl-C under a flood to the prompt", "ms")
            .with(Way::V5, v5)
            .with(Way::V4, v4)
            .with_bar(Way::Binary, binary, bar)
            .with_bar(Way::Text, text, bar),
        Row::new("the same, typed without `interrupt`", "ms")
            .with(Way::Binary, plain_binary)
            .with(Way::Text, plain_text),
        Row::new("the same, typed in a client of Dashboard's", "ms").with_bar(
            Way::Text,
            median(&dashboards),
            Bar::AtMost(Measure::Value, 150.0),
        ),
    ])
}

/// What a client saw that draws at a browser's speed.
pub(crate) struct Seen {
    /// How fast it drew in the second half of the flood, in MB/s.
    pub(crate) drawn: f64,
    /// How long it took from Ctrl-C to the prompt on the screen, in ms.
    pub(crate) prompt: f64,
}

/// Has a terminal flooded for so long, and ends that with Ctrl-C.
pub(crate) async fn time(mut terminal: Terminal, flood: Duration, interrupt: bool) -> Result<Seen> {
    terminal.prompt().await?;
    terminal.write(FLOOD.as_bytes()).await?;
    let mut drawing = Drawing::new(terminal);
    let begun = Instant::now();
    let mut drawn = 0;
    soon("the flood", async {
        while begun.elapsed() < flood {
            let length = drawing.step().await?;
            if begun.elapsed() > flood / 2 {
                drawn += length;
            }
        }
        Ok(())
    })
    .await?;
    let start = Instant::now();
    match &mut drawing.terminal {
        Terminal::Podshell(page) if interrupt => page.say(&ClientMessage::Interrupt).await?,
        terminal => terminal.write(b"\x03").await?,
    }
    soon("the prompt after Ctrl-C", async {
        while !is_prompt(&drawing.tail) {
            drawing.step().await?;
        }
        Ok(())
    })
    .await?;
    let time = start.elapsed();
    drawing.terminal.exit().await?;
    Ok(Seen {
        drawn: drawn as f64 / (flood / 2).as_secs_f64() / 1e6,
        prompt: time.as_secs_f64() * 1e3,
    })
}

/// A screen that takes its time.
struct Drawing {
    terminal: Terminal,
    /// When all that was read is drawn.
    done: Instant,
    undrawn: u64,
    tail: Vec<u8>,
}

impl Drawing {
    fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            done: Instant::now(),
            undrawn: 0,
            tail: Vec::new(),
        }
    }

    /// Reads a piece of output and draws it; tells its length in bytes.
    async fn step(&mut self) -> Result<usize> {
        let data = self.terminal.read().await?.context("it ended")?;
        let late = Instant::now().checked_sub(LATE);
        let time = Duration::from_secs_f64(data.len() as f64 / SPEED);
        self.done = late.map_or(self.done, |late| self.done.max(late)) + time;
        sleep_until(self.done).await;
        self.undrawn += data.len() as u64;
        if self.undrawn >= TELL_EVERY {
            self.undrawn = 0;
            self.terminal.drawn().await?;
        }
        self.tail.extend_from_slice(&data);
        let old = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..old);
        Ok(data.len())
    }
}
