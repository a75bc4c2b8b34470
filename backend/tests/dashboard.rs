//! Clients that speak Dashboard's messages alone: what they have of a Ctrl-C, and how much they may say at once.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{Terminal, TestServer, soon, web};
use podshell_shared::{terminal::ClientMessage, text::encode_client};
use tokio::time::{Duration, Instant, sleep_until};

/// How fast a flood is drawn before Ctrl-C, in bytes per second: slower than any server sends it, so that all waits that
/// has room to wait somewhere.
const SLOWLY: f64 = 400e3;
/// A client that was late catches up with so much.
const LATE: Duration = Duration::from_millis(20);
/// For how many bytes.
const FLOOD: usize = 1_000_000;
/// What a browser, which draws 4 MB/s, draws in 150 ms.
const AT_ONCE: usize = 600_000;

/// Binds a terminal as Dashboard's page does, and waits for its prompt.
async fn open(server: &TestServer) -> Terminal {
    let id = server.mint("app").await;
    let mut terminal = server.connect().await;
    terminal.bind(&id, false).await;
    terminal.resize(24, 80).await;
    terminal.see_prompt().await;
    terminal
}

/// Draws output, so many bytes per second, until `done`.
async fn draw(terminal: &mut Terminal, speed: f64, mut done: impl FnMut(&str) -> bool) {
    let before = terminal.screen.len();
    let (mut due, mut seen) = (Instant::now(), before);
    soon("the output", async {
        while !done(&terminal.screen[before..]) {
            assert!(terminal.step().await, "it ended");
            let drawn = (terminal.screen.len() - seen) as f64;
            seen = terminal.screen.len();
            // Who is late does not hurry.
            due = due.max(Instant::now() - LATE) + Duration::from_secs_f64(drawn / speed);
            sleep_until(due).await;
        }
    })
    .await;
}

/// What is drawn after a Ctrl-C under a flood that begins behind `begin`, up to the prompt.
async fn after_ctrl_c(server: &TestServer, begin: &str) -> String {
    let mut terminal = open(server).await;
    let flood = format!("PS1='pro''mpt> '; {begin} seq 10000000 90000000\r");
    terminal.type_text(&flood).await;
    draw(&mut terminal, SLOWLY, |drawn| drawn.len() > FLOOD).await;
    let drawn = terminal.screen.len();
    terminal.type_text("\x03").await;
    draw(&mut terminal, f64::INFINITY, |drawn| {
        drawn.ends_with("prompt> ")
    })
    .await;
    terminal.type_text("exit\r").await;
    assert_eq!(terminal.end().await.0, 1);
    assert_eq!((terminal.exit, terminal.others), (None, vec![]));
    terminal.screen.split_off(drawn)
}

/// Whether a number does not follow the one before it.
fn has_gap(flood: &str) -> bool {
    let whole = flood.lines().filter(|line| line.len() == 8);
    let numbers: Vec<u32> = whole.filter_map(|line| line.parse().ok()).collect();
    numbers.windows(2).any(|pair| pair[1] != pair[0] + 1)
}

#[tokio::test]
async fn ctrl_c_ends_a_flood_at_once() {
    let server = TestServer::start(web()).await;
    let drawn = after_ctrl_c(&server, "").await;
    assert!(drawn.len() < AT_ONCE, "{} bytes", drawn.len());
    assert!(has_gap(&drawn), "{drawn}");
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_dropped_on_the_alternate_screen_or_where_it_is_not_wanted() {
    let server = TestServer::start(web()).await;
    let drawn = after_ctrl_c(&server, "printf '\\e[?1049h';").await;
    assert!(!has_gap(&drawn));
    server.stop().await;

    let server = TestServer::start_with(web(), &["--legacy-interrupt=false"]).await;
    let drawn = after_ctrl_c(&server, "").await;
    assert!(!has_gap(&drawn));
    server.stop().await;
}

/// The longest message that is taken, in bytes.
const LONGEST: usize = 16 << 20;

/// Lines of so many bytes in all, of which any mistake would change the sum.
fn paste(bytes: usize) -> String {
    let lines: String = (0..bytes / 8)
        .map(|n| format!("{n} \"you\" \\ \r"))
        .collect();
    lines[..bytes].to_owned()
}

/// What `cksum` says of it.
fn checksum(text: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut cksum = std::process::Command::new("cksum");
    let output = cksum.stdin(file.reopen().unwrap()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_paste_of_16_mb_is_one_message() {
    let server = TestServer::start(web()).await;
    let mut terminal = open(&server).await;
    // A message is as long as its JSON, in which each of these quotes and returns is two.
    let text = paste(12 << 20);
    let stdin = ClientMessage::Stdin {
        data: text.clone().into(),
    };
    let length = encode_client(&stdin).len();
    assert!((14 << 20..LONGEST).contains(&length), "{length}");
    for text in [&text, &text[1..]] {
        let read = format!(
            "stty raw -echo; echo ready; head -c {} | cksum; stty sane\r",
            text.len()
        );
        terminal.screen.clear();
        terminal.type_text(&read).await;
        terminal.see("ready\n").await;
        terminal.type_text(text).await;
        terminal.see(&checksum(text)).await;
        terminal.see_prompt().await;
    }
    terminal.type_text("exit\r").await;
    assert_eq!(terminal.end().await.0, 1);
    server.stop().await;
}
