//! Terminals over SockJS: Dashboard's messages as text.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use podshell_shared::{
    terminal::{ClientMessage, EndReason, Exit, ServerMessage},
    text::{ServerEncoder, decode_client},
};
use sockjs::{Ended, Receiver, Sender, Session};
use tokio::time::timeout;
use tracing::{debug, info};

use crate::{
    server::App,
    session::{
        self, Caller, ClientReader, ClientWriter, Gone, Received, Refused, Target, failed, gone,
        shutting_down,
    },
};

/// The longest message of a client, in bytes; pages that paste send all of it at once.
pub(crate) const MAX_MESSAGE: usize = 1 << 20;
/// How much output may wait in the server for the client's connection to take it, in bytes.
pub(crate) const MAX_WAITING: usize = 64 << 10;
/// How long a new connection may take to say which terminal it is for.
const BIND_TIME: Duration = Duration::from_secs(10);

/// Dashboard's close codes.
const PROCESS_EXITED: u16 = 1;
const FAILED: u16 = 2;

/// Serves one connection, from its bind to its end.
pub(crate) async fn serve(connection: Session, app: App) {
    let caller = connection.parts().extensions.get::<Caller>().cloned();
    let (sender, receiver) = connection.split();
    let mut reader = TextReader { receiver };
    let (exit, extended) = match bind(&mut reader, caller.as_ref(), &app).await {
        Ok(Bind { target, extended }) => {
            let writer = TextWriter::new(sender.clone(), extended);
            let exit = run(&app, &target, extended, &mut reader, &writer).await;
            (exit, extended)
        }
        Err(exit) => {
            info!(reason = ?exit.reason, "connection refused before its bind");
            (exit, false)
        }
    };
    if extended {
        // if the client is gone, so is who would read this
        let writer = TextWriter::new(sender.clone(), true);
        let _ = writer.send(ServerMessage::Exit(exit.clone())).await;
    }
    match exit.reason {
        EndReason::Exited => sender.close(PROCESS_EXITED, "Process exited"),
        _ => sender.close(FAILED, exit.message),
    }
}

/// What a connection was bound to.
struct Bind {
    target: Target,
    extended: bool,
}

/// Waits for the bind, which must be the first message.
async fn bind(reader: &mut TextReader, caller: Option<&Caller>, app: &App) -> Result<Bind, Exit> {
    let first = tokio::select! {
        first = timeout(BIND_TIME, reader.next()) => first,
        () = app.sessions().shutdown() => {
            return Err(shutting_down());
        }
    };
    let (id, extended) = match first {
        Ok(Received::Message(ClientMessage::Bind { id, extended })) => (id, extended),
        Ok(Received::Message(_)) => {
            return Err(failed(
                EndReason::Protocol,
                "The first message must be a bind.",
            ));
        }
        Ok(Received::Broken(how)) => return Err(failed(EndReason::Protocol, how)),
        Ok(Received::Gone) => {
            return Err(gone());
        }
        Err(_) => {
            let message = format!("No bind arrived within {} seconds.", BIND_TIME.as_secs());
            return Err(failed(EndReason::BindTimeout, message));
        }
    };
    let redeemed = caller
        .ok_or(Refused::Unknown)
        .and_then(|caller| app.tickets().redeem(caller, &id, app.now()));
    match redeemed {
        Ok(target) => Ok(Bind { target, extended }),
        Err(refused) => {
            let reason = match refused {
                Refused::Unknown => EndReason::UnknownId,
                Refused::Expired => EndReason::ExpiredId,
                Refused::Used => EndReason::UsedId,
            };
            Err(failed(reason, format!("{refused} Ask for a new one.")))
        }
    }
}

/// Runs the session, if the server has a place for it.
async fn run(
    app: &App,
    target: &Target,
    extended: bool,
    reader: &mut TextReader,
    writer: &TextWriter,
) -> Exit {
    let _place = match app.sessions().enter() {
        Ok(place) => place,
        Err(full) => {
            return failed(EndReason::Limit, full.to_string());
        }
    };
    info!(%target, "session begins");
    let shutdown = app.sessions().shutdown();
    let exit = session::run(app.cluster(), target, extended, reader, writer, shutdown).await;
    info!(%target, reason = ?exit.reason, code = exit.code, "session ended");
    exit
}

struct TextReader {
    receiver: Receiver,
}

impl ClientReader for TextReader {
    async fn next(&mut self) -> Received {
        match self.receiver.recv().await {
            Ok(text) => match decode_client(&text) {
                Ok(message) => Received::Message(message),
                Err(error) => Received::Broken(format!("Bad message: {error}.")),
            },
            Err(Ended::MessageTooLong) => {
                Received::Broken(format!("A message was longer than {MAX_MESSAGE} bytes."))
            }
            Err(ended) => {
                debug!(why = %ended, "connection over");
                Received::Gone
            }
        }
    }
}

struct TextWriter {
    sender: Sender,
    encoder: Mutex<ServerEncoder>,
}

impl TextWriter {
    fn new(sender: Sender, extended: bool) -> Self {
        Self {
            sender,
            encoder: Mutex::new(ServerEncoder::new(extended)),
        }
    }
}

impl ClientWriter for TextWriter {
    async fn send(&self, message: ServerMessage) -> Result<(), Gone> {
        let text = self
            .encoder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .encode(&message);
        match text {
            Some(text) => self.sender.send(text).await.map_err(|_| Gone),
            None => Ok(()),
        }
    }
}
