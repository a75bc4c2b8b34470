//! The terminal's size, and the change of it that makes a full-screen program draw its screen anew.

use podshell_shared::terminal::Size;

/// How long a size lasts that is only there to make a program draw, in ms.
const REDRAW_WITHIN: f64 = 150.0;

/// The size, and what the server is to be told of it.
#[derive(Debug)]
pub(crate) struct Resizes {
    size: Option<Size>,
    due: Option<Size>,
    /// When the true size follows another.
    redraw_until: Option<f64>,
}

impl Resizes {
    /// A window of which the size may not be known yet.
    pub(crate) fn new(size: Option<Size>) -> Self {
        Self {
            size,
            due: None,
            redraw_until: None,
        }
    }

    /// It has this size now.
    pub(crate) fn resize(&mut self, size: Size) {
        if size.is_usable() {
            self.size = Some(size);
            self.due = self.size;
        }
    }

    /// There is a server that does not know the size.
    pub(crate) fn tell(&mut self) {
        self.due = self.size;
        self.redraw_until = None;
    }

    /// Tells a size that is a row smaller, and the true one soon after: the two must not come so close together
    /// that only the last counts.
    pub(crate) fn redraw(&mut self, now: f64) {
        if let Some(Size { rows, cols }) = self.size.filter(|size| size.rows > 1) {
            let rows = rows - 1;
            self.due = Some(Size { rows, cols });
            self.redraw_until = Some(now + REDRAW_WITHIN);
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<f64> {
        self.redraw_until
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: f64) {
        if self.redraw_until.is_some_and(|until| now >= until) {
            self.tell();
        }
    }

    /// The size to tell.
    pub(crate) fn next_size(&mut self) -> Option<Size> {
        self.due.take()
    }
}
