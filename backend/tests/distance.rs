//! Terminals over a long line: it is kept full, nothing is lost or doubled on it, and a Ctrl-C does not wait for it.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{
    TestServer,
    client::{Address, Connection, Encoding},
    delay::Delay,
    soon, web,
};
use podshell_shared::terminal::{
    ClientMessage, OUTPUT_WINDOW, ServerMessage, Size, TELL_EVERY, session_handle,
};
use tokio::time::{Duration, Instant, sleep_until, timeout};

/// So long that a window which does not grow is slower than any machine.
const ONE_WAY: Duration = Duration::from_millis(300);
/// So much is drawn until the line is full, in bytes, where nothing else runs.
const FULL: usize = 2_500_000;
/// So much more is drawn before it is looked again whether it is full, twice as much before the next time, and so on.
const MORE: usize = 300_000;
/// When nothing comes for so long, no more is under way.
const NO_MORE: Duration = Duration::from_secs(1);

/// A page at the far end.
struct Page {
    address: Address,
    encoding: Encoding,
    connection: Connection,
    key: String,
    /// All output, and where it ends.
    screen: Vec<u8>,
    end: u64,
    acked: u64,
}

impl Page {
    async fn open(server: &TestServer, line: &Delay, encoding: Encoding) -> Self {
        let address = Address {
            host: line.address().to_string(),
            token: server.token.clone(),
        };
        let id = server.mint("app").await;
        let mut connection = Connection::open(&address, encoding, 64 << 10)
            .await
            .unwrap();
        let bind = ClientMessage::Bind { id, extended: true };
        connection.say(&bind).await.unwrap();
        let size = Size { rows: 24, cols: 80 };
        connection.say(&ClientMessage::Resize(size)).await.unwrap();
        let mut page = Self {
            address,
            encoding,
            connection,
            key: String::new(),
            screen: Vec::new(),
            end: 0,
            acked: 0,
        };
        page.see_prompt().await;
        page
    }

    async fn say(&mut self, message: ClientMessage) {
        self.connection.say(&message).await.unwrap();
    }

    async fn type_in(&mut self, text: &str) {
        let data = text.to_owned().into();
        self.say(ClientMessage::Stdin { data }).await;
    }

    /// Takes what comes next.
    async fn step(&mut self) {
        match soon("output", self.connection.hear()).await.unwrap() {
            Some(ServerMessage::Stdout { data, end }) => {
                self.end = end.unwrap_or(self.end + data.len() as u64);
                self.screen.extend_from_slice(&data);
            }
            Some(ServerMessage::Skipped { to, .. }) => self.end = to,
            Some(ServerMessage::Bound { key, offset, .. }) => {
                assert_eq!(offset, self.end);
                self.key = key;
            }
            Some(_) => {}
            None => panic!("it ended"),
        }
    }

    /// Takes output, and says that it is drawn, until there is so much.
    async fn draw_up_to(&mut self, length: usize) {
        while self.screen.len() < length {
            self.draw().await;
            assert!(!self.is_at_prompt(), "the line never got full");
            self.step().await;
        }
    }

    /// Whether so many bytes come, and another frame, without being acknowledged.
    async fn has_more_under_way_than(&mut self, bytes: u64) -> bool {
        while self.end - self.acked < bytes {
            if timeout(NO_MORE, self.step()).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Says that all is drawn, if that is due.
    async fn draw(&mut self) {
        if self.end - self.acked >= TELL_EVERY || self.is_at_prompt() {
            self.acked = self.end;
            let offset = self.acked;
            self.say(ClientMessage::Ack { offset }).await;
        }
    }

    fn is_at_prompt(&self) -> bool {
        self.screen.ends_with(b"$ ") || self.screen.ends_with(b"# ")
    }

    async fn see_prompt(&mut self) {
        while !self.is_at_prompt() {
            self.step().await;
            self.draw().await;
        }
    }

    /// Ends the shell, the line and the server.
    async fn leave(mut self, line: Delay, server: TestServer) {
        self.say(ClientMessage::Close).await;
        while soon("the end", self.connection.hear())
            .await
            .unwrap()
            .is_some()
        {}
        drop((self.connection, line));
        server.stop().await;
    }

    /// Loses the connection and what is on it, and goes on by another.
    async fn lose(&mut self) {
        let handle = session_handle(&self.key).to_owned();
        let next = Connection::open_with(&self.address, self.encoding, &handle);
        self.connection = next.await.unwrap();
        let (key, offset) = (self.key.clone(), self.end);
        self.say(ClientMessage::Resume { key, offset }).await;
    }
}

/// A line, and a server at its end.
async fn far() -> (Delay, TestServer) {
    let mut line = Delay::new(ONE_WAY).await.unwrap();
    let public = format!("http://{}", line.address());
    let server = TestServer::start_with(web(), &["--public-url", &public]).await;
    line.lead_to(server.host.clone());
    (line, server)
}

#[tokio::test]
async fn a_long_line_is_kept_full_and_nothing_is_lost_on_it() {
    const LINES: usize = 2_000_000;
    for encoding in [Encoding::Binary, Encoding::Text] {
        let (line, server) = far().await;
        let mut page = Page::open(&server, &line, encoding).await;
        page.screen.clear();
        page.type_in(&format!("seq {LINES}\r")).await;
        for length in [FULL, 2 * FULL] {
            page.draw_up_to(length).await;
            // A machine that is busy draws less, and less is under way to it.
            let mut more = MORE;
            while !page.has_more_under_way_than(2 * OUTPUT_WINDOW).await {
                page.draw_up_to(page.screen.len() + more).await;
                more *= 2;
            }
            page.lose().await;
        }
        page.see_prompt().await;
        let text = String::from_utf8(std::mem::take(&mut page.screen)).unwrap();
        // Behind what was typed.
        let (_, output) = text.split_once("\r1\r\n").unwrap();
        let mut lines = output.split("\r\n");
        for number in 2..=LINES {
            assert_eq!(lines.next(), Some(&*number.to_string()));
        }
        page.leave(line, server).await;
    }
}

#[tokio::test]
async fn a_ctrl_c_does_not_wait_for_a_long_line() {
    // Slower than it comes.
    const SPEED: f64 = 4e6;
    for encoding in [Encoding::Binary, Encoding::Text] {
        let (line, server) = far().await;
        let mut page = Page::open(&server, &line, encoding).await;
        page.type_in("yes 0123456789012345678901234567890123456789\r")
            .await;
        let mut drawn = Instant::now();
        let mut interrupted = None;
        loop {
            let before = page.screen.len();
            page.step().await;
            page.draw().await;
            let time = Duration::from_secs_f64((page.screen.len() - before) as f64 / SPEED);
            drawn = drawn.max(Instant::now() - Duration::from_millis(20)) + time;
            sleep_until(drawn).await;
            if page.is_at_prompt() {
                break;
            }
            if interrupted.is_none() && page.screen.len() > FULL {
                interrupted = Some(page.screen.len());
                page.say(ClientMessage::Interrupt).await;
            }
        }
        // What was under way, and what went out until the server heard of it: no more than is drawn in two round trips and
        // a bit, however busy the machine is.
        let shown = page.screen.len() - interrupted.unwrap();
        let most = SPEED * ONE_WAY.as_secs_f64() * 5.0;
        assert!((shown as f64) < most, "{shown}");
        page.leave(line, server).await;
    }
}
