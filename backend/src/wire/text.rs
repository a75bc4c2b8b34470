//! Terminals as text, over SockJS: Dashboard's messages.

use podshell_shared::{
    close::{Carrier, Outcome, reason},
    terminal::{Exit, ServerMessage},
    text::{decode_client, encode_server},
    utf8::Utf8Stream,
};
use sockjs::{Message, Receiver, Sender, frame};

use super::{Connection, bad_message, escape, received};
use crate::session::{ClientReader, ClientWriter, Gone, Output, Received};

/// The direction from the client.
pub(super) struct TextReader {
    receiver: Receiver,
}

impl TextReader {
    pub(super) fn new(receiver: Receiver) -> Self {
        Self { receiver }
    }
}

impl ClientReader for TextReader {
    async fn next(&mut self) -> Received {
        match self.receiver.recv().await {
            Ok(text) => match decode_client(&text) {
                Ok(message) => Received::Message(message),
                Err(error) => bad_message(&error),
            },
            Err(ended) => received(ended),
        }
    }
}

/// The direction to the client.
pub(super) struct TextWriter {
    sender: Sender,
    encoder: Encoder,
    /// What waits for room in the connection's queue.
    next: Option<Message>,
}

impl TextWriter {
    /// Over SockJS if `framed`, else over a plain WebSocket.
    pub(super) fn new(sender: Sender, framed: bool) -> Self {
        Self {
            sender,
            encoder: Encoder {
                framed,
                extended: false,
                characters: Utf8Stream::default(),
            },
            next: None,
        }
    }
}

impl ClientWriter for TextWriter {
    async fn ready(&mut self) -> Result<(), Gone> {
        let sent = self.sender.send_slot(&mut self.next).await;
        sent.map_err(|_| Gone)
    }

    fn message(&mut self, message: ServerMessage) {
        self.next = self.encoder.message(&message).map(Message::Text);
    }

    fn output(&mut self, output: Output, end: u64) {
        self.next = self.encoder.output(output.data(), end).map(Message::Text);
    }
}

impl Connection for TextWriter {
    fn extend(&mut self) {
        self.encoder.extended = true;
    }

    fn is_over(&self) -> bool {
        self.sender.is_closed()
    }

    fn close(mut self, exit: Exit) {
        let carrier = if self.encoder.framed {
            Carrier::SockJs
        } else {
            Carrier::WebSocket
        };
        let code = Outcome::of(&exit).code(carrier);
        let reason = reason(&exit).to_owned();
        self.message(ServerMessage::Exit(exit));
        let last = self.next.take();
        self.sender.close_after(last, code, reason);
    }
}

/// Encodes one connection's messages. It has a state, because output is cut only where a character
/// ends: what is held back goes in front of the next output.
struct Encoder {
    framed: bool,
    extended: bool,
    characters: Utf8Stream,
}

impl Encoder {
    /// A message as it goes into the connection's queue; [`None`] if the client does not know it.
    fn message(&self, message: &ServerMessage) -> Option<String> {
        let text = encode_server(message, self.extended)?;
        if !self.framed {
            return Some(text);
        }
        let mut encoded = String::new();
        frame::encode_messages(&mut encoded, [text]);
        Some(encoded)
    }

    /// Output that ends at offset `end` as it goes into the queue; [`None`] if all of it is held back.
    fn output(&mut self, data: &[u8], end: u64) -> Option<String> {
        if !self.framed {
            let mut text = String::with_capacity(data.len());
            self.characters.push(data, |part| text.push_str(part));
            if text.is_empty() {
                return None;
            }
            let (data, end) = (text.into(), Some(self.said(end)));
            return self.message(&ServerMessage::Stdout { data, end });
        }
        // in one pass from its bytes: this is the hot path
        const BEFORE: &str = r#"a["{\"Op\":\"stdout\",\"Data\":\""#;
        // some of it is escaped; to grow once is cheaper than to count
        let mut encoded = String::with_capacity(data.len() + data.len() / 4 + 128);
        encoded.push_str(BEFORE);
        self.characters
            .push(data, |part| escape::push_twice(&mut encoded, part));
        if encoded.len() == BEFORE.len() {
            return None;
        }
        encoded.push_str(r#"\",\"SessionID\":\""#);
        if self.extended {
            encoded.push_str(&self.said(end).to_string());
        }
        encoded.push_str(r#"\",\"Rows\":0,\"Cols\":0}"]"#);
        Some(encoded)
    }

    /// Of output that ends at offset `end`, where that ends which is not held back.
    fn said(&self, end: u64) -> u64 {
        end - self.characters.held() as u64
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use podshell_shared::text::decode_server;
    use proptest::prelude::*;
    use sockjs::frame::Frame;

    use super::*;

    fn encoder(framed: bool, extended: bool) -> Encoder {
        Encoder {
            framed,
            extended,
            characters: Utf8Stream::default(),
        }
    }

    proptest! {
        /// Byte for byte what message and frame encoding give one after the other.
        #[test]
        fn one_pass_gives_what_two_give(
            text in "[a-z\"\\\\\u{0}-\u{1f}\u{7f}汉é😀\u{200c}\u{2028}\u{2060}\u{ffff}<>&]{1,60}",
            framed in any::<bool>(),
            extended in any::<bool>(),
        ) {
            let message = ServerMessage::Stdout {
                data: Bytes::from(text.clone()),
                end: Some(text.len() as u64),
            };
            let mut encoder = encoder(framed, extended);
            prop_assert_eq!(
                encoder.output(text.as_bytes(), text.len() as u64),
                encoder.message(&message)
            );
        }

        /// Output in any pieces is the same text, and its offsets say how much of it was sent.
        #[test]
        fn output_in_pieces(
            bytes in prop::collection::vec(any::<u8>(), 1..60),
            text in "\\PC{1,40}",
            as_text in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes = if as_text { text.into_bytes() } else { bytes };
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut encoder = encoder(true, true);
            let mut received = String::new();
            let mut said = 0;
            for pair in cuts.windows(2) {
                let Some(frame) = encoder.output(&bytes[pair[0]..pair[1]], pair[1] as u64) else {
                    continue;
                };
                let Ok(Frame::Messages(messages)) = Frame::decode(&frame) else {
                    panic!("not a frame: {frame}");
                };
                let Ok(ServerMessage::Stdout { data, end: Some(end) }) = decode_server(&messages[0]) else {
                    panic!("not output: {frame}");
                };
                received.push_str(str::from_utf8(&data).unwrap());
                said = end;
                let whole = usize::try_from(end).unwrap();
                prop_assert_eq!(&*received, &*String::from_utf8_lossy(&bytes[..whole]));
            }
            prop_assert!(bytes.len() as u64 - said <= 3);
        }
    }
}
