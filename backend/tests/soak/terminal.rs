//! One user's terminal: all output checked, all input accounted for, on as many connections as it takes.

use std::collections::VecDeque;

use bytes::Bytes;
use podshell_shared::terminal::{
    ClientMessage, EndReason, Exit, INPUT_WINDOW, OUTPUT_WINDOW, ServerMessage, Size, TELL_EVERY,
};

use crate::{
    common::{
        TestServer,
        client::{Address, Connection, Encoding},
        soon,
    },
    generator::Expected,
    user::Counts,
};

const READ_BUFFER: usize = 16 << 10;
/// The longest input in one message, in bytes.
const MAX_MESSAGE: usize = 16 << 10;
/// The most bytes that a character has.
const MAX_CHARACTER: usize = 4;
const CTRL_C: u8 = 3;

/// A terminal of a generator.
#[derive(Debug)]
pub(crate) struct Terminal {
    address: Address,
    connection: Connection,
    key: String,
    /// One in so many messages is the last of its connection.
    drops: Option<u32>,
    rng: fastrand::Rng,
    pub(crate) counts: Counts,

    expected: Expected,
    received: u64,
    acknowledged: u64,
    /// After so many bytes, output is acknowledged.
    tell_every: u64,
    /// The last that came is a character of which the server drops the rest.
    torn: bool,

    /// Input behind `taken`.
    input: VecDeque<u8>,
    taken: u64,
    sent: u64,

    /// The token of a ping that was not answered.
    ping: Option<String>,
}

impl Terminal {
    /// Binds to a minted id and waits for the shell. [`None`] if the connection is dropped before.
    pub(crate) async fn open(
        server: &TestServer,
        id: String,
        drops: Option<u32>,
        mut rng: fastrand::Rng,
    ) -> Option<Self> {
        let address = server.address();
        let encoding = if rng.bool() {
            Encoding::Binary
        } else {
            Encoding::Text
        };
        let mut connection = connect(&address, encoding).await;
        let extended = true;
        say(&mut connection, ClientMessage::Bind { id, extended }).await;
        say(&mut connection, resize(&mut rng)).await;
        if chance(&mut rng, drops) {
            return None;
        }
        let (key, offset, input) = bound(&mut connection).await;
        assert_eq!((offset, input), (0, 0));
        // The server waits for no more than a whole window; a character that is not whole was not sent.
        let tell_every = rng.u64(TELL_EVERY..OUTPUT_WINDOW - 4);
        Some(Self {
            address,
            connection,
            key,
            drops,
            rng,
            counts: Counts::default(),
            expected: Expected::default(),
            received: 0,
            acknowledged: 0,
            tell_every,
            torn: false,
            input: VecDeque::new(),
            taken: 0,
            sent: 0,
            ping: None,
        })
    }

    /// Its connection, for one who looks at output in another way.
    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    /// How its messages are encoded.
    pub(crate) fn encoding(&self) -> Encoding {
        self.connection.encoding()
    }

    /// How much output is still to come.
    pub(crate) fn missing(&self) -> u64 {
        self.expected.end() - self.received
    }

    /// Types, and sends as much of it as the server has room for.
    pub(crate) async fn type_in(&mut self, input: &[u8]) {
        self.counts.typed += input.len() as u64;
        self.expected.typed(input);
        self.input.extend(input);
        self.send_input().await;
    }

    /// Interrupts, behind all that was typed.
    pub(crate) async fn interrupt(&mut self) {
        while self.unsent() > 0 {
            self.step().await;
        }
        self.counts.interrupts += 1;
        self.expected.typed(&[CTRL_C]);
        self.input.push_back(CTRL_C);
        self.sent += 1;
        say(&mut self.connection, ClientMessage::Interrupt).await;
    }

    /// Changes the terminal's size.
    pub(crate) async fn resize(&mut self) {
        let resize = resize(&mut self.rng);
        say(&mut self.connection, resize).await;
    }

    /// Asks for a sign of life, unless one is still to come.
    pub(crate) async fn ping(&mut self) {
        if self.ping.is_none() {
            let token = self.rng.u64(..).to_string();
            self.ping = Some(token.clone());
            say(&mut self.connection, ClientMessage::Ping { token }).await;
        }
    }

    /// Takes output until so much is missing, or less.
    pub(crate) async fn read_until_missing(&mut self, missing: u64) {
        while self.missing() > missing {
            self.step().await;
        }
    }

    /// Takes all output, sends all input and hears all answers.
    pub(crate) async fn settle(&mut self) {
        while self.missing() > 0 || self.unsent() > 0 || self.ping.is_some() {
            self.step().await;
        }
    }

    /// Hears one message, or drops the connection and makes another.
    async fn step(&mut self) {
        if chance(&mut self.rng, self.drops) {
            self.drop_and_resume(false).await;
            return;
        }
        if let Some(exit) = self.hear().await {
            panic!("it ended: {exit:?}");
        }
    }

    /// Hears one message, and answers what it asks for; the session's end.
    async fn hear(&mut self) -> Option<Exit> {
        match next(&mut self.connection).await {
            ServerMessage::Stdout { data, end } => self.output(&data, end).await,
            ServerMessage::Skipped { from, to } => {
                assert_eq!(from, self.received);
                assert!(self.counts.interrupts > 0 && to > from);
                self.torn = false;
                self.counts.skipped += to - from;
                self.received = to;
            }
            ServerMessage::Taken { offset } => {
                assert!((self.taken..=self.sent).contains(&offset));
                self.take(offset);
                self.send_input().await;
            }
            ServerMessage::Pong { token } => assert_eq!(Some(token), self.ping.take()),
            ServerMessage::Exit(exit) => return Some(exit),
            other @ (ServerMessage::Bound { .. }
            | ServerMessage::Notice(_)
            | ServerMessage::Toast { .. }) => {
                panic!("{other:?} was not to be said")
            }
        }
        None
    }

    async fn output(&mut self, data: &[u8], end: Option<u64>) {
        assert!(!self.torn, "output between a torn character and the gap");
        // Nothing that is printed has it.
        if data == "\u{fffd}".as_bytes() {
            let end = end.unwrap();
            let held = end.checked_sub(self.received).unwrap();
            assert!((1..MAX_CHARACTER as u64).contains(&held));
            self.received = end;
            self.torn = true;
            return;
        }
        self.expected.check(self.received, data).unwrap();
        self.received += data.len() as u64;
        self.counts.received += data.len() as u64;
        assert_eq!(end.unwrap_or(self.received), self.received);
        if self.received - self.acknowledged >= self.tell_every {
            self.acknowledged = self.received;
            let offset = self.received;
            say(&mut self.connection, ClientMessage::Ack { offset }).await;
        }
    }

    /// How much input was not sent.
    fn unsent(&self) -> u64 {
        self.taken + self.input.len() as u64 - self.sent
    }

    async fn send_input(&mut self) {
        loop {
            let room = INPUT_WINDOW - (self.sent - self.taken);
            let length = room.min(self.unsent()).min(MAX_MESSAGE as u64);
            if length == 0 {
                return;
            }
            let unsent = self
                .input
                .range(usize::try_from(self.sent - self.taken).unwrap()..);
            let mut data: Vec<u8> = unsent
                .take(usize::try_from(length).unwrap())
                .copied()
                .collect();
            data.truncate(self.rng.usize(MAX_CHARACTER.min(data.len())..=data.len()));
            if self.encoding() == Encoding::Text {
                // The rest of a character may have to wait for room.
                data.truncate(whole_characters(&data));
                if data.is_empty() {
                    return;
                }
            }
            self.sent += data.len() as u64;
            let data = Bytes::from(data);
            say(&mut self.connection, ClientMessage::Stdin { data }).await;
        }
    }

    /// The server has all input before `offset`.
    fn take(&mut self, offset: u64) {
        self.input
            .drain(..usize::try_from(offset - self.taken).unwrap());
        self.taken = offset;
    }

    /// Loses its connection and goes on with another; as a page does that is loaded anew, if it `leaves`.
    pub(crate) async fn drop_and_resume(&mut self, leaves: bool) {
        if leaves {
            say(&mut self.connection, ClientMessage::Leave).await;
        }
        self.counts.resumes += 1;
        drop(self.resume().await);
    }

    /// Goes on with another connection while this one lives, which is told so.
    pub(crate) async fn take_over(&mut self) {
        self.counts.takeovers += 1;
        let mut old = self.resume().await;
        loop {
            match next(&mut old).await {
                ServerMessage::Exit(exit) => {
                    assert_eq!(exit.reason, EndReason::TakenOver);
                    return;
                }
                ServerMessage::Stdout { .. }
                | ServerMessage::Skipped { .. }
                | ServerMessage::Taken { .. }
                | ServerMessage::Pong { .. } => {}
                other => panic!("{other:?} was not to be said"),
            }
        }
    }

    /// Resumes on a new connection; gives the old one.
    async fn resume(&mut self) -> Connection {
        let (connection, (key, offset, input)) = loop {
            let mut connection = connect(&self.address, self.encoding()).await;
            let resume = ClientMessage::Resume {
                key: self.key.clone(),
                offset: self.received,
            };
            say(&mut connection, resume).await;
            if !chance(&mut self.rng, self.drops) {
                let bound = bound(&mut connection).await;
                break (connection, bound);
            }
        };
        assert_eq!(
            offset, self.received,
            "what was not acknowledged must be there"
        );
        assert!((self.taken..=self.sent).contains(&input));
        self.key = key;
        self.acknowledged = offset;
        self.torn = false;
        self.ping = None;
        let old = std::mem::replace(&mut self.connection, connection);
        self.take(input);
        self.sent = input;
        self.send_input().await;
        old
    }

    /// Asks for the session's end.
    pub(crate) async fn close(mut self) -> Counts {
        say(&mut self.connection, ClientMessage::Close).await;
        let exit = self.end().await;
        assert_eq!(exit.reason, EndReason::Closed);
        self.counts
    }

    /// Lets the shell end by itself.
    pub(crate) async fn exit(mut self) -> Counts {
        self.settle().await;
        let code = self.rng.i32(0..256);
        self.type_in(format!("exit {code}\n").as_bytes()).await;
        let exit = self.end().await;
        assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(code)));
        self.counts
    }

    /// Goes away for good.
    pub(crate) async fn leave(mut self, says_so: bool) -> Counts {
        if says_so {
            say(&mut self.connection, ClientMessage::Leave).await;
        }
        self.counts
    }

    async fn end(&mut self) -> Exit {
        loop {
            if let Some(exit) = self.hear().await {
                return exit;
            }
        }
    }
}

/// True once in so many times.
pub(crate) fn chance(rng: &mut fastrand::Rng, one_in: Option<u32>) -> bool {
    one_in.is_some_and(|count| rng.u32(0..count) == 0)
}

fn resize(rng: &mut fastrand::Rng) -> ClientMessage {
    ClientMessage::Resize(Size {
        rows: rng.u16(0..100),
        cols: rng.u16(0..300),
    })
}

/// How many of these bytes are whole characters.
fn whole_characters(data: &[u8]) -> usize {
    match std::str::from_utf8(data) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    }
}

async fn connect(address: &Address, encoding: Encoding) -> Connection {
    let opening = Connection::open(address, encoding, READ_BUFFER);
    soon("a connection", opening).await.unwrap()
}

/// Says something on a connection that stands.
pub(crate) async fn say(connection: &mut Connection, message: ClientMessage) {
    soon("a write", connection.say(&message)).await.unwrap();
}

/// Waits for the next message on a connection that stands.
pub(crate) async fn next(connection: &mut Connection) -> ServerMessage {
    let heard = soon("a message", connection.hear()).await.unwrap();
    heard.expect("an end that was said")
}

/// What a connection is told first.
async fn bound(connection: &mut Connection) -> (String, u64, u64) {
    match next(connection).await {
        ServerMessage::Bound { key, offset, input } => (key, offset, input),
        other => panic!("{other:?} instead of bound"),
    }
}
