//! A connection is lost and another goes on with its session, in either encoding.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{
    TestServer,
    client::{Connection, Encoding},
    soon, until, web,
};
use fake_cluster::{ExecEffect, Fault};
use podshell_shared::terminal::{
    ClientMessage, EndReason, Exit, INPUT_WINDOW, Notice, OUTPUT_WINDOW, ServerMessage,
};

const BOTH: [Encoding; 2] = [Encoding::Binary, Encoding::Text];

/// A client that keeps what it needs to resume.
struct Page {
    connection: Connection,
    key: String,
    output: Vec<u8>,
    /// Offset behind the output; less than it has bytes where a character was held back.
    offset: u64,
    input: u64,
    skipped: u64,
    notices: Vec<Notice>,
    exit: Option<Exit>,
}

impl Page {
    async fn open(server: &TestServer, encoding: Encoding) -> Self {
        let id = server.mint("app").await;
        let bind = ClientMessage::Bind { id, extended: true };
        Self::begin(server, encoding, bind).await.unwrap()
    }

    /// The end if there is no session.
    async fn begin(
        server: &TestServer,
        encoding: Encoding,
        first: ClientMessage,
    ) -> Result<Self, Exit> {
        let address = server.address();
        let mut page = Self {
            connection: Connection::open(&address, encoding, 4096).await.unwrap(),
            key: String::new(),
            output: Vec::new(),
            offset: 0,
            input: 0,
            skipped: 0,
            notices: Vec::new(),
            exit: None,
        };
        page.say(first).await;
        while page.key.is_empty() {
            if !page.step().await {
                return Err(page.exit.expect("a reason"));
            }
        }
        Ok(page)
    }

    /// Breaks the connection and begins another with what this one has.
    async fn resume(mut self, server: &TestServer, encoding: Encoding) -> Result<Self, Exit> {
        let (key, offset) = (self.key.clone(), self.offset);
        let mut next = Self::begin(server, encoding, ClientMessage::Resume { key, offset }).await?;
        // that it took over is the last thing that the old one hears, if it still listens
        self.output.append(&mut next.output);
        next.output = self.output;
        next.skipped += self.skipped;
        Ok(next)
    }

    async fn say(&mut self, message: ClientMessage) {
        soon("a write", self.connection.say(&message))
            .await
            .unwrap();
    }

    async fn type_in(&mut self, text: impl Into<Bytes>) {
        let data = text.into();
        self.say(ClientMessage::Stdin { data }).await;
    }

    /// Takes in one message; false at the end of the connection.
    async fn step(&mut self) -> bool {
        match soon("a message", self.connection.hear()).await.unwrap() {
            Some(ServerMessage::Bound { key, offset, input }) => {
                (self.key, self.offset, self.input) = (key, offset, input);
            }
            Some(ServerMessage::Stdout { data, end }) => {
                self.offset = end.unwrap_or(self.offset + data.len() as u64);
                self.output.extend_from_slice(&data);
                let offset = self.offset;
                self.say(ClientMessage::Ack { offset }).await;
            }
            Some(ServerMessage::Skipped { from, to }) => {
                assert_eq!(from, self.offset);
                self.offset = to;
                self.skipped += to - from;
            }
            Some(ServerMessage::Taken { offset }) => self.input = offset,
            Some(ServerMessage::Notice(notice)) => self.notices.push(notice),
            Some(ServerMessage::Toast { text }) => panic!("{text}"),
            Some(ServerMessage::Exit(exit)) => self.exit = Some(exit),
            Some(ServerMessage::Pong { .. }) => {}
            None => return false,
        }
        true
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    async fn see(&mut self, text: &str) {
        let mut from = 0;
        while !String::from_utf8_lossy(&self.output[from..]).contains(text) {
            // megabytes may stand before what comes
            from = self.output.len().saturating_sub(text.len());
            assert!(
                self.step().await,
                "ended before {text:?}: {:?}",
                self.text()
            );
        }
    }

    /// Waits for the shell's prompt, root's or another's.
    async fn see_prompt(&mut self) {
        while !self.output.ends_with(b"$ ") && !self.output.ends_with(b"# ") {
            assert!(self.step().await, "ended: {:?}", self.text());
        }
    }

    async fn end(&mut self) -> Exit {
        while self.step().await {}
        self.exit.clone().expect("a reason")
    }
}

#[tokio::test]
async fn nothing_is_missing_after_many_losses() {
    for encoding in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, encoding).await;
        page.type_in("stty -echo; printf 'be''gin\\n'; seq 1 300000; printf '汉字''🙂\\n'\r")
            .await;
        page.see("begin").await;
        for _ in 0..20 {
            for _ in 0..5 {
                page.step().await;
            }
            page = page.resume(&server, encoding).await.unwrap();
        }
        page.see("汉字🙂").await;
        let text = page.text();
        let (_, numbers) = text.split_once("begin\r\n").unwrap();
        let mut lines = numbers.lines();
        for expected in 1..=300_000 {
            assert_eq!(
                lines.next(),
                Some(expected.to_string().as_str()),
                "{encoding:?}"
            );
        }
        assert_eq!(lines.next(), Some("汉字🙂"));
        page.type_in("exit 3\r").await;
        assert_eq!(page.end().await.code, Some(3));
        server.stop().await;
    }
}

#[tokio::test]
async fn the_old_connection_is_told() {
    for encoding in BOTH {
        let server = TestServer::start(web()).await;
        let mut first = Page::open(&server, encoding).await;
        let resume = ClientMessage::Resume {
            key: first.key.clone(),
            offset: 0,
        };
        let mut second = Page::begin(&server, encoding, resume).await.unwrap();
        assert_eq!(first.end().await.reason, EndReason::TakenOver);
        second.type_in("echo $((6*7)); exit\r").await;
        second.see("42").await;
        assert_eq!(second.end().await.reason, EndReason::Exited);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_connection_that_was_given_up_takes_nothing_over() {
    for encoding in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, encoding).await;
        page.see_prompt().await;
        let (key, offset) = (page.key.clone(), page.offset);
        // the client tries once more before the server has looked at this
        let stale = Connection::open(&server.address(), encoding, 4096).await;
        let resume = ClientMessage::Resume { key, offset };
        soon("a write", stale.unwrap().say_last(&resume))
            .await
            .unwrap();
        page.type_in("echo $((6*7)); exit\r").await;
        page.see("42").await;
        assert_eq!(page.end().await.reason, EndReason::Exited);
        server.stop().await;
    }
}

#[tokio::test]
async fn there_is_nothing_to_resume() {
    let server = TestServer::start_with(web(), &["--grace", "0s"]).await;
    for encoding in BOTH {
        let resume = |key: &str| ClientMessage::Resume {
            key: key.to_owned(),
            offset: 0,
        };
        let refused = Page::begin(&server, encoding, resume("guessed")).await;
        assert_eq!(refused.err().unwrap().reason, EndReason::NoSession);
        let page = Page::open(&server, encoding).await;
        let key = page.key.clone();
        drop(page);
        until("its end", || server.sessions.living() == 0).await;
        let refused = Page::begin(&server, encoding, resume(&key)).await;
        assert_eq!(refused.err().unwrap().reason, EndReason::NoSession);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_leaves_is_waited_for_shortly() {
    let server = TestServer::start(web()).await;
    let mut page = Page::open(&server, Encoding::Binary).await;
    page.type_in("stty -echo; sh -c 'echo rea''dy; exec sleep 1000'\r")
        .await;
    page.see("ready").await;
    page.say(ClientMessage::Leave).await;
    // loaded anew
    let mut page = page.resume(&server, Encoding::Binary).await.unwrap();
    page.type_in("\x03").await;
    page.see_prompt().await;
    page.type_in("echo he''re; sleep 1000\r").await;
    page.see("here").await;
    page.say(ClientMessage::Leave).await;
    drop(page);
    // 5 s, and not the 60 of a connection that was lost
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_is_away_blocks_its_program_and_no_more() {
    let server = TestServer::start(web()).await;
    let mut page = Page::open(&server, Encoding::Binary).await;
    page.type_in("stty -echo; echo be''gin; yes | head -c 20000000 | tr -d '\\n'; echo end\r")
        .await;
    page.see("begin").await;
    let (key, offset) = (page.key.clone(), page.offset);
    drop(page);
    // what the cluster can send while nobody reads is bounded by the sockets
    let taken = || server.cluster.execs()[0].clone();
    until("the program", || taken().exit_code().is_none()).await;
    let resume = ClientMessage::Resume { key, offset };
    let mut page = Page::begin(&server, Encoding::Binary, resume)
        .await
        .unwrap();
    // half of it are the line ends, which `tr` takes
    while !page.text().contains("end\r\n") {
        let surplus = page.output.len().saturating_sub(16);
        let is_printed = |byte: &u8| b"begin\r\ny".contains(byte);
        assert!(page.output.drain(..surplus).all(|byte| is_printed(&byte)));
        assert!(page.step().await);
    }
    assert!(page.offset > 10_000_000 && page.skipped == 0);
    page.say(ClientMessage::Close).await;
    page.end().await;
    server.stop().await;
}

#[tokio::test]
async fn an_interrupt_skips_the_flood() {
    for encoding in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, encoding).await;
        page.see_prompt().await;
        page.type_in("yes\r").await;
        while page.offset < OUTPUT_WINDOW * 4 {
            page.step().await;
        }
        page.output.clear();
        page.say(ClientMessage::Interrupt).await;
        page.see_prompt().await;
        let shown = page.output.len() as u64;
        assert!(
            shown <= OUTPUT_WINDOW + (64 << 10),
            "{encoding:?}: {shown} bytes before the prompt"
        );
        page.type_in("echo $((6*7)); exit\r").await;
        page.see("42").await;
        page.end().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn input_of_any_size_arrives_byte_for_byte() {
    for encoding in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, encoding).await;
        let line: String = ('!'..='~').filter(|c| !"\\'\"".contains(*c)).collect();
        let pasted = format!("{line}汉字\r").repeat(30_000);
        let (size, sum) = (pasted.len(), cksum(&pasted));
        page.type_in(format!(
            "stty raw -echo; echo rea''dy; head -c {size} | cksum; exit\r"
        ))
        .await;
        page.see("ready").await;
        let begin = page.input;
        let mut sent = 0;
        let mut said = None;
        while said.is_none() {
            // never more than the window beyond what was taken
            while sent < size && sent as u64 + begin < page.input + INPUT_WINDOW / 2 {
                let mut end = size.min(sent + (16 << 10));
                while !pasted.is_char_boundary(end) {
                    end -= 1;
                }
                page.type_in(pasted[sent..end].to_owned()).await;
                sent = end;
            }
            assert!(page.step().await, "ended: {:?}", page.exit);
            said = page.text().contains(&format!("{sum} {size}")).then_some(());
        }
        page.end().await;
        server.stop().await;
    }
}

/// POSIX cksum.
fn cksum(text: &str) -> u32 {
    let length = (0..8).map(|at| (text.len() >> (8 * at)) as u8).take_while({
        let mut left = text.len();
        move |_| {
            let more = left > 0;
            left >>= 8;
            more
        }
    });
    let crc = text.bytes().chain(length).fold(0_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            (crc << 1) ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    });
    !crc
}

#[tokio::test]
async fn too_much_input_at_once_is_refused() {
    let server = TestServer::start(web()).await;
    server
        .cluster
        .inject(Fault::exec(ExecEffect::DelayUpgrade(Duration::from_secs(2))).once());
    let id = server.mint("app").await;
    let address = server.address();
    let mut connection = Connection::open(&address, Encoding::Binary, 4096)
        .await
        .unwrap();
    let bind = ClientMessage::Bind { id, extended: true };
    connection.say(&bind).await.unwrap();
    let exit = soon("the end", async {
        let data = Bytes::from(vec![b'x'; 16 << 10]);
        for _ in 0..=2 * INPUT_WINDOW / (16 << 10) {
            let stdin = ClientMessage::Stdin { data: data.clone() };
            if connection.say(&stdin).await.is_err() {
                break;
            }
        }
        loop {
            match connection.hear().await.unwrap() {
                Some(ServerMessage::Exit(exit)) => return exit,
                Some(_) => {}
                None => panic!("no reason"),
            }
        }
    })
    .await;
    assert_eq!(exit.reason, EndReason::Protocol, "{}", exit.message);
    server.stop().await;
}

#[tokio::test]
async fn limits_are_said() {
    let server = TestServer::start_with(
        web(),
        &["--max-sessions-per-user", "1", "--idle-limit", "10s"],
    )
    .await;
    let mut page = Page::open(&server, Encoding::Binary).await;
    let id = server.mint("app").await;
    let bind = ClientMessage::Bind { id, extended: true };
    let refused = Page::begin(&server, Encoding::Text, bind)
        .await
        .err()
        .unwrap();
    assert_eq!(refused.reason, EndReason::Limit);
    assert_eq!(page.end().await.reason, EndReason::Idle);
    assert!(
        matches!(page.notices[0], Notice::IdleSoon { .. }),
        "{:?}",
        page.notices
    );
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_ends_tells_those_who_are_there_and_ends_the_shells_of_those_who_are_not() {
    let server = TestServer::start(web()).await;
    let mut here = Page::open(&server, Encoding::Binary).await;
    let away = Page::open(&server, Encoding::Text).await;
    drop(away);
    let (cluster, exit) = soon("the shutdown", async {
        tokio::join!(server.shut_down(), here.end())
    })
    .await;
    assert_eq!(exit.reason, EndReason::Shutdown);
    assert_eq!(cluster.processes(), [""; 0]);
    cluster.shutdown().await;
}
