//! A response that carries what is for the client of a session over plain HTTP.

use std::{convert::Infallible, sync::Arc};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    builder::Config, format::Format, frame, framing::Message, liveness::HEARTBEATS_UNTIL_LOST,
    queue::Rx, registry::HttpSession,
};

/// How a second response is closed while there is another: each frame can go but one way.
const ANOTHER: (u16, &str) = (2010, "Another connection still open");
/// Messages are put together up to so many bytes: each chunk costs, and so does each request of a polling client.
const WHOLE: usize = 16 * 1024;

/// The body of a response that carries the frames of `session`, for as long as the transport and the session let it.
pub(crate) fn body(session: Arc<HttpSession>, format: Format, config: Arc<Config>) -> Body {
    let prelude = format.prelude();
    let Some(outbox) = session.receive() else {
        let mut frame = String::new();
        frame::encode_close(&mut frame, ANOTHER.0, ANOTHER.1);
        let chunks = prelude.into_iter().chain([format.wrap(frame)]);
        return Body::from_stream(stream::iter(chunks.map(Ok::<_, Infallible>)));
    };
    let receiving = Receiving {
        over: session.over(),
        opens: session.opens(),
        room: if format.is_streaming() {
            config.response_limit
        } else {
            0
        },
        session,
        outbox: Some(outbox),
        prelude,
        format,
        config,
    };
    let chunks = stream::unfold(receiving, async |mut receiving| {
        let chunk = receiving.next_chunk().await?;
        Some((Ok::<_, Infallible>(chunk), receiving))
    });
    Body::from_stream(chunks)
}

/// The one response of a session that carries its frames. The server asks for each chunk when there is room for it.
#[derive(Debug)]
struct Receiving {
    session: Arc<HttpSession>,
    /// `None` once the response is complete.
    outbox: Option<Rx>,
    prelude: Option<Bytes>,
    opens: bool,
    /// How many bytes there may still be.
    room: usize,
    format: Format,
    over: CancellationToken,
    config: Arc<Config>,
}

impl Receiving {
    async fn next_chunk(&mut self) -> Option<Bytes> {
        let outbox = self.outbox.as_mut()?;
        if let Some(prelude) = self.prelude.take() {
            return Some(prelude);
        }
        if std::mem::take(&mut self.opens) {
            return Some(self.wrap("o".to_owned()));
        }
        let liveness = self.session.liveness();
        let silence = self.config.heartbeat * HEARTBEATS_UNTIL_LOST;
        if liveness.silence() >= silence {
            return Some(self.last_beat());
        }
        let beat = Instant::now() + self.config.heartbeat;
        let message = tokio::select! {
            biased;
            Some(message) = outbox.take() => message,
            () = self.over.cancelled() => {
                let farewell = self.session.farewell();
                self.room = 0;
                return Some(self.wrap(farewell));
            }
            () = liveness.lost(silence) => return Some(self.last_beat()),
            () = sleep_until(beat) => return Some(self.wrap("h".to_owned())),
        };
        let mut frame = text(message);
        while frame.len() < WHOLE
            && let Some(message) = outbox.try_take()
        {
            join(&mut frame, text(message));
        }
        Some(self.wrap(frame))
    }

    /// A heartbeat behind which the response is complete, so that a client that has been silent for long shows that it is
    /// there: it asks for another response, where it finds all that is sent meanwhile. To write to it shows nothing: what
    /// is between may take all.
    fn last_beat(&mut self) -> Bytes {
        self.room = 0;
        self.wrap("h".to_owned())
    }

    /// The chunk for a frame, behind which the response may be complete.
    fn wrap(&mut self, frame: String) -> Bytes {
        let chunk = self.format.wrap(frame);
        self.room = self.room.saturating_sub(chunk.len());
        if self.room == 0
            && let Some(outbox) = self.outbox.take()
        {
            self.session.leave(outbox);
        }
        chunk
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take() {
            self.session.interrupt(outbox);
        }
    }
}

/// A message as its session has encoded it.
fn text(message: Message) -> String {
    match message {
        Message::Text(frame) => frame,
        // A framed session takes none.
        Message::Binary(_) => String::new(),
    }
}

/// Makes one `a[…]` frame of two.
fn join(frame: &mut String, next: String) {
    const EMPTY: usize = "a[]".len();
    if next.len() <= EMPTY {
        return;
    }
    if frame.len() <= EMPTY {
        *frame = next;
        return;
    }
    frame.pop();
    frame.push(',');
    frame.push_str(&next["a[".len()..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::Frame;

    proptest! {
        #[test]
        fn joined_frames_carry_the_same_messages(
            batches in prop::collection::vec(prop::collection::vec("(?s).{0,8}", 0..5), 0..5),
        ) {
            let mut frame = "a[]".to_owned();
            for batch in &batches {
                let mut next = String::new();
                frame::encode_messages(&mut next, batch);
                join(&mut frame, next);
            }
            prop_assert_eq!(Frame::decode(&frame), Ok(Frame::Messages(batches.concat())));
        }
    }
}
