//! How much output may be under way to a client: as much as it draws in two round trips, if that is more than is usual.
//!
//! What a client acknowledges tells both. The shortest time from output to its acknowledgement is how far away the client
//! is: the longer ones are spent in queues before its screen. How long the piece takes that fills the window, with all
//! before it, tells how fast the client draws (Little's law). What it draws in the shortest time has to be under way for
//! the screen never to wait, as BBR has it (draft-ietf-ccwg-bbr), and no more than as much again: a Ctrl-C has to wait for it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use podshell_shared::terminal::{OUTPUT_WINDOW, TELL_EVERY};
use tokio::time::{Duration, Instant};

/// The largest window, in bytes.
pub(in crate::session) const LARGEST: u64 = 8 << 20;
/// How much all windows together may be larger than [`OUTPUT_WINDOW`] each, in bytes.
pub(in crate::session) const POOL: u64 = 64 << 20;
/// So much of what was measured last counts, and the best of it: a pause of the screen, or of the program, is not its
/// speed.
const MEASURED: usize = 4;
/// When for so long nothing was acknowledged, or no more was under way than is at first, it is as large as at first.
const STALL: Duration = Duration::from_secs(2);

/// What the windows of all sessions share. Clones are of the same.
#[derive(Clone, Debug)]
pub(in crate::session) struct Pool(Arc<AtomicU64>);

impl Pool {
    pub(in crate::session) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// Takes so many bytes, or what there is; tells how many.
    fn take(&self, bytes: u64) -> u64 {
        let take = |free: u64| Some(free - free.min(bytes));
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        before.unwrap_or_default().min(bytes)
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(in crate::session) fn free(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A piece of output that is not acknowledged.
#[derive(Debug)]
struct Piece {
    /// Where it ends.
    end: u64,
    since: Instant,
    /// How many bytes it is the last of that were not acknowledged then.
    of: u64,
}

/// The window of one session.
#[derive(Debug)]
pub(in crate::session) struct Window {
    size: u64,
    pool: Pool,
    /// So much is taken of it: what the window, or what is under way, has more than [`OUTPUT_WINDOW`].
    taken: u64,
    /// One whose time is measured, and one that filled the window.
    any: Option<Piece>,
    full: Option<Piece>,
    /// The shortest time to an acknowledgement.
    nearest: Option<Duration>,
    /// How much it draws in that time, by what was measured last.
    drawn: [u64; MEASURED],
    /// When something was last acknowledged while more was under way than may be at first.
    used: Instant,
}

impl Window {
    pub(in crate::session) fn new(pool: Pool, now: Instant) -> Self {
        Self {
            size: OUTPUT_WINDOW,
            pool,
            taken: 0,
            any: None,
            full: None,
            nearest: None,
            drawn: [0; MEASURED],
            used: now,
        }
    }

    /// How many bytes of the pool it has.
    #[cfg(test)]
    pub(in crate::session) fn taken(&self) -> u64 {
        self.taken
    }

    /// How many bytes may be under way.
    pub(in crate::session) fn size(&self) -> u64 {
        self.size
    }

    /// Output up to `end` goes out, with which `held` bytes are not acknowledged.
    pub(in crate::session) fn send(&mut self, end: u64, held: u64, now: Instant) {
        if self.any.is_some() && (self.full.is_some() || held < self.size) {
            return;
        }
        let since = now;
        self.any.get_or_insert(Piece {
            end,
            since,
            of: held,
        });
        if held >= self.size {
            // A client need not say sooner that it has the rest.
            self.full.get_or_insert(Piece {
                end: end - TELL_EVERY,
                since,
                of: held - TELL_EVERY,
            });
        }
    }

    /// All up to the offset `acked` is acknowledged, and `held` bytes are not. Returns how long a piece of it took, if one was
    /// measured.
    pub(in crate::session) fn acknowledge(
        &mut self,
        acked: u64,
        held: u64,
        now: Instant,
    ) -> Option<Duration> {
        if held >= OUTPUT_WINDOW {
            self.used = now;
        }
        let has_come = |piece: &mut Piece| piece.end <= acked;
        let any = self.any.take_if(has_come);
        let lag = any.map(|piece| self.time(&piece, now));
        if let Some(piece) = self.full.take_if(has_come) {
            self.used = now;
            let time = self.time(&piece, now);
            let nearest = self.nearest.unwrap_or(time);
            let drawn = u128::from(piece.of) * nearest.as_nanos() / time.as_nanos();
            self.drawn.rotate_left(1);
            self.drawn[MEASURED - 1] = u64::try_from(drawn).unwrap_or(u64::MAX);
            let most = self.drawn.into_iter().max().unwrap_or_default();
            // Nothing waited before the screen: how much that draws is yet to be found out.
            let is_idle = time < nearest * 5 / 4;
            let wanted = most.saturating_mul(if is_idle { 4 } else { 2 });
            self.resize(wanted.clamp(OUTPUT_WINDOW, LARGEST), held);
        } else if self.taken > 0 {
            self.resize(self.size, held);
        }
        lag
    }

    /// How long a piece took that is acknowledged now.
    fn time(&mut self, piece: &Piece, now: Instant) -> Duration {
        // A clock may stand still.
        let time = (now - piece.since).max(Duration::from_micros(1));
        self.nearest = Some(self.nearest.map_or(time, |nearest| nearest.min(time)));
        time
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(in crate::session) fn deadline(&self) -> Option<Instant> {
        (self.size > OUTPUT_WINDOW).then(|| self.used + STALL)
    }

    /// Time has passed; `held` bytes are not acknowledged.
    pub(in crate::session) fn tick(&mut self, held: u64, now: Instant) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.close(held);
        }
    }

    /// It is as large as at first.
    fn close(&mut self, held: u64) {
        self.drawn = [0; MEASURED];
        self.resize(OUTPUT_WINDOW, held);
    }

    /// Another connection brings the output from here on, to a client that may be elsewhere. `held` bytes are not
    /// acknowledged.
    pub(in crate::session) fn restart(&mut self, held: u64, now: Instant) {
        (self.any, self.full) = (None, None);
        self.nearest = None;
        self.used = now;
        self.close(held);
    }

    /// Takes from the pool what a larger window takes, and gives back what neither it nor what is held needs.
    fn resize(&mut self, size: u64, held: u64) {
        let needed = size.max(held) - OUTPUT_WINDOW;
        if needed > self.taken {
            self.taken += self.pool.take(needed - self.taken);
        } else if needed < self.taken {
            self.pool.give_back(self.taken - needed);
            self.taken = needed;
        }
        self.size = size.min(OUTPUT_WINDOW + self.taken);
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.pool.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests;
