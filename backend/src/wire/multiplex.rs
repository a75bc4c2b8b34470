//! All terminals of a page over one SockJS session: each has a channel, which to its session is a connection like any other.
//!
//! What goes to the client, the channels put into the one queue of that session themselves: each decides what it is when
//! there is room for it, so nothing waits here. What of it is under way is bounded by each terminal's own window. What comes
//! from the client waits until its channel takes it, up to a bound.

use std::{collections::HashMap, sync::Arc, time::Duration};

use podshell_shared::{
    multiplex::{MAX_CHANNELS, put, split},
    terminal::{ClientMessage, Exit, INPUT_WINDOW},
};
use sockjs::{Message, Sender, frame};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;

use super::{
    Connection, converse,
    text::{LastWords, TextPermit, TextWriter, read},
};
use crate::{
    app::App,
    auth::Admission,
    session::{ClientEvent, ClientReader, ClientWriter, Gone},
};

/// The longest message of a client, in bytes. It cuts input into pieces of 16 KiB, of which each byte may be an escape.
pub(crate) const MAX_MESSAGE: usize = 128 << 10;
/// How much output of all terminals may wait for the client's connection to take it, in bytes. What is typed in one waits
/// for the others' that is here already.
pub(crate) const MAX_WAITING: usize = 16 << 10;
/// What a client says on a channel may wait for it up to so many bytes: its window, of which each byte may be an escape.
const INBOX: usize = 8 * INPUT_WINDOW as usize;
/// What a text that waits costs beyond its bytes.
const OVERHEAD: usize = 64;
/// Terminals that have sent more at once wait for one another before they wait for the client's connection, in bytes.
const LONG: usize = 4 << 10;
/// So many channels may be there, with those that are ending.
const CHANNELS: usize = 2 * MAX_CHANNELS;
/// How long the last words of a channel may wait for the client's connection to take more.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How a session is closed whose client breaks the rules (RFC 6455, section 7.4.1).
const PROTOCOL_ERROR: u16 = 1002;

/// Serves a SockJS session until its client is gone, or has had no channel for a while.
pub(crate) async fn serve(connection: sockjs::Session, app: App) {
    let admission = connection.parts().extensions.get::<Admission>();
    let admission = admission.map(Admission::for_channels);
    // Drops the request, which is of no use any more.
    let (sender, mut receiver) = connection.split();
    let (bind, sessions) = (app.times.bind, app.sessions.clone());
    let mut channels = Channels {
        app,
        admission,
        sender,
        bulk: Arc::new(Semaphore::new(1)),
        inboxes: HashMap::new(),
        last: 0,
        serving: JoinSet::new(),
    };
    let mut unused_until = Instant::now() + bind;
    loop {
        let is_unused = channels.serving.is_empty();
        tokio::select! {
            biased;
            Some(_) = channels.serving.join_next() => {
                channels.forget_ended();
                unused_until = Instant::now() + bind;
            }
            text = receiver.recv() => {
                let Ok(text) = text else { break };
                if let Err(why) = channels.take(&text) {
                    debug!(why, "a multiplex is broken off");
                    channels.sender.close(PROTOCOL_ERROR, why);
                    break;
                }
            }
            () = sleep_until(unused_until), if is_unused => break,
            () = sessions.shutdown(), if is_unused => break,
        }
    }
    // Their clients are gone.
    channels.inboxes.clear();
    while channels.serving.join_next().await.is_some() {}
}

/// The channels of a session.
struct Channels {
    app: App,
    admission: Option<Admission>,
    sender: Sender,
    /// The turn to send what is long.
    bulk: Arc<Semaphore>,
    /// Those that the client has not left.
    inboxes: HashMap<u32, Inbox>,
    /// The highest number of a channel.
    last: u32,
    /// A task for each channel.
    serving: JoinSet<()>,
}

impl Channels {
    /// Takes what the client says. A number that is higher than all before it is a new channel's.
    ///
    /// # Errors
    ///
    /// That it breaks the rules, and how.
    fn take(&mut self, text: &str) -> Result<(), &'static str> {
        let (number, said) = split(text).ok_or("A message was of no channel.")?;
        if number > self.last {
            self.last = number;
            return self.open(number, said);
        }
        // It may not know yet that a channel has ended.
        if let Some(inbox) = self.inboxes.get(&number)
            && (said.is_empty() || !inbox.put(said))
        {
            self.inboxes.remove(&number);
        }
        Ok(())
    }

    fn open(&mut self, number: u32, said: &str) -> Result<(), &'static str> {
        if said.is_empty() {
            return Ok(());
        }
        if self.serving.len() >= CHANNELS {
            return Err("There are too many channels.");
        }
        let (inbox, reader, over) = inbox();
        let writer = ChannelWriter {
            number,
            writer: TextWriter::on_channel(self.sender.clone(), number.to_string()),
            bulk: Arc::clone(&self.bulk),
            over,
        };
        if inbox.put(said) {
            self.inboxes.insert(number, inbox);
        }
        let (admission, app) = (self.admission.clone(), self.app.clone());
        self.serving
            .spawn(async move { converse(reader, writer, admission, &app).await });
        Ok(())
    }

    /// Forgets channels that have ended on this side.
    fn forget_ended(&mut self) {
        self.inboxes.retain(|_, inbox| !inbox.texts.is_closed());
    }
}

/// What the client says on a channel, on its way there. Dropped, it tells that the client has left.
struct Inbox {
    texts: mpsc::UnboundedSender<Said>,
    room: Arc<Semaphore>,
    _left: DropGuard,
}

/// Something that a client said.
enum Said {
    /// It takes this room until it is read.
    Text(String, OwnedSemaphorePermit),
    /// More than there is room for.
    TooMuch,
}

fn inbox() -> (Inbox, ChannelReader, CancellationToken) {
    let (sender, texts) = mpsc::unbounded_channel();
    let over = CancellationToken::new();
    let inbox = Inbox {
        texts: sender,
        room: Arc::new(Semaphore::new(INBOX)),
        _left: over.clone().drop_guard(),
    };
    (inbox, ChannelReader { texts }, over)
}

impl Inbox {
    /// Hands something on; tells whether there was room. A session takes all that its client says, so that there is, unless
    /// the client sends more than it may.
    fn put(&self, text: &str) -> bool {
        let weight = u32::try_from(text.len() + OVERHEAD).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(weight);
        let (said, has_room) = match room {
            Ok(room) => (Said::Text(text.to_owned(), room), true),
            Err(_) => (Said::TooMuch, false),
        };
        // Nobody takes it any more if the channel is ending.
        let _ = self.texts.send(said);
        has_room
    }
}

/// A channel's direction from the client.
struct ChannelReader {
    texts: mpsc::UnboundedReceiver<Said>,
}

impl ClientReader for ChannelReader {
    async fn read_message(&mut self) -> ClientEvent {
        match self.texts.recv().await {
            Some(Said::Text(text, _room)) => match read(&text) {
                // Others acknowledge nothing, and what they do not take would be in the way of the other channels.
                ClientEvent::Message(ClientMessage::Bind {
                    extended: false, ..
                }) => ClientEvent::ProtocolError(
                    "On a channel a bind must ask for podshell.v1.".to_owned(),
                ),
                event => event,
            },
            Some(Said::TooMuch) => ClientEvent::ProtocolError(format!(
                "More than {INPUT_WINDOW} bytes were sent at once."
            )),
            None => ClientEvent::Gone,
        }
    }
}

/// A channel's direction to the client.
struct ChannelWriter {
    number: u32,
    writer: TextWriter,
    bulk: Arc<Semaphore>,
    /// Cancelled when the client has left.
    over: CancellationToken,
}

impl ClientWriter for ChannelWriter {
    type Permit<'a> = TextPermit<'a>;

    /// All channels wait for the connection first come first served; of those that have much to say, one at a time. So what is
    /// typed in one terminal waits for one piece of the others' floods, however many there are.
    async fn reserve(&mut self) -> Result<TextPermit<'_>, Gone> {
        let _turn = if self.writer.sent() > LONG {
            Some(self.bulk.acquire().await.map_err(|_| Gone)?)
        } else {
            None
        };
        self.writer.reserve().await
    }
}

impl Connection for ChannelWriter {
    /// It knows what the client understands.
    fn bind(&mut self, _extended: bool) {}

    fn is_over(&self) -> bool {
        self.over.is_cancelled() || self.writer.is_over()
    }

    async fn close(self, exit: Exit) {
        if self.is_over() {
            return;
        }
        let LastWords {
            sender,
            mut messages,
            code,
            reason,
        } = self.writer.last_words(exit);
        let mut close = String::new();
        frame::encode_close(&mut close, code, &reason);
        let mut last = String::new();
        frame::encode_messages(&mut last, [put(self.number, &close)]);
        messages.push(Message::Text(last));
        if let Ok(Ok(permit)) = timeout(LAST_WORDS, sender.reserve()).await {
            permit.send_all(messages);
        }
    }
}

#[cfg(test)]
mod tests {
    use podshell_shared::text::encode_client;

    use super::*;

    fn ack(offset: u64) -> ClientMessage {
        ClientMessage::Ack { offset }
    }

    #[tokio::test]
    async fn what_waits_on_a_channel_is_bounded_and_what_is_read_makes_room() {
        let (inbox, mut reader, over) = inbox();
        let text = encode_client(&ack(7));
        let many = INBOX / (text.len() + OVERHEAD);
        for _ in 0..3 {
            for _ in 0..many {
                assert!(inbox.put(&text));
            }
            for _ in 0..many {
                assert_eq!(reader.read_message().await, ClientEvent::Message(ack(7)));
            }
        }
        for _ in 0..many {
            assert!(inbox.put(&text));
        }
        assert!(!inbox.put(&text));
        drop(inbox);
        assert!(over.is_cancelled());
        for _ in 0..many {
            assert_eq!(reader.read_message().await, ClientEvent::Message(ack(7)));
        }
        let error = reader.read_message().await;
        assert!(matches!(error, ClientEvent::ProtocolError(_)), "{error:?}");
        assert_eq!(reader.read_message().await, ClientEvent::Gone);
    }

    #[tokio::test]
    async fn what_is_too_long_for_an_inbox_is_refused() {
        let (inbox, mut reader, _over) = inbox();
        assert!(!inbox.put(&"x".repeat(INBOX)));
        let error = reader.read_message().await;
        assert!(matches!(error, ClientEvent::ProtocolError(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_client_that_acknowledges_nothing_is_refused() {
        let (inbox, mut reader, _over) = inbox();
        let (id, extended) = ("x".to_owned(), false);
        assert!(inbox.put(&encode_client(&ClientMessage::Bind { id, extended })));
        let error = reader.read_message().await;
        assert!(matches!(error, ClientEvent::ProtocolError(_)), "{error:?}");
    }
}
