//! What a connection does next, in the order of urgency: input comes last, for it may be long.

use podshell_shared::terminal::ClientMessage;

use super::{Connection, Phase, Step, line::Act};

impl Connection {
    /// What is to be done next, until there is nothing.
    pub fn next_step(&mut self) -> Option<Step> {
        if self.line.is_open()
            && let Some(farewell) = self.farewell.take()
        {
            return Some(Step::Send(farewell));
        }
        if std::mem::take(&mut self.leaves)
            && let Some(key) = self.key.clone()
        {
            return Some(Step::Leave(key));
        }
        if matches!(self.phase, Phase::Away | Phase::Over(_)) {
            self.line.hang_up();
        }
        match self.line.next_act() {
            Some(Act::HangUp) => Some(Step::HangUp),
            Some(Act::Open(transport)) => Some(Step::Open(transport)),
            None if self.line.is_open() => self.next_message().map(Step::Send),
            None => None,
        }
    }

    fn next_message(&mut self) -> Option<ClientMessage> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        // the server knows nobody yet
        if matches!(self.phase, Phase::Opening | Phase::Reconnecting) {
            return None;
        }
        if let Some(size) = self.window.next_size() {
            return Some(ClientMessage::Resize(size));
        }
        if self.phase != Phase::Connected {
            return None;
        }
        if let Some(offset) = self.output.next_ack() {
            return Some(ClientMessage::Ack { offset });
        }
        if let Some(token) = self.pulse.next_ping() {
            self.input.ping();
            return Some(ClientMessage::Ping { token });
        }
        self.input.next_message()
    }
}
