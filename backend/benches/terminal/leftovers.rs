//! What still runs in the container when the connection has dropped.

use anyhow::{Context as _, Result};
use podshell_shared::terminal::ClientMessage;
use tokio::time::{Duration, sleep};

use crate::{
    Bench,
    report::{Bar, Measure, Row},
    terminal::{Terminal, Way},
};

/// When it is looked at.
const LATER: Duration = Duration::from_secs(10);

/// A shell with a program in its foreground, whose client goes.
struct Left {
    way: Way,
    closed: bool,
    /// The shell's process.
    shell: u32,
    /// A time that no other `sleep` has.
    sleeps: u32,
}

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    // Nobody is to wait for the client to come back.
    let server = bench.server(&["--grace", "0s"]).await?;
    let mut all = Vec::new();
    let ways = [
        (Way::V5, false),
        (Way::V4, false),
        (Way::Binary, false),
        (Way::Text, false),
        (Way::Binary, true),
        (Way::Text, true),
    ];
    for (number, (way, closed)) in (0..).zip(ways) {
        let mut terminal = Terminal::open(way, &bench.cluster, &server).await?;
        terminal.prompt().await?;
        // Unlike what others sleep for.
        let sleeps = 1_000_000_000 + std::process::id() * 10 + number;
        let shell = start_sleep(&mut terminal, sleeps).await?;
        if let Terminal::Podshell(page) = &mut terminal
            && closed
        {
            page.say(&ClientMessage::Close).await?;
        }
        drop(terminal);
        all.push(Left {
            way,
            closed,
            shell,
            sleeps,
        });
    }
    sleep(LATER).await;
    let mut dropped = Row::new("processes alive 10 s after a drop (--grace 0s)", "");
    let mut closed = Row::new("processes alive 10 s after `close`", "");
    for left in all {
        let alive = look(bench, &left).await?;
        let row = if left.closed {
            &mut closed
        } else {
            &mut dropped
        };
        let with = std::mem::replace(row, Row::new("", ""));
        *row = if Way::PODSHELL.contains(&left.way) {
            with.with_bar(left.way, alive, Bar::AtMost(Measure::Value, 0.0))
        } else {
            with.with(left.way, alive)
        };
    }
    server.stop().await?;
    Ok(vec![dropped, closed])
}

/// Starts `sleep` in the foreground; gives the shell's process.
async fn start_sleep(terminal: &mut Terminal, seconds: u32) -> Result<u32> {
    // What is typed has other signs between the words than what is printed.
    terminal.write(b"echo shell:$$:\r").await?;
    let told = |screen: &[u8]| find_shell(screen).is_some();
    let screen = terminal.read_until("the shell's process", told).await?;
    let shell = find_shell(&screen).context("no process")?;
    let command = format!("echo sleep''s; sleep {seconds}\r");
    terminal.write(command.as_bytes()).await?;
    let sleeps = |screen: &[u8]| String::from_utf8_lossy(screen).contains("sleeps\r\n");
    terminal.read_until("sleep", sleeps).await?;
    Ok(shell)
}

fn find_shell(screen: &[u8]) -> Option<u32> {
    let screen = String::from_utf8_lossy(screen);
    let mut rests = screen.split("shell:").skip(1);
    rests.find_map(|rest| rest.split_once(':')?.0.parse().ok())
}

/// How many of both processes are alive; ends them.
async fn look(bench: &Bench, left: &Left) -> Result<f64> {
    let Left { shell, sleeps, .. } = left;
    let script = format!(
        // Others may end while it looks.
        r#"exec 2>/dev/null
           alive=
           for path in /proc/[0-9]*; do
             command=$(tr '\0' ' ' <$path/cmdline)
             pid=${{path#/proc/}}
             case "$pid $command" in
               "{shell} "*sh*|*" sleep {sleeps} ") echo $pid; alive="$alive $pid";;
             esac
           done
           [ -z "$alive" ] || kill -9 $alive"#
    );
    let alive = bench.cluster.run(&script).await?;
    Ok(alive.lines().count() as f64)
}
