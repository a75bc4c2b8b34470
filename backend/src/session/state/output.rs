//! Output between the process and the client: what waits, how much is under way, and what a Ctrl-C leaves out.

use bytes::Bytes;
use podshell_shared::terminal::ServerMessage;
use tokio::time::{Duration, Instant};

use crate::session::{
    Output, ToClient,
    flow::{
        flood::{AfterInterrupt, Classification, FLOOD, OutputRate, Skip},
        output_buffer::{Next, OutputBuffer},
        screen::Screen,
        window::{Pool, Window},
    },
};

/// How much output waits for a client that is away, in bytes. Beyond it the process in the container blocks, as in any
/// terminal that nobody reads.
pub(super) const KEPT: u64 = 256 << 10;
/// 0x03, which a terminal makes SIGINT of.
pub(super) const CTRL_C: Bytes = Bytes::from_static(b"\x03");
/// What makes the screen fit for what comes after a gap, where the client is not told of gaps: whatever sequence and line
/// were broken off are over, and so are its colours.
const MEND: &[u8] = b"\x1b[m\r\n";

/// The output of a session.
#[derive(Debug)]
pub(super) struct OutputState {
    /// Whether the client tells how far it is.
    acknowledged: bool,
    pub(super) buffer: OutputBuffer,
    pub(super) window: Window,
    /// How long the client took last to draw something, until that is told.
    lag: Option<Duration>,
    rate: OutputRate,
    after_interrupt: Option<AfterInterrupt>,
    skip: Option<Skip>,
    /// What a client shows that can't say [`Interrupt`](podshell_shared::terminal::ClientMessage::Interrupt), if its Ctrl-C
    /// is one.
    screen: Option<Screen>,
}

impl OutputState {
    /// No output yet. A client whose output is not `acknowledged` may have its Ctrl-C taken for an interrupt.
    pub(super) fn new(
        acknowledged: bool,
        legacy_interrupt: bool,
        pool: Pool,
        now: Instant,
    ) -> Self {
        Self {
            acknowledged,
            buffer: OutputBuffer::default(),
            window: Window::new(pool, now),
            lag: None,
            rate: OutputRate::default(),
            after_interrupt: None,
            skip: None,
            screen: (legacy_interrupt && !acknowledged).then(Screen::default),
        }
    }

    /// Whether more output has somewhere to go.
    pub(super) fn wants_more(&self, attached: bool) -> bool {
        if self.skip.is_some() {
            true
        } else if attached {
            self.buffer.is_sent() && self.has_room()
        } else {
            self.buffer.len() < KEPT
        }
    }

    /// Takes output from the process.
    pub(super) fn take(&mut self, output: Output, now: Instant) {
        self.rate.hear(output.len(), now);
        if let Some(skip) = &mut self.skip {
            skip.hear(output.data(), now);
            self.end_skip_if_due(now);
            return;
        }
        let after_interrupt = self.after_interrupt.as_mut();
        let classification = after_interrupt.map(|after| after.hear(output.data(), now));
        self.buffer.push(output);
        match classification {
            Some(Classification::Flood) => self.begin_skip(now),
            Some(Classification::Past) => self.after_interrupt = None,
            Some(Classification::Calm) | None => {}
        }
    }

    /// Whether this input is all that the client can say of an interrupt. A full-screen program's output is never dropped:
    /// it may read the Ctrl-C as a key like any other.
    pub(super) fn is_interrupt(&self, data: &Bytes) -> bool {
        let is_alternate = |screen: &Screen| screen.is_alternate();
        *data == CTRL_C && !self.screen.as_ref().is_none_or(is_alternate)
    }

    /// The user interrupts the program. If there is a flood, what is left of it is skipped.
    pub(super) fn interrupt(&mut self, now: Instant) {
        let flooded = self.is_flooded(now);
        if flooded || self.after_interrupt.is_some() {
            self.after_interrupt = Some(AfterInterrupt::new(now));
        }
        if flooded {
            self.end_skip();
            self.begin_skip(now);
        }
    }

    /// The user typed something else: what comes now was asked for.
    pub(super) fn typed(&mut self) {
        self.after_interrupt = None;
    }

    /// Whether more output is under way than a Ctrl-C had better wait for: here, to a slow client, or after what came for a
    /// fast one.
    fn is_flooded(&self, now: Instant) -> bool {
        self.skip.is_some() || self.buffer.len() >= FLOOD || self.rate.is_flood(now)
    }

    fn begin_skip(&mut self, now: Instant) {
        if let Some(after_interrupt) = &mut self.after_interrupt {
            let mut skip = after_interrupt.skip(now);
            self.buffer.give_unsent(&mut skip);
            self.skip = Some(skip);
        }
    }

    /// Ends the skip if its time has passed.
    fn end_skip_if_due(&mut self, now: Instant) {
        if let Some(skip) = self.skip.as_ref().filter(|skip| skip.is_over(now)) {
            if !skip.paused(now) {
                self.after_interrupt = None;
            }
            self.end_skip();
        }
    }

    /// Ends the skip, if there is one: nothing more comes that it would drop.
    pub(super) fn end_skip(&mut self) {
        if let Some(skip) = self.skip.take() {
            let rest = skip.finish();
            self.buffer.push_gap(rest.dropped);
            if self.screen.is_some() && rest.dropped > 0 {
                self.buffer.push(Output::copy_of(MEND));
            }
            self.buffer.push(Output::copy_of(&rest.shown));
        }
    }

    /// A client is there that has all output before `offset`.
    pub(super) fn attach(&mut self, offset: u64, now: Instant) {
        self.buffer.resume(offset);
        self.window.restart(self.buffer.len(), now);
    }

    /// The client has drawn all output before `offset`.
    pub(super) fn acknowledge(&mut self, offset: u64, now: Instant) {
        self.buffer.acknowledge(offset);
        let (acked, held) = (self.buffer.acked(), self.buffer.len());
        self.lag = self.window.acknowledge(acked, held, now).or(self.lag);
    }

    /// How long the client took to draw something, if that was measured since it was last asked.
    pub(super) fn take_lag(&mut self) -> Option<Duration> {
        self.lag.take()
    }

    fn has_room(&self) -> bool {
        self.buffer.in_flight() < self.window.size()
    }

    /// Whether output is to go to the client.
    pub(super) fn may_send(&self) -> bool {
        !self.buffer.is_sent() && self.has_room()
    }

    /// What of it is to go to the client next.
    pub(super) fn send_next(&mut self, now: Instant) -> Option<ToClient> {
        if !self.may_send() {
            return None;
        }
        let next = match self.buffer.send_next()? {
            Next::Output(output, end) => {
                if let Some(screen) = &mut self.screen {
                    screen.hear(output.data());
                }
                ToClient::Output(output, end)
            }
            Next::Skipped { from, to } => ToClient::Message(ServerMessage::Skipped { from, to }),
        };
        let (sent, in_flight) = (self.buffer.sent(), self.buffer.in_flight());
        if self.acknowledged {
            self.window.send(sent, in_flight, now);
        } else {
            // The client's socket is its bound.
            self.buffer.acknowledge(sent);
        }
        Some(next)
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let skip = self.skip.as_ref().map(Skip::deadline);
        [skip, self.window.deadline()].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) {
        self.end_skip_if_due(now);
        self.window.tick(self.buffer.len(), now);
    }
}
