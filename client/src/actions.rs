//! What a client does next, in the order of urgency: input comes last, for it may be long.

use podshell_shared::terminal::ClientMessage;

use crate::{
    client::Client,
    types::{Action, Phase},
};

impl Client {
    /// What is to be done next, until there is nothing.
    pub fn next_action(&mut self) -> Option<Action> {
        if self.fallback.is_open()
            && let Some(farewell) = self.farewell.take()
        {
            return Some(Action::Send(farewell));
        }
        if std::mem::take(&mut self.announce_leave)
            && let Some(key) = self.key.clone()
        {
            return Some(Action::Leave(key));
        }
        if matches!(self.phase, Phase::Away | Phase::Ended(_)) {
            self.fallback.disconnect();
        }
        match self.fallback.next_action() {
            None if self.fallback.is_open() => self.next_message().map(Action::Send),
            action => action,
        }
    }

    fn next_message(&mut self) -> Option<ClientMessage> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        // The server knows nobody yet.
        if matches!(self.phase, Phase::Opening | Phase::Reconnecting) {
            return None;
        }
        if let Some(size) = self.resizes.next_size() {
            return Some(ClientMessage::Resize(size));
        }
        if self.phase != Phase::Connected {
            return None;
        }
        if let Some(offset) = self.output.next_ack() {
            return Some(ClientMessage::Ack { offset });
        }
        if let Some(token) = self.keepalive.next_ping() {
            self.input.ping();
            return Some(ClientMessage::Ping { token });
        }
        self.input.next_message()
    }
}
