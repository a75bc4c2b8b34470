//! Since when a connection waits for a request, all of it, if it does: who waits is the first to go when there are too
//! many.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Duration, Instant, Sleep, sleep};

/// So much of a body has to come within the time that a body may take, each time anew, in bytes.
const STRETCH: usize = 256 << 10;

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

    /// The header of a request is there, with a `body` of which each [`STRETCH`] has to be there within `time` of whoever
    /// waits for it. Until it is, the connection goes on waiting; from then on it does not, until the request is answered.
    pub(super) fn ask<B>(&self, body: B, time: Duration) -> (Body, Answering)
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        let answering = Answering(self.clone());
        if body.is_end_stream() {
            self.set(None);
            return (Body::empty(), answering);
        }
        self.set(Some(Instant::now()));
        let asked = Asked {
            body,
            waiting: self.clone(),
            time,
            stretch: STRETCH,
            left: time,
            since: None,
            end: Box::pin(sleep(time)),
        };
        (Body::new(asked), answering)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// A body that is asked with.
struct Asked<B> {
    body: B,
    waiting: Waiting,
    /// How long a stretch may take.
    time: Duration,
    /// How much is left of this one, and of its time.
    stretch: usize,
    left: Duration,
    /// Since when it is waited for, if it is. The time in which nobody wants more of it does not count.
    since: Option<Instant>,
    end: Pin<Box<Sleep>>,
}

impl<B> Asked<B> {
    /// So many bytes came.
    fn come(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        if bytes < self.stretch {
            self.stretch -= bytes;
        } else {
            (self.stretch, self.left) = (STRETCH, self.time);
        }
    }
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for Asked<B> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            if self.since.is_none() {
                let now = Instant::now();
                self.since = Some(now);
                let end = now + self.left;
                self.end.as_mut().reset(end);
            }
            ready!(self.end.as_mut().poll(cx));
            let late = io::Error::from(io::ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(axum::Error::new(late))));
        };
        let data = frame
            .as_ref()
            .and_then(|frame| frame.as_ref().ok()?.data_ref());
        self.come(data.map_or(0, Bytes::len));
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

impl<B> Drop for Asked<B> {
    fn drop(&mut self) {
        // Nobody wants the rest.
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

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::*;

    const TIME: Duration = Duration::from_secs(50);

    fn asked() -> (UnboundedSender<usize>, Body) {
        let (send, frames) = unbounded_channel();
        let frames = stream::unfold(frames, async |mut frames| {
            let data = Bytes::from(vec![b'x'; frames.recv().await?]);
            Some((Ok::<_, io::Error>(Frame::data(data)), frames))
        });
        let frames = Box::pin(frames);
        (send, Waiting::new().ask(StreamBody::new(frames), TIME).0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_slowly_but_steadily_comes_whole() {
        let (send, body) = asked();
        let client = async move {
            for _ in 0..100 {
                sleep(TIME * 9 / 10).await;
                send.send(STRETCH).unwrap();
            }
        };
        let (body, ()) = tokio::join!(body.collect(), client);
        assert_eq!(body.unwrap().to_bytes().len(), 100 * STRETCH);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_trickles_is_late_and_a_reader_that_rests_does_not_make_it_so() {
        let (send, mut body) = asked();
        let trickle = tokio::spawn(async move {
            while send.send(1).is_ok() {
                sleep(TIME / 10).await;
            }
        });
        // Nobody wants it for now.
        sleep(TIME * 20).await;
        let begun = Instant::now();
        let error = loop {
            if let Err(error) = body.frame().await.unwrap() {
                break error;
            }
        };
        assert!(
            begun.elapsed() >= TIME && begun.elapsed() < TIME * 11 / 10,
            "{error}"
        );
        drop(body);
        trickle.await.unwrap();
    }
}
