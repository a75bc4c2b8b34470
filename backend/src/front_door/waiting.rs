//! Since when a connection waits for a request, all of it, if it does: who waits is the first to go when there are too
//! many.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Duration, Instant, Sleep, sleep};

/// Of one connection; HTTP/1 answers one request after the other.
#[derive(Clone, Debug)]
pub(super) struct Waiting(Arc<Mutex<Option<Instant>>>);

impl Waiting {
    /// A connection that has just been opened.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }

    /// How long it has been waiting.
    pub(super) fn time(&self) -> Option<Duration> {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map(|since| since.elapsed())
    }

    /// The header of a request is there, with a `body` that has to be there within `time`. Until it is, the connection
    /// goes on waiting; from then on it does not, until the request is answered.
    pub(super) fn ask(&self, body: Incoming, time: Duration) -> (Body, Answering) {
        let answering = Answering(self.clone());
        if body.is_end_stream() {
            self.set(None);
            return (Body::empty(), answering);
        }
        self.set(Some(Instant::now()));
        let asked = Asked {
            body,
            waiting: self.clone(),
            end: Box::pin(sleep(time)),
        };
        (Body::new(asked), answering)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// A body that is asked with.
struct Asked {
    body: Incoming,
    waiting: Waiting,
    end: Pin<Box<Sleep>>,
}

impl HttpBody for Asked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            let late = io::Error::from(io::ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(axum::Error::new(late))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.waiting.set(None);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // nobody wants the rest
        self.waiting.set(None);
    }
}

/// A request is being answered, until this is dropped.
#[derive(Debug)]
pub(super) struct Answering(Waiting);

impl Answering {
    /// `body` is the rest of the answer.
    pub(super) fn with(self, body: Body) -> Body {
        Body::new(Answer {
            body,
            _answering: self,
        })
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

/// A body that is answered with.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
