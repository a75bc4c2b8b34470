//! Characters that are cut: by another connection, by a flood that is dropped, by the shell's end. What follows is whole.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{
    TestServer,
    client::{Connection, Encoding},
    soon, web,
};
use podshell_shared::{
    terminal::{ClientMessage, OUTPUT_WINDOW, ServerMessage},
    utf8::Utf8Stream,
};

const BOTH: [Encoding; 2] = [Encoding::Binary, Encoding::Text];
const REPLACEMENT: char = '\u{fffd}';

/// A client that shows text as the page does: one decoder, and offsets at which a character ends.
struct Page {
    connection: Connection,
    key: String,
    /// The offset behind what came.
    next: u64,
    characters: Utf8Stream,
    text: String,
    /// What was shown before a flood was dropped.
    skipped: Option<String>,
    acknowledges: bool,
}

impl Page {
    async fn open(server: &TestServer, encoding: Encoding) -> Self {
        // A shell that draws nothing of its own.
        let id = server.mint("plain").await;
        let mut page = Self::begin(
            server,
            encoding,
            ClientMessage::Bind { id, extended: true },
            String::new(),
        )
        .await;
        // Root's, or another's.
        while !page.text.ends_with("# ") && !page.text.ends_with("$ ") {
            assert!(page.step().await, "ended: {:?}", page.text);
        }
        page.type_in("stty -echo; PS1=; echo qui''et\r").await;
        page.see("quiet\r\n").await;
        page.text.clear();
        page
    }

    async fn begin(
        server: &TestServer,
        encoding: Encoding,
        first: ClientMessage,
        text: String,
    ) -> Self {
        let address = server.address();
        let mut page = Self {
            connection: Connection::open(&address, encoding, 4096).await.unwrap(),
            key: String::new(),
            next: 0,
            characters: Utf8Stream::default(),
            text,
            skipped: None,
            acknowledges: true,
        };
        page.say(first).await;
        while page.key.is_empty() {
            assert!(page.step().await, "it ended before it was bound");
        }
        page
    }

    /// Behind the last whole character.
    fn whole(&self) -> u64 {
        self.next - self.characters.held() as u64
    }

    async fn resume(self, server: &TestServer, encoding: Encoding) -> Self {
        let (offset, key) = (self.whole(), self.key);
        let resume = ClientMessage::Resume { key, offset };
        let page = Self::begin(server, encoding, resume, self.text).await;
        assert_eq!(page.next, offset, "nothing is gone");
        page
    }

    async fn say(&mut self, message: ClientMessage) {
        soon("a write", self.connection.say(&message))
            .await
            .unwrap();
    }

    async fn type_in(&mut self, text: &str) {
        let data = text.to_owned().into();
        self.say(ClientMessage::Stdin { data }).await;
    }

    /// Takes in one message; false at the end of the connection.
    async fn step(&mut self) -> bool {
        match soon("a message", self.connection.hear()).await.unwrap() {
            Some(ServerMessage::Bound { key, offset, .. }) => {
                (self.key, self.next) = (key, offset);
            }
            Some(ServerMessage::Stdout { data, end }) => {
                self.characters.push(&data, |part| self.text.push_str(part));
                self.next = end.unwrap_or(self.next + data.len() as u64);
                if self.acknowledges {
                    let offset = self.whole();
                    self.say(ClientMessage::Ack { offset }).await;
                }
            }
            Some(ServerMessage::Skipped { from, to }) => {
                assert_eq!(from, self.next);
                self.next = to;
                self.text.extend(self.characters.finish());
                self.skipped = Some(std::mem::take(&mut self.text));
            }
            Some(ServerMessage::Exit(_)) => self.text.extend(self.characters.finish()),
            Some(_) => {}
            None => return false,
        }
        true
    }

    async fn see(&mut self, text: &str) {
        while !self.text.contains(text) {
            assert!(self.step().await, "ended: {:?}", self.text);
        }
    }

    async fn end(mut self) -> String {
        while self.step().await {}
        self.text
    }
}

/// Bytes as `printf` has them.
fn octal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

#[tokio::test]
async fn its_rest_comes_by_another_connection_in_either_encoding() {
    let server = TestServer::start(web()).await;
    let mut page = Page::open(&server, Encoding::Binary).await;
    for character in ["\u{80}", "é", "—", "、", "汉", "🎉", "\u{10ffff}"] {
        for cut in 1..character.len() {
            let (first, rest) = character.as_bytes().split_at(cut);
            for next in [
                Encoding::Text,
                Encoding::Text,
                Encoding::Binary,
                Encoding::Binary,
            ] {
                let (first, rest) = (octal(first), octal(rest));
                page.type_in(&format!("printf '({first}'; read x; printf '{rest})'\r"))
                    .await;
                page.see("(").await;
                page = page.resume(&server, next).await;
                page.type_in("\r").await;
                page.see(")").await;
                assert_eq!(page.text, format!("({character})"), "{cut} {next:?}");
                page.text.clear();
            }
        }
    }
    page.type_in("exit\r").await;
    page.end().await;
    server.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_shown_alike_in_either_encoding() {
    let server = TestServer::start(web()).await;
    // Latin-1, lone continuations, overlong, surrogates, too large, cut off before another.
    let bytes =
        b"(caf\xe9 \x80\xbf \xc0\xaf \xed\xa0\x80 \xf5\xff \xe2\x80\xe2\x80\x94 \xf0\x9f\x8e)";
    for encoding in BOTH {
        for pause in ["", "; read x"] {
            let mut page = Page::open(&server, encoding).await;
            let parts: String = bytes
                .iter()
                .map(|byte| format!("printf '{}'{pause}; ", octal(&[*byte])))
                .collect();
            page.type_in(&format!("{parts}\r")).await;
            page.type_in(&"\r".repeat(bytes.len())).await;
            page.see(")").await;
            assert_eq!(page.text, String::from_utf8_lossy(bytes), "{encoding:?}");
            page.type_in("exit\r").await;
            page.end().await;
        }
    }
    server.stop().await;
}

/// Interrupts a flood that begins with `before`; tells whether any of it was dropped. What follows is whole.
async fn drops_a_flood(server: &TestServer, encoding: Encoding, before: &str) -> bool {
    let mut page = Page::open(server, encoding).await;
    page.acknowledges = false;
    let from = page.next;
    let flood = format!("printf '{before}'; yes 汉 | tr -d '\\n'\r");
    page.type_in(&flood).await;
    while page.next < from + OUTPUT_WINDOW - 4096 {
        page.step().await;
    }
    page.say(ClientMessage::Interrupt).await;
    page.acknowledges = true;
    let offset = page.whole();
    page.say(ClientMessage::Ack { offset }).await;
    page.type_in("echo beh''ind\r").await;
    page.see("behind").await;
    let skipped = page.skipped.take();
    if let Some(shown) = &skipped {
        let text = &page.text;
        assert!(!text.starts_with(REPLACEMENT), "{encoding:?}: {text:?}");
        // The bytes before are those characters, and of the last one as many as came.
        let shown = shown.strip_prefix(before).unwrap();
        let whole = shown.trim_end_matches(REPLACEMENT);
        assert_eq!(whole.trim_matches('汉'), "", "{encoding:?}");
    }
    page.type_in("exit\r").await;
    page.end().await;
    skipped.is_some()
}

#[tokio::test]
async fn what_follows_a_flood_that_was_dropped_within_one_is_whole() {
    let server = TestServer::start(web()).await;
    for encoding in BOTH {
        // One of them ends within a character, wherever the window does.
        for before in ["", "x", "xx"] {
            // Now and then all of a flood has come before the Ctrl-C does, and there is nothing to drop.
            while !drops_a_flood(&server, encoding, before).await {}
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_last_of_a_shell_that_ends_within_one_is_shown() {
    let server = TestServer::start(web()).await;
    for encoding in BOTH {
        let mut page = Page::open(&server, encoding).await;
        page.type_in("exec printf 'caf\\303'\r").await;
        assert_eq!(page.end().await, "caf\u{fffd}", "{encoding:?}");
    }
    // Dashboard's own client.
    let mut terminal = server.connect().await;
    terminal.bind(&server.mint("plain").await, false).await;
    terminal.see_prompt().await;
    terminal.type_text("exec printf 'caf\\303'\r").await;
    terminal.end().await;
    assert!(terminal.screen.ends_with("caf\u{fffd}"));
    server.stop().await;
}
