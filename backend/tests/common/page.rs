//! The page as a test has it: its client, driven natively, and what is on its screen.

use std::fmt::Debug;

use bytes::Bytes;
use podshell_client::{Client, End, Phase, ResumePoint, ScreenUpdate, transport::Transport};
use podshell_client_driver::{Driver, Multiplexes};
use podshell_shared::{
    terminal::{Exit, Notice, Size},
    utf8::Utf8Stream,
};

use super::{TestServer, soon};

/// As much of a WebSocket as is read at once, in bytes.
const READ_BUFFER: usize = 4 << 10;
const SIZE: Size = Size { rows: 24, cols: 80 };

/// A terminal on the page.
pub struct Page {
    driver: Driver,
    /// All output so far.
    pub screen: String,
    /// What makes text of the output's bytes.
    decoder: Utf8Stream,
    /// The offset behind the output that is on the screen.
    pub drawn: u64,
    /// How many bytes of output the server dropped after an interrupt.
    pub skipped: u64,
    /// How many bytes of output are gone for good.
    pub missing: u64,
    /// What the server remarked.
    pub notices: Vec<Notice>,
}

impl Page {
    /// Opens a shell in the container `app` of `default/web-0`, by a transport, and waits for it.
    pub async fn open(server: &TestServer, transport: Transport) -> Self {
        let id = server.mint("app").await;
        let page = Self::open_with(server, transport, id).await;
        page.unwrap_or_else(|end| panic!("{transport:?}: {end:?}"))
    }

    /// The same as one of several terminals of a page.
    pub async fn open_on(
        server: &TestServer,
        transport: Transport,
        multiplexes: &Multiplexes,
    ) -> Self {
        let id = server.mint("app").await;
        let driver = Driver::start(&server.address(), transport, false, SIZE, READ_BUFFER);
        let mut page = Self::new(driver.on_page(multiplexes));
        page.driver.act(|client, now| client.minted(id, now)).await;
        let connected = page.connected().await;
        connected.unwrap_or_else(|end| panic!("{transport:?}: {end:?}"))
    }

    /// Begins to go on with a session, as one of several terminals of a page, without waiting for it.
    pub fn resuming_on(
        server: &TestServer,
        transport: Transport,
        multiplexes: &Multiplexes,
        point: ResumePoint,
    ) -> Self {
        let client = Client::resume(point, false, Some(SIZE), transport, || 0.5, 0.0);
        let driver = Driver::new(client, &server.address(), READ_BUFFER);
        Self::new(driver.on_page(multiplexes))
    }

    /// Does what the client wants to be done, and waits for nothing.
    pub async fn begin(&mut self) {
        self.driver.perform_actions().await;
    }

    /// Opens the session of a minted id; gives its end if there is none.
    pub async fn open_with(
        server: &TestServer,
        transport: Transport,
        id: String,
    ) -> Result<Self, End> {
        let address = server.address();
        let driver = Driver::start(&address, transport, false, SIZE, READ_BUFFER);
        let mut page = Self::new(driver);
        page.driver.act(|client, now| client.minted(id, now)).await;
        page.connected().await
    }

    /// What another page needs to go on with the session.
    pub fn resume_point(&self) -> ResumePoint {
        self.client().resume_point().expect("a session")
    }

    /// Goes on with the session of another page, which is taken over if that still has it; gives its end if there is none.
    pub async fn resume(
        server: &TestServer,
        transport: Transport,
        point: ResumePoint,
    ) -> Result<Self, End> {
        let drawn = point.drawn;
        let client = Client::resume(point, false, Some(SIZE), transport, || 0.5, 0.0);
        let mut page = Self::new(Driver::new(client, &server.address(), READ_BUFFER));
        page.drawn = drawn;
        page.connected().await
    }

    fn new(driver: Driver) -> Self {
        Self {
            driver,
            screen: String::new(),
            decoder: Utf8Stream::default(),
            drawn: 0,
            skipped: 0,
            missing: 0,
            notices: Vec::new(),
        }
    }

    /// Waits until the session stands.
    pub async fn connected(mut self) -> Result<Self, End> {
        while self.client().phase() != &Phase::Connected {
            if !self.step().await {
                return Err(self.ended());
            }
        }
        Ok(self)
    }

    /// The client of the protocol.
    pub fn client(&self) -> &Client {
        self.driver.client()
    }

    /// Loses its connection, and makes another.
    pub async fn reconnect(&mut self) {
        self.driver.reconnect().await;
        while self.client().phase() != &Phase::Connected {
            assert!(self.step().await, "ended: {:?}", self.client().phase());
        }
    }

    /// Goes away, for the session to be gone on with soon, and comes back.
    pub async fn reload(&mut self) {
        self.leave().await;
        let back = |client: &mut Client, now| client.return_to_session(now);
        self.driver.act(back).await;
        while self.client().phase() != &Phase::Connected {
            assert!(self.step().await, "ended: {:?}", self.client().phase());
        }
    }

    /// Goes away.
    pub async fn leave(&mut self) {
        let leaving = self.driver.act(|client, _| client.leave());
        soon("a write", leaving).await;
    }

    /// Types, or pastes.
    pub async fn type_in(&mut self, text: impl Into<Bytes>) {
        let text = text.into();
        let typing = self.driver.act(|client, _| client.type_in(text));
        assert!(soon("a write", typing).await, "there is room for it");
    }

    /// Types a Ctrl-C that need not wait for output.
    pub async fn interrupt(&mut self) {
        let typing = self.driver.act(|client, _| client.interrupt());
        soon("a write", typing).await;
    }

    /// Changes the terminal's size.
    pub async fn resize(&mut self, rows: u16, cols: u16) {
        let size = Size { rows, cols };
        let resizing = self.driver.act(|client, _| client.resize(size));
        soon("a write", resizing).await;
    }

    /// Ends the session.
    pub async fn close(&mut self) {
        let closing = self.driver.act(|client, _| client.close());
        soon("a write", closing).await;
    }

    /// Takes in one thing, and draws it; false once the session has ended.
    pub async fn step(&mut self) -> bool {
        if self.driver.has_ended() {
            return false;
        }
        let update = soon("something to happen", self.driver.step()).await;
        match update {
            Some(ScreenUpdate::Output { data, end }) => {
                self.decoder.push(&data, |text| self.screen.push_str(text));
                self.draw(end).await;
            }
            Some(ScreenUpdate::Resumed) => self.decoder = Utf8Stream::default(),
            Some(ScreenUpdate::Skipped { bytes, end }) => {
                self.decoder = Utf8Stream::default();
                self.skipped += bytes;
                self.draw(end).await;
            }
            Some(ScreenUpdate::Missing { bytes, end }) => {
                self.decoder = Utf8Stream::default();
                self.missing += bytes;
                self.draw(end).await;
            }
            Some(ScreenUpdate::Notice(notice)) => self.notices.push(notice),
            None => {}
        }
        true
    }

    async fn draw(&mut self, end: u64) {
        self.drawn = end;
        let drawing = self.driver.act(|client, _| client.drawn(end));
        soon("a write", drawing).await;
    }

    /// Waits until something is on the screen.
    pub async fn see(&mut self, text: &str) {
        let mut from = 0;
        while !self.screen[from..].contains(text) {
            // Megabytes may stand before what comes.
            from = self.screen.len().saturating_sub(text.len());
            while !self.screen.is_char_boundary(from) {
                from -= 1;
            }
            self.go_on(&text).await;
        }
    }

    /// Waits for the shell's prompt, root's or another's.
    pub async fn see_prompt(&mut self) {
        while !self.screen.ends_with("$ ") && !self.screen.ends_with("# ") {
            self.go_on(&"a prompt").await;
        }
    }

    async fn go_on(&mut self, wanted: &impl Debug) {
        assert!(
            self.step().await,
            "ended before {wanted:?}: {:?}",
            self.screen
        );
    }

    /// Waits for the end, and gives what the server said of it.
    pub async fn exit(&mut self) -> Exit {
        while self.step().await {}
        match self.ended() {
            End::Exit(exit) => exit,
            other => panic!("{other:?}"),
        }
    }

    fn ended(&self) -> End {
        match self.client().phase() {
            Phase::Ended(end) => end.clone(),
            phase => panic!("{phase:?}"),
        }
    }
}
