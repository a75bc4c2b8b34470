//! All terminals of a page over one SockJS session over plain HTTP, as a state machine: no I/O, no browser.
//!
//! A browser has six connections to a host over HTTP/1.1, and a terminal of its own session would take one all the time and
//! one more for each request that sends. Here one request receives for all, and one at a time sends for all.
//!
//! To its client a channel is a connection of its own. Its owner opens it, says messages, takes its events and leaves it.
//! Whoever drives this makes the requests.

use std::collections::{BTreeMap, VecDeque};

use podshell_shared::{
    multiplex::{MAX_CHANNELS, put, split},
    terminal::{ClientMessage, ServerMessage, TELL_EVERY},
};
use sockjs::frame::{Frame, encode_batch};

use crate::{
    codec::{Encoded, ServerEvent, decode_on_channel},
    polling::Receiving,
    transport::Transport,
};

/// About how much one request sends, in bytes.
const MAX_BATCH: usize = 48 << 10;
/// How long an acknowledgement may wait for something that it can go with, in ms, as in TCP (RFC 1122, section 4.2.3.2): a
/// request of its own would cost more than it tells, and a key would have to wait for it.
const ACK_WITHIN: f64 = 100.0;
/// What is no longer goes first: a key does not wait for another terminal's paste.
const SHORT: usize = 1 << 10;

/// What happens on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    /// The server says something.
    Server(ServerEvent),
    /// The channel is gone.
    Closed,
}

/// What is to be done when a response that receives is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Another request receives.
    Receive,
    /// A new session is opened, under a new name and with the [query](Multiplex::query) as it is now.
    Open,
    /// Nothing: all is over.
    Stop,
}

/// A SockJS session, and the channels that it carries.
#[derive(Debug)]
pub struct Multiplex {
    transport: Transport,
    receiving: Receiving,
    /// Shows the server that the session may be opened.
    query: String,
    channels: BTreeMap<u32, Channel>,
    /// The number of the channel that was opened last.
    last: u32,
    events: VecDeque<(u32, ChannelEvent)>,
    /// Whether the server has opened the session.
    is_open: bool,
    is_sending: bool,
    /// The channel that had the last turn to send.
    turn: u32,
    /// Until when acknowledgements wait for something that they can go with, in ms, if there are any.
    acks_due: Option<f64>,
    /// Whether somebody gave a channel up because nothing came: no other is opened here.
    is_doubtful: bool,
    is_over: bool,
}

/// A terminal's connection.
#[derive(Debug)]
struct Channel {
    /// What its owner has to show that a session may be opened.
    query: String,
    unsent: VecDeque<String>,
    /// The offset to acknowledge, which stands for all before it, and the one that was acknowledged last.
    ack: Option<u64>,
    acked: u64,
    /// Whether anything was said on it.
    was_used: bool,
    /// Whether either side has said that it is to end.
    is_ending: bool,
    /// Whether the server has ended it.
    has_ended: bool,
    /// Whether its owner has left it. What was said on it is still to be sent.
    was_left: bool,
}

/// What one request sends.
#[derive(Default)]
struct Batch {
    texts: Vec<String>,
    length: usize,
    has_long: bool,
}

impl Multiplex {
    /// No session yet, by this transport, which is one over plain HTTP.
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            receiving: Receiving::default(),
            query: String::new(),
            channels: BTreeMap::new(),
            last: 0,
            events: VecDeque::new(),
            is_open: false,
            is_sending: false,
            turn: 0,
            acks_due: None,
            is_doubtful: false,
            is_over: false,
        }
    }

    /// The transport that it takes.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Shows the server by whom the session's requests are made: it stands in the address of each.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Whether another channel may be opened here.
    pub fn has_room(&self) -> bool {
        !self.is_over && !self.is_doubtful && self.channels.len() < MAX_CHANNELS
    }

    /// Opens a channel, and gives its number. Alone, its owner would open a session with this `query`.
    pub fn open(&mut self, query: &str) -> u32 {
        self.last += 1;
        if self.last == 1 {
            query.clone_into(&mut self.query);
        }
        let channel = Channel {
            query: query.to_owned(),
            unsent: VecDeque::new(),
            ack: None,
            acked: 0,
            was_used: false,
            is_ending: false,
            has_ended: false,
            was_left: false,
        };
        self.channels.insert(self.last, channel);
        if self.is_open {
            self.tell(self.last, ServerEvent::Opened);
        }
        self.last
    }

    /// Says something on a channel. Times are in ms.
    pub fn say(&mut self, number: u32, message: &ClientMessage, now: f64) {
        if let ClientMessage::Ack { offset } = *message {
            self.acknowledge(number, offset, now);
            return;
        }
        let Encoded::Text(text) = self.transport.encode(message) else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.was_used = true;
            channel.is_ending |= *message == ClientMessage::Close;
            // What was drawn when a Ctrl-C was typed tells the server what it is for.
            channel.release_ack(number, self.transport);
            channel.unsent.push_back(put(number, &text));
        }
    }

    /// Much that is acknowledged tells the server that it may send more.
    fn acknowledge(&mut self, number: u32, offset: u64, now: f64) {
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.was_used = true;
            channel.ack = Some(offset);
            let is_much = offset.saturating_sub(channel.acked) >= TELL_EVERY;
            let due = if is_much { now } else { now + ACK_WITHIN };
            self.acks_due = Some(self.acks_due.map_or(due, |known| known.min(due)));
        }
    }

    /// When [`next_batch`](Self::next_batch) is to be asked at the latest, in ms.
    pub fn ack_deadline(&self) -> Option<f64> {
        let may_send = self.is_open && !self.is_sending && !self.is_over;
        self.acks_due.filter(|_| may_send)
    }

    /// The owner of a channel has done with it, and wants no more events.
    pub fn leave(&mut self, number: u32) {
        self.events.retain(|(of, _)| *of != number);
        let Some(channel) = self.channels.get_mut(&number) else {
            return;
        };
        let is_unused = self.is_open && !channel.was_used;
        // Else it is given up because something did not come that should have.
        self.is_doubtful |= !channel.is_ending && !is_unused;
        if self.is_open && channel.was_used && !channel.has_ended {
            channel.was_left = true;
            channel.ack = None;
            channel.unsent.push_back(put(number, ""));
        } else {
            self.channels.remove(&number);
        }
    }

    /// The next event, and the channel that it is for.
    pub fn next_event(&mut self) -> Option<(u32, ChannelEvent)> {
        self.events.pop_front()
    }

    /// Takes the next part of a response that receives.
    pub fn receive(&mut self, part: &str) {
        for frame in self.receiving.receive(part) {
            self.hear(&frame);
        }
    }

    /// Takes an event of an `EventSource`.
    pub fn receive_event(&mut self, data: &str) {
        let frame = self.receiving.receive_event(data);
        self.hear(&frame);
    }

    /// A response that receives is complete, or broken if it is not `good`.
    pub fn received(&mut self, good: bool) -> Then {
        if self.is_over {
            return Then::Stop;
        }
        if self.receiving.done(good) {
            return Then::Receive;
        }
        if !self.is_open && self.take_next_query() {
            return Then::Open;
        }
        self.lose();
        Then::Stop
    }

    /// What one request is to send now; one at a time, so that the order is kept.
    pub fn next_batch(&mut self, now: f64) -> Option<String> {
        if !self.is_open || self.is_sending || self.is_over {
            return None;
        }
        let mut channels = self.channels.values();
        let is_more = channels.any(|channel| !channel.unsent.is_empty());
        let is_due = self.acks_due.is_some_and(|due| now >= due);
        if is_more || is_due {
            self.release_acks();
        }
        let mut batch = Batch::default();
        self.fill(&mut batch, SHORT);
        self.fill(&mut batch, usize::MAX);
        self.channels
            .retain(|_, channel| !channel.was_left || !channel.unsent.is_empty());
        if batch.texts.is_empty() {
            return None;
        }
        self.is_sending = true;
        let mut text = String::new();
        encode_batch(&mut text, batch.texts);
        Some(text)
    }

    /// All acknowledgements go with the next request; where a paste waits, behind that.
    fn release_acks(&mut self) {
        self.acks_due = None;
        for (number, channel) in &mut self.channels {
            channel.release_ack(*number, self.transport);
        }
    }

    /// A request that sends is done, or failed if it is not `good`: what it carried may have arrived or not.
    pub fn sent(&mut self, good: bool) {
        self.is_sending = false;
        if !good {
            self.lose();
        }
    }

    /// Whether there is nothing left to do: all owners have left, and what they said was sent. Then no channel may be opened
    /// any more.
    pub fn is_done(&mut self) -> bool {
        self.is_over |= self.channels.is_empty() && !self.is_sending;
        self.is_over
    }

    /// Puts texts into a batch that are no longer than this, one of each channel in turn.
    fn fill(&mut self, batch: &mut Batch, longest: usize) {
        loop {
            let behind = self.channels.range(self.turn.saturating_add(1)..);
            let mut round = behind.chain(self.channels.range(..=self.turn));
            let next = round.find(|(_, channel)| {
                let text = channel.unsent.front();
                text.is_some_and(|text| text.len() <= longest && batch.has_room_for(text))
            });
            let Some(number) = next.map(|(number, _)| *number) else {
                return;
            };
            self.turn = number;
            let channel = self.channels.get_mut(&number);
            if let Some(text) = channel.and_then(|channel| channel.unsent.pop_front()) {
                batch.push(text);
            }
        }
    }

    /// The server did not open the session. What its query showed may be good no more, which is for one terminal to know:
    /// the others try what they would show.
    fn take_next_query(&mut self) -> bool {
        let mut channels = self.channels.iter();
        let shown = channels.find(|(_, channel)| channel.query == self.query);
        if let Some(number) = shown.map(|(number, _)| *number) {
            self.close(number);
        }
        let Some(next) = self.channels.values().next() else {
            return false;
        };
        self.query.clone_from(&next.query);
        self.receiving = Receiving::default();
        true
    }

    /// The session is lost, and all channels with it.
    pub fn lose(&mut self) {
        self.is_over = true;
        while let Some((&number, _)) = self.channels.first_key_value() {
            self.close(number);
        }
    }

    fn close(&mut self, number: u32) {
        if let Some(channel) = self.channels.remove(&number)
            && !channel.was_left
        {
            self.events.push_back((number, ChannelEvent::Closed));
        }
    }

    fn hear(&mut self, frame: &str) {
        match Frame::decode(frame) {
            Ok(Frame::Open) => {
                self.is_open = true;
                self.tell_all(&ServerEvent::Opened);
            }
            Ok(Frame::Heartbeat) => self.tell_all(&ServerEvent::Heartbeat),
            Ok(Frame::Messages(texts)) => {
                for text in texts {
                    match split(&text) {
                        Some((number, text)) => self.hear_on(number, text),
                        None => self.break_off("it is of no channel"),
                    }
                }
            }
            // The end of the response tells it.
            Ok(Frame::Close { .. }) => {}
            Err(error) => self.break_off(&error.to_string()),
        }
    }

    /// Takes what the server says on a channel. It may not know yet that this was left.
    fn hear_on(&mut self, number: u32, text: &str) {
        let Some(channel) = self.channels.get_mut(&number) else {
            return;
        };
        if channel.was_left {
            return;
        }
        let event = decode_on_channel(text);
        channel.has_ended |= matches!(event, ServerEvent::Closed { .. });
        let is_exit = matches!(event, ServerEvent::Message(ServerMessage::Exit(_)));
        channel.is_ending |= is_exit || channel.has_ended;
        self.tell(number, event);
    }

    /// The server says what can't be understood, to whomever.
    fn break_off(&mut self, why: &str) {
        self.tell_all(&ServerEvent::ProtocolError(why.to_owned()));
    }

    fn tell_all(&mut self, event: &ServerEvent) {
        let channels = self.channels.iter();
        let there = channels.filter(|(_, channel)| !channel.was_left);
        let events = there.map(|(number, _)| (*number, ChannelEvent::Server(event.clone())));
        self.events.extend(events);
    }

    fn tell(&mut self, number: u32, event: ServerEvent) {
        self.events.push_back((number, ChannelEvent::Server(event)));
    }
}

impl Channel {
    /// An acknowledgement that waits goes behind what was said before it.
    fn release_ack(&mut self, number: u32, transport: Transport) {
        if let Some(offset) = self.ack.take()
            && let Encoded::Text(text) = transport.encode(&ClientMessage::Ack { offset })
        {
            self.acked = offset;
            self.unsent.push_back(put(number, &text));
        }
    }
}

impl Batch {
    /// Whether a text may be added. One long text may be however long it is, so that none waits for ever.
    fn has_room_for(&self, text: &str) -> bool {
        self.length + text.len() <= MAX_BATCH || text.len() > SHORT && !self.has_long
    }

    fn push(&mut self, text: String) {
        self.length += text.len();
        self.has_long |= text.len() > SHORT;
        self.texts.push(text);
    }
}

#[cfg(test)]
mod tests;
