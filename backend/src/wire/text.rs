//! Terminals as text, over SockJS: Dashboard's messages.

use bytes::Bytes;
use podshell_shared::{
    close::{Carrier, Outcome, reason},
    terminal::{ClientMessage, EndReason, Exit, ServerMessage},
    text::{decode_client, encode_server},
    utf8::Utf8Stream,
};
use sockjs::{Message, Receiver, Room, Sender, frame};

use super::{Connection, bad_message, escape, received};
use crate::session::{ClientEvent, ClientReader, ClientWriter, Gone, Permit, ToClient};

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
    async fn read_message(&mut self) -> ClientEvent {
        let (text, room) = match self.receiver.recv_with_room().await {
            Ok((Message::Text(text), room)) => (text, room),
            Ok((Message::Binary(_), _)) => {
                return ClientEvent::ProtocolError("A message was binary.".to_owned());
            }
            Err(ended) => return received(ended),
        };
        match (read(&text), room) {
            (ClientEvent::Message(ClientMessage::Stdin { data }), Some(room)) => {
                let data = Bytes::from_owner(Long { data, _room: room });
                ClientEvent::Message(ClientMessage::Stdin { data })
            }
            (event, _) => event,
        }
    }
}

/// What a text of the client says.
pub(super) fn read(text: &str) -> ClientEvent {
    match decode_client(text) {
        Ok(message) => ClientEvent::Message(message),
        Err(error) => bad_message(&error),
    }
}

/// Input of a long message: it keeps its room until the shell has all of it.
struct Long {
    data: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Long {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

/// The direction to the client.
pub(super) struct TextWriter {
    sender: Sender,
    encoder: Encoder,
}

/// What ends a connection: the last messages, as they go into its queue, and how it is closed.
pub(super) struct LastWords {
    pub(super) sender: Sender,
    pub(super) messages: Vec<Message>,
    pub(super) code: u16,
    pub(super) reason: String,
}

impl TextWriter {
    /// Over SockJS if `framed`, else over a plain WebSocket.
    pub(super) fn new(sender: Sender, framed: bool) -> Self {
        Self {
            sender,
            encoder: Encoder {
                framed,
                channel: String::new(),
                extended: false,
                characters: Utf8Stream::default(),
                end: 0,
                length: 0,
            },
        }
    }

    /// Over SockJS, where `channel` stands before each message, to a client that understands all of Podshell's.
    pub(super) fn on_channel(sender: Sender, channel: String) -> Self {
        let mut writer = Self::new(sender, true);
        writer.encoder.channel = channel;
        writer.encoder.extended = true;
        writer
    }

    /// How long that was which was sent last, in bytes.
    pub(super) fn sent(&self) -> usize {
        self.encoder.length
    }

    /// Tells the client how the session ended, behind what was held back of its output.
    pub(super) fn last_words(mut self, exit: Exit) -> LastWords {
        let carrier = if self.encoder.framed {
            Carrier::SockJs
        } else {
            Carrier::WebSocket
        };
        let code = Outcome::of(&exit).code(carrier);
        let reason = reason(&exit).to_owned();
        // Of a session that was taken over, the rest of the character goes to another connection.
        let is_end = exit.reason != EndReason::TakenOver;
        let rest = is_end.then(|| self.encoder.finish()).flatten();
        let last = [rest, self.encoder.message(&ServerMessage::Exit(exit))];
        LastWords {
            sender: self.sender,
            messages: last.into_iter().flatten().map(Message::Text).collect(),
            code,
            reason,
        }
    }
}

impl ClientWriter for TextWriter {
    type Permit<'a> = TextPermit<'a>;

    async fn reserve(&mut self) -> Result<TextPermit<'_>, Gone> {
        let Self { sender, encoder } = self;
        let permit = sender.reserve().await.map_err(|_| Gone)?;
        Ok(TextPermit { permit, encoder })
    }
}

/// The right to send something to the client.
pub(super) struct TextPermit<'a> {
    permit: sockjs::Permit<'a>,
    encoder: &'a mut Encoder,
}

impl Permit<ToClient> for TextPermit<'_> {
    fn send(self, message: ToClient) {
        let Self { permit, encoder } = self;
        let texts = match message {
            ToClient::Output(output, end) => [encoder.output(output.data(), end), None],
            ToClient::Message(message @ ServerMessage::Skipped { .. }) => {
                [encoder.finish(), encoder.message(&message)]
            }
            ToClient::Message(message) => [encoder.message(&message), None],
        };
        let texts = texts.into_iter().flatten();
        let mut length = 0;
        permit.send_all(texts.map(|text| {
            length += text.len();
            Message::Text(text)
        }));
        encoder.length = length;
    }
}

impl Connection for TextWriter {
    fn bind(&mut self, extended: bool) {
        self.encoder.extended = extended;
        if !extended {
            // It does not tell how far it is.
            self.sender.pace();
        }
    }

    fn is_over(&self) -> bool {
        self.sender.is_closed()
    }

    async fn close(self, exit: Exit) {
        let LastWords {
            sender,
            messages,
            code,
            reason,
        } = self.last_words(exit);
        sender.close_after(messages, code, reason);
    }
}

/// Encodes one connection's messages. It has a state, because output is cut only where a character
/// ends: what is held back goes in front of the next output.
struct Encoder {
    framed: bool,
    /// What stands before each message, where more than one terminal shares the connection.
    channel: String,
    extended: bool,
    characters: Utf8Stream,
    /// The offset behind the last output.
    end: u64,
    /// How long that was which was sent last, in bytes.
    length: usize,
}

impl Encoder {
    /// A message as it goes into the connection's queue; [`None`] if the client does not know it.
    fn message(&self, message: &ServerMessage) -> Option<String> {
        let mut text = encode_server(message, self.extended)?;
        if !self.framed {
            return Some(text);
        }
        text.insert_str(0, &self.channel);
        let mut encoded = String::new();
        frame::encode_messages(&mut encoded, [text]);
        Some(encoded)
    }

    /// Output that ends at offset `end` as it goes into the queue; [`None`] if all of it is held back.
    fn output(&mut self, data: &[u8], end: u64) -> Option<String> {
        self.end = end;
        if !self.framed {
            let mut text = String::with_capacity(data.len());
            self.characters.push(data, |part| text.push_str(part));
            if text.is_empty() {
                return None;
            }
            return self.stdout(text.into());
        }
        // In one pass from its bytes: this is the hot path.
        const BEFORE: &str = r#"{\"Op\":\"stdout\",\"Data\":\""#;
        // Some of it is escaped; to grow once is cheaper than to count.
        let mut encoded = String::with_capacity(data.len() + data.len() / 4 + 128);
        encoded.push_str("a[\"");
        encoded.push_str(&self.channel);
        encoded.push_str(BEFORE);
        let begin = encoded.len();
        self.characters
            .push(data, |part| escape::push_twice(&mut encoded, part));
        if encoded.len() == begin {
            return None;
        }
        encoded.push_str(r#"\",\"SessionID\":\""#);
        if self.extended {
            encoded.push_str(&self.said().to_string());
        }
        encoded.push_str(r#"\",\"Rows\":0,\"Cols\":0}"]"#);
        Some(encoded)
    }

    /// What stands for bytes that are held back, if any: the rest of their character never comes.
    fn finish(&mut self) -> Option<String> {
        let replacement = self.characters.finish()?;
        self.stdout(Bytes::from_static(replacement.as_bytes()))
    }

    fn stdout(&self, data: Bytes) -> Option<String> {
        let end = Some(self.said());
        self.message(&ServerMessage::Stdout { data, end })
    }

    /// Where that ends which is not held back.
    fn said(&self) -> u64 {
        self.end - self.characters.held() as u64
    }
}

#[cfg(test)]
mod tests {
    use podshell_shared::text::decode_server;
    use proptest::prelude::*;
    use sockjs::frame::Frame;

    use super::*;

    fn encoder(framed: bool, extended: bool) -> Encoder {
        Encoder {
            framed,
            channel: String::new(),
            extended,
            characters: Utf8Stream::default(),
            end: 0,
            length: 0,
        }
    }

    /// The output in a frame, and the offset that is said to be its end.
    fn heard(frame: &str, framed: bool) -> (String, u64) {
        let text = match framed.then(|| Frame::decode(frame)) {
            Some(Ok(Frame::Messages(messages))) if messages.len() == 1 => messages[0].clone(),
            Some(other) => panic!("{other:?}"),
            None => frame.to_owned(),
        };
        match decode_server(&text) {
            Ok(ServerMessage::Stdout {
                data,
                end: Some(end),
            }) => (String::from_utf8(data.into()).unwrap(), end),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_character_that_a_gap_cuts_off_damages_nothing_behind_it() {
        for framed in [false, true] {
            let mut encoder = encoder(framed, true);
            let own = |text: &str, end| Some((text.to_owned(), end));
            let hear = |frame: Option<String>| frame.map(|frame| heard(&frame, framed));
            assert_eq!(hear(encoder.output(b"a\xe4\xbd", 3)), own("a", 1));
            assert_eq!(hear(encoder.finish()), own("\u{fffd}", 3));
            assert_eq!(encoder.finish(), None);
            assert_eq!(hear(encoder.output(b"\xa0b", 102)), own("\u{fffd}b", 102));
        }
    }

    /// What becomes of an encoder.
    #[derive(Clone, Debug)]
    enum Act {
        Output(Vec<u8>),
        Gap(u64),
        /// Another connection goes on behind what this one has said.
        Resume,
    }

    fn act() -> impl Strategy<Value = Act> {
        let noise = prop::collection::vec(any::<u8>(), 1..8);
        let text = "\\PC{1,6}".prop_map(String::into_bytes);
        let cut = "[é汉😀—、]{1,4}".prop_map(|text| text.as_bytes()[..text.len() - 1].to_vec());
        prop_oneof![
            6 => prop_oneof![noise, text, cut].prop_map(Act::Output),
            1 => (1_u64..1_000_000).prop_map(Act::Gap),
            1 => Just(Act::Resume),
        ]
    }

    proptest! {
        /// Byte for byte what message and frame encoding give one after the other.
        #[test]
        fn one_pass_gives_what_two_give(
            text in "[a-z\"\\\\\u{0}-\u{1f}\u{7f}汉é😀\u{200c}\u{2028}\u{2060}\u{ffff}<>&]{1,60}",
            framed in any::<bool>(),
            channel in "|7|4294967295",
            extended in any::<bool>(),
        ) {
            let message = ServerMessage::Stdout {
                data: Bytes::from(text.clone()),
                end: Some(text.len() as u64),
            };
            let mut encoder = encoder(framed, extended);
            encoder.channel = channel;
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

        /// Each frame begins where the one before ended, and all of them together are the text of the whole between two
        /// gaps, whatever it is cut into.
        #[test]
        fn every_byte_is_said_once(acts in prop::collection::vec(act(), 1..40), framed in any::<bool>()) {
            let mut encoder = encoder(framed, true);
            // Since the last gap: what came, and what was said.
            let (mut bytes, mut text, mut from) = (Vec::new(), String::new(), 0);
            let take = |frame: Option<String>, text: &mut String, bytes: &[u8], from| {
                let Some(frame) = frame else { return };
                let (more, end) = heard(&frame, framed);
                text.push_str(&more);
                let whole = usize::try_from(end - from).unwrap();
                assert_eq!(*text, String::from_utf8_lossy(&bytes[..whole]));
            };
            let mut end = 0;
            for act in acts.into_iter().chain([Act::Gap(1)]) {
                match act {
                    Act::Output(more) => {
                        bytes.extend_from_slice(&more);
                        end = from + bytes.len() as u64;
                        take(encoder.output(&more, end), &mut text, &bytes, from);
                    }
                    Act::Gap(length) => {
                        take(encoder.finish(), &mut text, &bytes, from);
                        prop_assert_eq!(&*text, &*String::from_utf8_lossy(&bytes));
                        (bytes, text, from) = (Vec::new(), String::new(), end + length);
                        end = from;
                    }
                    Act::Resume => {
                        let held = encoder.characters.held();
                        encoder = self::encoder(framed, true);
                        let again = bytes[bytes.len() - held..].to_vec();
                        if !again.is_empty() {
                            take(encoder.output(&again, end), &mut text, &bytes, from);
                        }
                    }
                }
            }
        }
    }
}
