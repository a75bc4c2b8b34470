//! One user's page: its own client, by any transport and on as many connections as it takes, with all output checked.

use podshell_client::{Client, End, Phase, ScreenUpdate, transport::Transport};
use podshell_client_driver::Driver;
use podshell_shared::terminal::{EndReason, OUTPUT_WINDOW, Size, TELL_EVERY};

use crate::{
    common::{TestServer, soon},
    generator::Expected,
    terminal::chance,
    user::Counts,
};

const READ_BUFFER: usize = 16 << 10;
/// The most bytes that a character has.
const MAX_CHARACTER: u64 = 4;
const CTRL_C: u8 = 3;

/// The page of a generator.
#[derive(Debug)]
pub(crate) struct Page {
    driver: Driver,
    /// One in so many steps is the last of its connection.
    drops: Option<u32>,
    rng: fastrand::Rng,
    pub(crate) counts: Counts,

    expected: Expected,
    /// The offset behind the output that came.
    received: u64,
    /// The offset behind the last whole character of it.
    whole: u64,
    drawn: u64,
    /// After so many bytes, output is drawn.
    draw_every: u64,
}

impl Page {
    /// Opens the session of a minted id and waits for the shell. [`None`] if the connection is dropped before.
    pub(crate) async fn open(
        server: &TestServer,
        id: String,
        drops: Option<u32>,
        mut rng: fastrand::Rng,
    ) -> Option<Self> {
        let transport = Transport::ALL[rng.usize(0..Transport::ALL.len())];
        let size = size(&mut rng);
        let address = server.address();
        let driver = Driver::start(&address, transport, false, size, READ_BUFFER);
        // The server waits for no more than a whole window; a character that is not whole is not drawn.
        let draw_every = rng.u64(TELL_EVERY..OUTPUT_WINDOW - MAX_CHARACTER);
        let mut page = Self {
            driver,
            drops,
            rng,
            counts: Counts::default(),
            expected: Expected::default(),
            received: 0,
            whole: 0,
            drawn: 0,
            draw_every,
        };
        page.act(|client, now| client.minted(id, now)).await;
        if chance(&mut page.rng, drops) {
            return None;
        }
        while page.driver.client().phase() != &Phase::Connected {
            page.take_step().await;
        }
        Some(page)
    }

    /// How much output is still to come.
    pub(crate) fn missing(&self) -> u64 {
        self.expected.end() - self.received
    }

    /// Types.
    pub(crate) async fn type_in(&mut self, text: &str) {
        self.counts.typed += text.len() as u64;
        self.expected.typed(text.as_bytes());
        let text = text.to_owned();
        assert!(self.act(|client, _| client.type_in(text.into())).await);
    }

    /// Interrupts, behind all that was typed.
    pub(crate) async fn interrupt(&mut self) {
        self.counts.interrupts += 1;
        self.expected.typed(&[CTRL_C]);
        self.act(|client, _| client.interrupt()).await;
    }

    /// Changes the terminal's size.
    pub(crate) async fn resize(&mut self) {
        let size = size(&mut self.rng);
        self.act(|client, _| client.resize(size)).await;
    }

    /// Takes output until so much is missing, or less.
    pub(crate) async fn read_until_missing(&mut self, missing: u64) {
        while self.missing() > missing {
            self.step().await;
        }
    }

    /// Loses its connection and goes on with another.
    pub(crate) async fn reconnect(&mut self) {
        self.counts.resumes += 1;
        soon("a connection", self.driver.reconnect()).await;
    }

    /// Goes away, as a page does that is loaded anew, and comes back.
    pub(crate) async fn reload(&mut self) {
        self.counts.resumes += 1;
        self.act(|client, _| client.leave()).await;
        self.act(|client, now| client.return_to_session(now)).await;
    }

    /// Asks for the session's end.
    pub(crate) async fn close(mut self) -> Counts {
        self.act(|client, _| client.close()).await;
        self.counts
    }

    /// Lets the shell end by itself.
    pub(crate) async fn exit(mut self) -> Counts {
        self.read_until_missing(0).await;
        let code = self.rng.i32(0..256);
        self.type_in(&format!("exit {code}\n")).await;
        self.drops = None;
        while !self.driver.has_ended() {
            self.take_step().await;
        }
        match self.driver.client().phase() {
            Phase::Ended(End::Exit(exit)) => {
                assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(code)));
            }
            phase => panic!("{phase:?}"),
        }
        self.counts
    }

    /// Goes away for good.
    pub(crate) async fn leave(mut self, says_so: bool) -> Counts {
        if says_so {
            self.act(|client, _| client.leave()).await;
        }
        self.counts
    }

    async fn act<T>(&mut self, act: impl FnOnce(&mut Client, f64) -> T) -> T {
        soon("a write", self.driver.act(act)).await
    }

    /// Lets something happen, or loses the connection.
    async fn step(&mut self) {
        if chance(&mut self.rng, self.drops) {
            self.reconnect().await;
            return;
        }
        self.take_step().await;
        assert!(!self.driver.has_ended(), "{:?}", self.driver.client());
    }

    async fn take_step(&mut self) {
        match soon("something to happen", self.driver.step()).await {
            Some(ScreenUpdate::Output { data, end }) => self.output(&data, end).await,
            Some(ScreenUpdate::Resumed) => self.received = self.whole,
            Some(ScreenUpdate::Skipped { bytes, end }) => {
                assert_eq!(end - bytes, self.received);
                assert!(self.counts.interrupts > 0 && bytes > 0);
                self.counts.skipped += bytes;
                self.received = end;
                self.whole = end;
            }
            Some(other @ (ScreenUpdate::Missing { .. } | ScreenUpdate::Notice(_))) => {
                panic!("{other:?} was not to be said")
            }
            None => {}
        }
    }

    async fn output(&mut self, data: &[u8], end: u64) {
        let is_torn = data == "\u{fffd}".as_bytes();
        if is_torn {
            // A character of which the server drops the rest; nothing that is printed has this one.
            assert!((1..MAX_CHARACTER).contains(&(end - self.received)));
            self.received = end;
        } else {
            self.expected.check(self.received, data).unwrap();
            self.received += data.len() as u64;
            self.counts.received += data.len() as u64;
        }
        self.whole = end;
        assert!(end <= self.received && self.received < end + MAX_CHARACTER);
        if self.received - self.drawn >= self.draw_every {
            self.drawn = end;
            self.act(|client, _| client.drawn(end)).await;
        }
    }
}

fn size(rng: &mut fastrand::Rng) -> Size {
    Size {
        rows: rng.u16(1..100),
        cols: rng.u16(1..300),
    }
}
