//! All terminals of a page over one connection each way, where no WebSocket gets through.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use common::{TestServer, page::Page, soon, until, web};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use podshell_client::{ResumePoint, transport::Transport};
use podshell_client_driver::Multiplexes;
use podshell_shared::{
    api::Minted,
    close::Outcome,
    multiplex::{MAX_CHANNELS, put, split},
    terminal::{ClientMessage, EndReason, Exit, OUTPUT_WINDOW, ServerMessage, Size},
    text::{decode_server, encode_client},
};
use sockjs::frame::{Frame, encode_batch};
use tokio::time::sleep;

const HTTP: [Transport; 3] = [
    Transport::XhrStreaming,
    Transport::EventSource,
    Transport::XhrPolling,
];
/// Output without an end.
const FLOOD: &str = "yes 0123456789012345678901234567890123456789012345678901234567890123456789\r";
/// The longest piece of output, in bytes.
const PIECE: u64 = 64 << 10;

/// What a server is called by where people sign in.
const NAME: &str = "127.0.0.1:1";

/// A server that writes down who does what.
async fn start(flags: &[&str]) -> TestServer {
    TestServer::start_with(web(), &[&["--audit", "true"], flags].concat()).await
}

/// Terminals of one page.
async fn pages(
    server: &TestServer,
    transport: Transport,
    count: usize,
) -> (Vec<Page>, Multiplexes) {
    let multiplexes = Multiplexes::default();
    let mut pages = Vec::new();
    for _ in 0..count {
        pages.push(Page::open_on(server, transport, &multiplexes).await);
    }
    (pages, multiplexes)
}

async fn end(pages: Vec<Page>, server: TestServer) {
    for mut page in pages {
        page.close().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn twelve_terminals_of_a_page_make_two_requests_at_once() {
    for transport in HTTP {
        let server = start(&[]).await;
        let (mut pages, multiplexes) = pages(&server, transport, 12).await;
        for (n, page) in pages.iter_mut().enumerate() {
            assert_eq!(page.client().transport(), transport);
            page.type_in(format!("mine=of''-{n}; echo $mine\r")).await;
        }
        for (n, page) in pages.iter_mut().enumerate() {
            page.see(&format!("of-{n}\r\n")).await;
        }
        assert_eq!(server.events.see_all("session-start", 12).await.len(), 12);
        assert_eq!(multiplexes.most_requests(), 2, "{transport:?}");
        end(pages, server).await;
    }
}

#[tokio::test]
async fn a_paste_a_flood_and_keys_go_side_by_side_and_nothing_of_them_is_lost() {
    let server = start(&[]).await;
    let (pages, multiplexes) = pages(&server, Transport::XhrStreaming, 3).await;
    let Ok([mut pasting, mut flooded, mut typing]) = <[Page; 3]>::try_from(pages) else {
        panic!("three pages");
    };
    pasting
        .type_in("stty -echo raw; head -c 1000000 | cksum\r")
        .await;
    flooded
        .type_in("stty -echo; echo be''gin; seq 1 100000\r")
        .await;
    flooded.see("begin\r\n").await;
    let pasted: String = (0..).map(|n| format!("{n}\n")).take(200_000).collect();
    let pasted = &pasted[..1_000_000];
    pasting.type_in(pasted.to_owned()).await;
    let sum = format!("{} 1000000", cksum(pasted.as_bytes()));
    let paste = async {
        pasting.see(&sum).await;
        pasting
    };
    let flood = async {
        flooded.see("99999\r\n100000\r\n").await;
        flooded
    };
    let keys = async {
        for n in 0..20 {
            typing.type_in(format!("echo key''-{n}\r")).await;
            typing.see(&format!("key-{n}\r\n")).await;
        }
        typing
    };
    let (pasting, flooded, typing) = tokio::join!(paste, flood, keys);
    let (_, numbers) = flooded.screen.split_once("begin\r\n").unwrap();
    let expected = (1..=100_000).map(|n| n.to_string());
    assert!(numbers.lines().take(100_000).eq(expected));
    assert_eq!(multiplexes.most_requests(), 2);
    end(vec![pasting, flooded, typing], server).await;
}

/// The checksum of POSIX' `cksum`.
fn cksum(bytes: &[u8]) -> u32 {
    let mut length = bytes.len();
    let mut tail = Vec::new();
    while length > 0 {
        tail.push(length as u8);
        length >>= 8;
    }
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    };
    !bytes.iter().chain(&tail).fold(0, step)
}

#[tokio::test]
async fn all_terminals_go_on_when_what_they_share_is_cut() {
    for transport in HTTP {
        let server = start(&[]).await;
        let (mut pages, multiplexes) = pages(&server, transport, 5).await;
        for (n, page) in pages.iter_mut().enumerate() {
            page.type_in(format!("mine=of''-{n}\r")).await;
            page.type_in("echo se''t\r").await;
            page.see("set\r\n").await;
        }
        multiplexes.cut();
        for page in &mut pages {
            page.type_in("echo still-$mine\r").await;
        }
        for (n, page) in pages.iter_mut().enumerate() {
            page.see(&format!("still-of-{n}\r\n")).await;
            assert_eq!((page.missing, page.skipped), (0, 0));
        }
        assert_eq!(server.events.see_all("session-resume", 5).await.len(), 5);
        assert_eq!(server.events.of("session-start").len(), 5);
        end(pages, server).await;
    }
}

#[tokio::test]
async fn one_that_is_lost_alone_goes_on_by_another_session_and_the_others_stay() {
    let server = start(&[]).await;
    let (mut pages, _) = pages(&server, Transport::XhrStreaming, 3).await;
    pages[1].type_in("mine=same\r").await;
    pages[1].reconnect().await;
    pages[1].type_in("echo $mine-shell\r").await;
    pages[1].see("same-shell").await;
    for page in &mut pages {
        page.type_in("echo he''re\r").await;
        page.see("here\r\n").await;
    }
    assert_eq!(server.events.of("session-resume").len(), 1);
    end(pages, server).await;
}

#[tokio::test]
async fn ones_end_leaves_the_others() {
    for transport in HTTP {
        let server = start(&[]).await;
        let (mut pages, multiplexes) = pages(&server, transport, 3).await;
        pages[0].type_in("exit 3\r").await;
        let exit = pages[0].exit().await;
        assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(3)));
        pages[1].close().await;
        server.events.see_all("session-end", 2).await;
        pages[2].type_in("echo he''re\r").await;
        pages[2].see("here\r\n").await;
        // Another one finds room there.
        let mut next = Page::open_on(&server, transport, &multiplexes).await;
        next.see_prompt().await;
        assert_eq!(multiplexes.most_requests(), 2);
        pages.push(next);
        end(pages, server).await;
    }
}

#[tokio::test]
async fn what_one_shows_in_vain_keeps_nobody_else_out() {
    for transport in HTTP {
        let server = start(&[]).await;
        let first = Page::open(&server, transport).await;
        let point = first.resume_point();
        drop(first);
        let multiplexes = Multiplexes::default();
        let gone = ResumePoint {
            key: "nobodys.key".to_owned(),
            ..point.clone()
        };
        let mut in_vain = Page::resuming_on(&server, transport, &multiplexes, gone);
        let mut page = Page::resuming_on(&server, transport, &multiplexes, point);
        // What the first shows opens the session, or would.
        in_vain.begin().await;
        page.begin().await;
        let mut page = page.connected().await.unwrap();
        page.type_in("echo he''re\r").await;
        page.see("here\r\n").await;
        drop(in_vain);
        end(vec![page], server).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_tells_all_terminals() {
    let server = start(&[]).await;
    let (mut pages, multiplexes) = pages(&server, Transport::XhrStreaming, 3).await;
    for page in &mut pages {
        page.see_prompt().await;
        while page.client().round_trip().is_none() {
            page.step().await;
        }
    }
    // Nothing is to be said any more, which a server that stops would not hear.
    let mut quiet = 0;
    until("silence", || {
        let is_quiet = multiplexes.requests() == 1;
        quiet = if is_quiet { quiet + 1 } else { 0 };
        quiet == 5
    })
    .await;
    let told = async {
        for mut page in pages {
            assert_eq!(page.exit().await.reason, EndReason::Shutdown);
        }
    };
    let (_, cluster) = tokio::join!(told, server.shut_down());
    cluster.shutdown().await;
}

/// A session that one can say anything in.
struct Raw {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Behind what stands the query.
    address: String,
    query: String,
    /// What shows who asks, where people sign in.
    token: Option<&'static str>,
    /// Texts that came and were not looked at.
    heard: VecDeque<(u32, String)>,
    /// Output of each channel, in bytes.
    output: BTreeMap<u32, u64>,
    /// The longest piece of output, in bytes.
    longest: u64,
    /// What the sessions are resumed with.
    keys: BTreeMap<u32, String>,
    closed: Option<(u16, String)>,
}

/// What comes on a channel.
#[derive(Debug)]
enum Heard {
    Message(ServerMessage),
    Closed(u16),
}

impl Raw {
    /// Opens a session by an id.
    async fn open(server: &TestServer, id: &str) -> Self {
        let mut raw = Self::new(server, id, None);
        raw.opened().await;
        raw
    }

    fn new(server: &TestServer, query: &str, token: Option<&'static str>) -> Self {
        let name = fastrand::u64(..);
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address: format!("http://{}/api/multiplex/000/{name}", server.host),
            query: query.to_owned(),
            token,
            heard: VecDeque::new(),
            output: BTreeMap::new(),
            longest: 0,
            keys: BTreeMap::new(),
            closed: None,
        }
    }

    async fn opened(&mut self) {
        let opened = (StatusCode::OK, "o\n".to_owned());
        assert_eq!(self.ask("xhr", String::new()).await, opened);
    }

    async fn ask(&mut self, what: &str, body: String) -> (StatusCode, String) {
        let mut request = Request::post(format!("{}/{what}?{}", self.address, self.query));
        if let Some(token) = self.token {
            request = request
                .header("host", NAME)
                .header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer = soon("an answer", self.client.request(request))
            .await
            .unwrap();
        let status = answer.status();
        let body = soon("a body", answer.into_body().collect()).await.unwrap();
        (status, String::from_utf8(body.to_bytes().to_vec()).unwrap())
    }

    async fn say_texts(&mut self, texts: &[String]) {
        let mut batch = String::new();
        encode_batch(&mut batch, texts);
        assert_eq!(self.ask("xhr_send", batch).await.0, StatusCode::NO_CONTENT);
    }

    async fn say(&mut self, channel: u32, message: &ClientMessage) {
        self.say_texts(&[put(channel, &encode_client(message))])
            .await;
    }

    async fn bind(&mut self, channel: u32, id: &str) {
        let (id, extended) = (id.to_owned(), true);
        self.say(channel, &ClientMessage::Bind { id, extended })
            .await;
        let (rows, cols) = (24, 80);
        self.say(channel, &ClientMessage::Resize(Size { rows, cols }))
            .await;
    }

    async fn type_in(&mut self, channel: u32, text: &str) {
        let data = text.to_owned().into();
        self.say(channel, &ClientMessage::Stdin { data }).await;
    }

    /// Takes in one answer.
    async fn poll(&mut self) {
        let (status, body) = self.ask("xhr", String::new()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        for frame in body.lines() {
            match Frame::decode(frame).unwrap() {
                Frame::Messages(texts) => {
                    for text in texts {
                        let (channel, text) = split(&text).unwrap();
                        self.heard.push_back((channel, text.to_owned()));
                    }
                }
                Frame::Close { code, reason } => self.closed = Some((code, reason)),
                Frame::Open | Frame::Heartbeat => {}
            }
        }
    }

    /// Waits for the next thing on any channel.
    async fn hear(&mut self) -> (u32, Heard) {
        while self.heard.is_empty() {
            assert_eq!(self.closed, None);
            self.poll().await;
        }
        let (channel, text) = self.heard.pop_front().unwrap();
        if text.starts_with('c') {
            let Ok(Frame::Close { code, .. }) = Frame::decode(&text) else {
                panic!("{text}");
            };
            return (channel, Heard::Closed(code));
        }
        let message = decode_server(&text).unwrap();
        match &message {
            ServerMessage::Stdout { data, .. } => {
                let length = data.len() as u64;
                *self.output.entry(channel).or_default() += length;
                self.longest = self.longest.max(length);
            }
            ServerMessage::Bound { key, .. } => {
                self.keys.insert(channel, key.clone());
            }
            _ => {}
        }
        (channel, Heard::Message(message))
    }

    /// Waits until a channel's output has this, in one piece; acknowledges that of `acknowledged` meanwhile.
    async fn see(&mut self, channel: u32, wanted: &str, acknowledged: &[u32]) {
        loop {
            let (of, heard) = self.hear().await;
            let Heard::Message(ServerMessage::Stdout { data, end }) = heard else {
                continue;
            };
            if acknowledged.contains(&of) {
                let offset = end.unwrap();
                self.say(of, &ClientMessage::Ack { offset }).await;
            }
            if of == channel && String::from_utf8_lossy(&data).contains(wanted) {
                return;
            }
        }
    }

    /// Waits for a channel's end: what was said of it, and its code.
    async fn end_of(&mut self, channel: u32) -> (Exit, u16) {
        let mut exit = None;
        loop {
            match self.hear().await {
                (of, Heard::Message(ServerMessage::Exit(of_it))) if of == channel => {
                    exit = Some(of_it);
                }
                (of, Heard::Closed(code)) if of == channel => return (exit.unwrap(), code),
                _ => {}
            }
        }
    }

    /// Waits until the session is closed, and gives the code.
    async fn closed(&mut self) -> u16 {
        while self.closed.is_none() {
            self.poll().await;
        }
        self.closed.take().unwrap().0
    }
}

/// Waits until no more output comes from any shell: how much there was does not change.
async fn no_more_output(server: &TestServer) {
    let count = async || {
        let host = server.metrics.as_ref().unwrap();
        let request = Request::get(format!("http://{host}/metrics")).body(String::new());
        let text = server.send_any(request.unwrap()).await.body;
        let line = text
            .lines()
            .find(|line| line.starts_with("podshell_output_bytes"));
        line.expect("the figure").to_owned()
    };
    soon("silence", async {
        let (mut last, mut same) = (String::new(), 0);
        while same < 20 {
            let now = count().await;
            same = if now == last { same + 1 } else { 0 };
            last = now;
            sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_echo_waits_for_one_piece_of_the_others_floods() {
    const FLOODS: u32 = 8;
    let server = start(&["--metrics-listen", "127.0.0.1:0"]).await;
    let id = server.mint("app").await;
    let mut raw = Raw::open(&server, &id).await;
    raw.bind(1, &id).await;
    raw.see(1, "# ", &[]).await;
    let floods: Vec<u32> = (2..2 + FLOODS).collect();
    for channel in &floods {
        raw.bind(*channel, &server.mint("app").await).await;
        raw.type_in(*channel, FLOOD).await;
    }
    // All of them are on their way, beyond what a window holds at first.
    while floods
        .iter()
        .any(|channel| raw.output.get(channel).copied().unwrap_or_default() < 3 * OUTPUT_WINDOW)
    {
        let (of, heard) = raw.hear().await;
        if let Heard::Message(ServerMessage::Stdout { end, .. }) = heard {
            let offset = end.unwrap();
            raw.say(of, &ClientMessage::Ack { offset }).await;
        }
    }
    // Nobody takes anything until the echo is at the server: it stands behind all that is there.
    raw.type_in(1, "echo ma''rk; sleep 1000\r").await;
    server.runs(1, "sleep 1000").await;
    no_more_output(&server).await;
    while let Some((of, _)) = raw.heard.pop_front() {
        assert_ne!(of, 1, "nothing was asked for");
    }
    (raw.output, raw.longest) = (BTreeMap::new(), 0);
    raw.see(1, "mark", &floods).await;
    let before: u64 = floods
        .iter()
        .filter_map(|channel| raw.output.get(channel))
        .sum();
    // What waited for the connection, with the piece that filled it, one that waited behind the others' turns, and one that
    // came meanwhile: not one of each flood.
    assert!(
        before <= (16 << 10) + 3 * raw.longest,
        "{before} {}",
        raw.longest
    );
    assert!(before > 0, "they are there");
    let close = encode_client(&ClientMessage::Close);
    let texts: Vec<String> = (1..2 + FLOODS)
        .map(|channel| put(channel, &close))
        .collect();
    raw.say_texts(&texts).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_acknowledges_holds_up_its_own_terminal_alone() {
    let server = start(&[]).await;
    let (id, other) = (server.mint("app").await, server.mint("app").await);
    let mut raw = Raw::open(&server, &id).await;
    raw.bind(1, &id).await;
    raw.bind(2, &other).await;
    raw.type_in(1, FLOOD).await;
    for n in 0..50 {
        raw.type_in(2, &format!("echo key''-{n}\r")).await;
        raw.see(2, &format!("key-{n}\r\n"), &[2]).await;
    }
    let flooded = raw.output[&1];
    assert!(flooded <= OUTPUT_WINDOW + PIECE, "{flooded}");
    // Once it does, there is more.
    let (offset, before) = (flooded, flooded);
    raw.say(1, &ClientMessage::Ack { offset }).await;
    while raw.output[&1] == before {
        raw.hear().await;
    }
    // To leave a channel is to lose a connection: its shell waits for another.
    raw.say_texts(&[put(1, "")]).await;
    server.events.see("session-detach").await;
    let (key, offset) = (raw.keys[&1].clone(), raw.output[&1]);
    raw.say(3, &ClientMessage::Resume { key, offset }).await;
    raw.say(3, &ClientMessage::Interrupt).await;
    raw.see(3, "# ", &[3]).await;
    for channel in [2, 3] {
        raw.type_in(channel, "exit 4\r").await;
        let (exit, code) = raw.end_of(channel).await;
        assert_eq!((exit.code, code), (Some(4), 1));
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_refused_on_a_channel_is_so_there_alone() {
    let server = start(&[]).await;
    let id = server.mint("app").await;
    let mut raw = Raw::open(&server, &id).await;
    raw.bind(1, &id).await;
    let bind = |id: &str, extended| {
        let id = id.to_owned();
        encode_client(&ClientMessage::Bind { id, extended })
    };
    let resume = |key: &str| {
        let (key, offset) = (key.to_owned(), 0);
        encode_client(&ClientMessage::Resume { key, offset })
    };
    raw.see(1, "# ", &[]).await;
    let key = raw.keys[&1].clone();
    let unused = server.mint("app").await;
    let cases = [
        (bind("nobodys", true), EndReason::UnknownId),
        (bind(&id, true), EndReason::UsedId),
        (bind(&unused, false), EndReason::Protocol),
        (resume("nobodys.key"), EndReason::NoSession),
        (resume(&key[..key.len() - 1]), EndReason::NoSession),
        ("{".to_owned(), EndReason::Protocol),
        (encode_client(&ClientMessage::Close), EndReason::Protocol),
    ];
    for (channel, (text, reason)) in (2..).zip(cases) {
        raw.say_texts(&[put(channel, &text)]).await;
        let (exit, code) = raw.end_of(channel).await;
        assert_eq!((exit.reason, code), (reason, 2), "{text}");
        assert_eq!(Outcome::of(&exit), Outcome::Other);
        // What was under way to it does no harm, nor does its end on the other side.
        raw.say_texts(&[
            put(channel, &encode_client(&ClientMessage::Leave)),
            put(channel, ""),
        ])
        .await;
    }
    assert_eq!(server.events.see_all("refused", 4).await.len(), 4);
    raw.type_in(1, "echo he''re; exit 5\r").await;
    let (exit, code) = raw.end_of(1).await;
    assert_eq!(
        (exit.reason, exit.code, code),
        (EndReason::Exited, Some(5), 1)
    );
    server.stop().await;
}

/// It goes on for as long as a page, and a page for longer than a token.
#[tokio::test]
async fn no_shell_is_opened_by_a_token_that_was_replaced() {
    const TOKENS: [&str; 2] = ["a-token-of-ann", "another-token-of-ann"];
    let public = format!("http://{NAME}");
    let server = start(&["--sign-in", "token", "--public-url", &public]).await;
    for token in TOKENS {
        server.cluster.add_user(token, "ann", &["dev"]);
    }
    let mint = async |token: &str| {
        let path = "/api/v1/pod/default/web-0/shell/app";
        let request = Request::get(format!("http://{}{path}", server.host))
            .header("host", NAME)
            .header("authorization", format!("Bearer {token}"));
        let answer = server.send_any(request.body(String::new()).unwrap()).await;
        let minted: Minted = serde_json::from_str(&answer.body).unwrap();
        minted.id
    };
    let id = mint(TOKENS[0]).await;
    let mut raw = Raw::new(&server, "", Some(TOKENS[0]));
    raw.opened().await;
    raw.bind(1, &id).await;
    raw.see(1, "# ", &[1]).await;
    let id = mint(TOKENS[1]).await;
    raw.token = Some(TOKENS[1]);
    assert_eq!(
        raw.ask("xhr_send", "[]".to_owned()).await.0,
        StatusCode::NOT_FOUND
    );
    let mut other = Raw::new(&server, "", Some(TOKENS[1]));
    other.opened().await;
    other.bind(1, &id).await;
    // The shell of before goes on there.
    let (key, offset) = (raw.keys[&1].clone(), raw.output[&1]);
    other.say(2, &ClientMessage::Resume { key, offset }).await;
    for channel in [1, 2] {
        other.type_in(channel, "exit 6\r").await;
        let (exit, _) = other.end_of(channel).await;
        assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(6)));
    }
    server.stop().await;
}

#[tokio::test]
async fn who_breaks_the_rules_of_a_multiplex_loses_it() {
    let server = start(&["--grace", "1s"]).await;
    for text in ["{}", "x", "-1{}", "99999999999{}"] {
        let id = server.mint("app").await;
        let mut raw = Raw::open(&server, &id).await;
        raw.bind(1, &id).await;
        raw.say_texts(&[text.to_owned()]).await;
        assert_eq!(raw.closed().await, 1002, "{text}");
    }
    let id = server.mint("app").await;
    let mut raw = Raw::open(&server, &id).await;
    // Nobody takes what is said of their ends.
    let text = encode_client(&ClientMessage::Close);
    let many = 8 * u32::try_from(MAX_CHANNELS).unwrap();
    let texts: Vec<String> = (1..=many).map(|channel| put(channel, &text)).collect();
    raw.say_texts(&texts).await;
    assert_eq!(raw.closed().await, 1002);
    server.stop().await;
}

#[tokio::test]
async fn a_multiplex_that_nobody_uses_ends() {
    let server = start(&[]).await;
    let id = server.mint("app").await;
    let mut raw = Raw::open(&server, &id).await;
    assert_eq!(raw.closed().await, 3000);
    // There are no WebSockets here, which have no need of it.
    let request = server.request("/api/multiplex/000/abc/websocket");
    assert_eq!(server.send(request).await.status, 404);
    server.stop().await;
}
