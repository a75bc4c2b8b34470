//! Terminals in binary, over a raw WebSocket: output goes on as it came from the cluster.

use podshell_shared::{
    binary,
    close::{Carrier, Outcome, reason},
    terminal::{Exit, ServerMessage},
};
use sockjs::{Message, Receiver, Sender};

use super::{Connection, bad_message, received};
use crate::session::{ClientEvent, ClientReader, ClientWriter, Gone, Permit, ToClient};

/// The direction from the client.
pub(super) struct BinaryReader {
    receiver: Receiver,
}

impl BinaryReader {
    pub(super) fn new(receiver: Receiver) -> Self {
        Self { receiver }
    }
}

impl ClientReader for BinaryReader {
    async fn read_message(&mut self) -> ClientEvent {
        match self.receiver.recv_message().await {
            Ok(Message::Binary(bytes)) => match binary::decode_client(bytes) {
                Ok(message) => ClientEvent::Message(message),
                Err(error) => bad_message(&error),
            },
            Ok(Message::Text(_)) => ClientEvent::ProtocolError("A message was text.".to_owned()),
            Err(ended) => received(ended),
        }
    }
}

/// The direction to the client.
pub(super) struct BinaryWriter {
    sender: Sender,
}

impl BinaryWriter {
    pub(super) fn new(sender: Sender) -> Self {
        Self { sender }
    }
}

impl ClientWriter for BinaryWriter {
    type Permit<'a> = BinaryPermit<'a>;

    async fn reserve(&mut self) -> Result<BinaryPermit<'_>, Gone> {
        let permit = self.sender.reserve().await;
        permit.map(BinaryPermit).map_err(|_| Gone)
    }
}

/// The right to send something to the client.
pub(super) struct BinaryPermit<'a>(sockjs::Permit<'a>);

impl Permit<ToClient> for BinaryPermit<'_> {
    fn send(self, message: ToClient) {
        let frame = match message {
            ToClient::Message(message) => binary::encode_server(&message),
            ToClient::Output(output, _end) => output.into_frame(),
        };
        self.0.send(Message::Binary(frame));
    }
}

impl Connection for BinaryWriter {
    fn bind(&mut self, _extended: bool) {}

    fn is_over(&self) -> bool {
        self.sender.is_closed()
    }

    async fn close(self, exit: Exit) {
        let code = Outcome::of(&exit).code(Carrier::WebSocket);
        let reason = reason(&exit).to_owned();
        let last = binary::encode_server(&ServerMessage::Exit(exit));
        let last = [Message::Binary(last)];
        self.sender.close_after(last, code, reason);
    }
}
