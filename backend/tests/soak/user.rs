//! A user: one session after the other, with everything that may happen to it.

use std::{ops::AddAssign, sync::Arc};

use fake_cluster::load::LINE;
use tokio::time::Instant;

use crate::{
    common::{TestServer, client::Encoding},
    page::Page,
    shell,
    terminal::Terminal,
};

/// The generator prints nothing when it starts: as a shell of Windows, which has no launcher that says
/// something, it is taken for started after two seconds.
const GENERATOR: &str = "generator?shell=powershell";
const SHELL: &str = "shell";

/// What was done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Sessions that ran.
    pub(crate) sessions: u64,
    /// Connections that were lost, and replaced.
    pub(crate) resumes: u64,
    /// Connections that were replaced while they lived.
    pub(crate) takeovers: u64,
    pub(crate) interrupts: u64,
    /// Bytes of input.
    pub(crate) typed: u64,
    /// Bytes of output that were checked.
    pub(crate) received: u64,
    /// Bytes of output that were dropped behind an interrupt.
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.resumes += other.resumes;
        self.takeovers += other.takeovers;
        self.interrupts += other.interrupts;
        self.typed += other.typed;
        self.received += other.received;
        self.skipped += other.skipped;
    }
}

/// A user.
pub(crate) struct User {
    server: Arc<TestServer>,
    rng: fastrand::Rng,
    /// Whether it has real shells, not generators.
    has_shells: bool,
}

impl User {
    pub(crate) fn new(server: Arc<TestServer>, seed: u64, number: u64) -> Self {
        Self {
            server,
            rng: fastrand::Rng::with_seed(seed),
            has_shells: number.is_multiple_of(10),
        }
    }

    /// Has sessions until the deadline; one at least.
    pub(crate) async fn live(mut self, deadline: Instant) -> Counts {
        let mut counts = Counts::default();
        loop {
            counts += self.session(deadline).await;
            if Instant::now() >= deadline {
                return counts;
            }
        }
    }

    async fn session(&mut self, deadline: Instant) -> Counts {
        // Some never lose their connection but at will.
        let drops = self.rng.bool().then(|| self.rng.u32(5..500));
        let rng = self.rng.fork();
        let container = if self.has_shells { SHELL } else { GENERATOR };
        let id = self.mint(container).await;
        // Some are pages, the others do what no page does.
        if !self.has_shells && self.rng.u32(0..3) == 0 {
            let page = Page::open(&self.server, id, drops, rng).await;
            return match page {
                Some(page) => self.page_session(page, deadline).await,
                None => Counts::default(),
            };
        }
        let Some(mut terminal) = Terminal::open(&self.server, id, drops, rng).await else {
            return Counts::default();
        };
        terminal.counts.sessions = 1;
        if self.has_shells {
            return shell::session(&mut self.rng, terminal.into_connection()).await;
        }
        let actions = self.rng.u32(5..100);
        for _ in 0..actions {
            if Instant::now() >= deadline {
                break;
            }
            self.act(&mut terminal).await;
        }
        match self.rng.u32(0..10) {
            0 => terminal.leave(false).await,
            1 => terminal.leave(true).await,
            2..6 => terminal.close().await,
            _ => terminal.exit().await,
        }
    }

    async fn page_session(&mut self, mut page: Page, deadline: Instant) -> Counts {
        page.counts.sessions = 1;
        for _ in 0..self.rng.u32(5..100) {
            if Instant::now() >= deadline {
                break;
            }
            self.act_on_page(&mut page).await;
        }
        match self.rng.u32(0..10) {
            0 => page.leave(false).await,
            1 => page.leave(true).await,
            2..6 => page.close().await,
            _ => page.exit().await,
        }
    }

    /// Does one thing that a page's user does.
    async fn act_on_page(&mut self, page: &mut Page) {
        match self.rng.u32(0..100) {
            0..35 => {
                let count = self.rng.u64(0..4_000) * LINE as u64;
                let seed = self.rng.u64(..);
                page.type_in(&format!("bytes {count} seed {seed}\n")).await;
            }
            35..50 => {
                let length = self.rng.usize(0..100);
                let line: String = std::iter::repeat_with(|| self.rng.alphanumeric())
                    .take(length)
                    .collect();
                page.type_in(&format!("{line}\r")).await;
            }
            50..65 => {
                let length = self.rng.usize(1..300_000);
                // Text alone: a page may go on by any transport.
                let input = self.input(Encoding::Text, length);
                page.type_in(&format!("take {}\n", input.len())).await;
                page.type_in(str::from_utf8(&input).unwrap()).await;
            }
            65..75 => page.resize().await,
            75..85 => {
                page.interrupt().await;
                // What stands before it is a line of its own.
                page.type_in("\n").await;
            }
            85..90 => page.reload().await,
            90..95 => page.reconnect().await,
            _ => page.read_until_missing(0).await,
        }
        let missing = self.rng.u64(0..=page.missing());
        page.read_until_missing(missing).await;
    }

    async fn mint(&self, container: &str) -> String {
        let path = format!("/api/v1/pod/default/soak/shell/{container}");
        self.server.mint_at(&path).await
    }

    /// Does one thing.
    async fn act(&mut self, terminal: &mut Terminal) {
        match self.rng.u32(0..100) {
            0..30 => {
                let count = self.rng.u64(0..4_000) * LINE as u64;
                let seed = self.rng.u64(..);
                let line = format!("bytes {count} seed {seed}\n");
                terminal.type_in(line.as_bytes()).await;
            }
            30..45 => {
                let length = self.rng.usize(0..100);
                let line: String = std::iter::repeat_with(|| self.rng.alphanumeric())
                    .take(length)
                    .collect();
                terminal.type_in(format!("{line}\r").as_bytes()).await;
            }
            45..60 => {
                let length = self.rng.usize(1..300_000);
                let input = self.input(terminal.encoding(), length);
                let line = format!("take {}\n", input.len());
                terminal.type_in(line.as_bytes()).await;
                terminal.type_in(&input).await;
            }
            60..70 => terminal.resize().await,
            70..75 => terminal.ping().await,
            75..85 => {
                terminal.interrupt().await;
                // What stands before it is a line of its own.
                terminal.type_in(b"\n").await;
            }
            85..88 => terminal.take_over().await,
            88..91 => terminal.drop_and_resume(true).await,
            91..94 => terminal.drop_and_resume(false).await,
            _ => terminal.settle().await,
        }
        let missing = self.rng.u64(0..=terminal.missing());
        terminal.read_until_missing(missing).await;
    }

    /// Input to be summed up: any bytes, or any text where bytes can't be said.
    fn input(&mut self, encoding: Encoding, length: usize) -> Vec<u8> {
        match encoding {
            Encoding::Binary => std::iter::repeat_with(|| self.rng.u8(..))
                .take(length)
                .collect(),
            Encoding::Text => {
                let text: String = std::iter::repeat_with(|| self.rng.char(..))
                    .take(length / 4)
                    .collect();
                // Something at least.
                text.into_bytes().into_iter().chain(*b"x").collect()
            }
        }
    }
}
