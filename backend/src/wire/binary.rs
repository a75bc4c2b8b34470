//! Terminals in binary, over a raw WebSocket: output goes on as it came from the cluster.

use podshell_shared::{
    binary,
    close::{Carrier, Outcome, reason},
    terminal::{Exit, ServerMessage},
};
use sockjs::{Message, Receiver, Sender};

use super::{Connection, bad_message, received};
use crate::session::{ClientReader, ClientWriter, Gone, Output, Received};

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
    async fn read_message(&mut self) -> Received {
        match self.receiver.recv_message().await {
            Ok(Message::Binary(bytes)) => match binary::decode_client(bytes) {
                Ok(message) => Received::Message(message),
                Err(error) => bad_message(&error),
            },
            Ok(Message::Text(_)) => Received::Broken("A message was text.".to_owned()),
            Err(ended) => received(ended),
        }
    }
}

/// The direction to the client.
pub(super) struct BinaryWriter {
    sender: Sender,
    /// What waits for room in the connection's queue.
    next: Option<Message>,
}

impl BinaryWriter {
    pub(super) fn new(sender: Sender) -> Self {
        Self { sender, next: None }
    }
}

impl ClientWriter for BinaryWriter {
    async fn ready(&mut self) -> Result<(), Gone> {
        let sent = self.sender.send_slot(&mut self.next).await;
        sent.map_err(|_| Gone)
    }

    fn message(&mut self, message: ServerMessage) {
        self.next = Some(Message::Binary(binary::encode_server(&message)));
    }

    fn output(&mut self, output: Output, _end: u64) {
        self.next = Some(Message::Binary(output.into_frame()));
    }
}

impl Connection for BinaryWriter {
    fn bind(&mut self, _extended: bool) {}

    fn is_over(&self) -> bool {
        self.sender.is_closed()
    }

    fn finish(&mut self) {}

    fn close(mut self, exit: Exit) {
        let code = Outcome::of(&exit).code(Carrier::WebSocket);
        let reason = reason(&exit).to_owned();
        self.message(ServerMessage::Exit(exit));
        let last = self.next.take();
        self.sender.close_after(last, code, reason);
    }
}
