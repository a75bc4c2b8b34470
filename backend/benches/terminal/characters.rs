//! How many characters are damaged on their way to what a page shows.
//!
//! Each client makes text of what it gets as the page does: by one streaming decoder, frame by frame. What the page itself
//! then draws is for `e2e/specs/unicode.spec.ts`.

use anyhow::{Result, bail};
use podshell_shared::utf8::Utf8Stream;

use crate::{
    Bench,
    report::{Bar, Measure, Row},
    terminal::{Terminal, Way, soon},
    worker,
};

/// How often the line is printed: 1 MB.
const COUNT: usize = 2_400;
const END: &str = "end\r\n";

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let server = bench.server(&[]).await?;
    let mut terminals = worker::start(bench, &server, &Way::ALL).await?;
    let mut row = Row::new("characters damaged in 1 MB of every lead byte", "");
    for (way, terminal) in &mut terminals {
        let damaged = damaged(terminal).await? as f64;
        row = if Way::PODSHELL.contains(way) {
            row.with_bar(*way, damaged, Bar::AtMost(Measure::Value, 0.0))
        } else {
            row.with(*way, damaged)
        };
    }
    worker::stop(terminals).await?;
    server.stop().await?;
    Ok(vec![row])
}

/// Characters of each lead byte, with the least and the greatest bytes that may follow any: those that a decoder takes for
/// none. Of a length that frames don't have a multiple of.
fn line() -> String {
    let mut line = String::new();
    for lead in 0xc2..=0xf4_u8 {
        let rest = match lead {
            0..0xe0 => 1,
            0xe0..0xf0 => 2,
            0xf0.. => 3,
        };
        // A bit for each byte that follows; not all may follow any lead byte.
        for greatest in 0..1 << rest {
            let follows = |at| if greatest >> at & 1 == 1 { 0xbf } else { 0x80 };
            let bytes: Vec<u8> = [lead].into_iter().chain((0..rest).map(follows)).collect();
            line.push_str(str::from_utf8(&bytes).unwrap_or_default());
        }
    }
    line
}

async fn damaged(terminal: &mut Terminal) -> Result<usize> {
    let line = line();
    // As bytes that no line editor makes anything of.
    let octal: String = line.bytes().map(|byte| format!("\\{byte:03o}")).collect();
    let command = format!("yes \"$(printf '{octal}')\" | head -n {COUNT}; echo e''nd\n");
    terminal.write(command.as_bytes()).await?;
    let (mut characters, mut screen) = (Utf8Stream::default(), String::new());
    soon("all characters", async {
        while !screen.ends_with(END) {
            let Some(data) = terminal.read().await? else {
                bail!("it ended: {screen}");
            };
            characters.push(&data, |text| screen.push_str(text));
            terminal.drawn().await?;
        }
        Ok(())
    })
    .await?;
    Ok(difference(&screen, &line))
}

/// In how many places the last lines of a screen are not that line.
fn difference(screen: &str, line: &str) -> usize {
    let lines: Vec<&str> = screen.lines().collect();
    let printed = &lines[..lines.len() - 1];
    let missing = COUNT.saturating_sub(printed.len()) * line.chars().count();
    let last = printed[printed.len().saturating_sub(COUNT)..].iter();
    missing
        + last
            .map(|shown| {
                let same = shown.chars().zip(line.chars()).filter(|(a, b)| a == b);
                shown.chars().count().max(line.chars().count()) - same.count()
            })
            .sum::<usize>()
}
