//! Between a client's connection and a session: what a connection has to say first, and the encodings.

mod binary;
mod escape;
pub(crate) mod multiplex;
mod text;

use std::{fmt::Display, future::Future};

use podshell_shared::terminal::{ClientMessage, EndReason, Exit, PROTOCOL};
use tokio::time::timeout;
use tracing::info;

use self::{
    binary::{BinaryReader, BinaryWriter},
    text::{TextReader, TextWriter},
};
use crate::{
    app::App,
    audit::{Entry, Event},
    auth::{Admission, Principal},
    cluster::{self, Cluster},
    session::{
        ClientEvent, ClientReader, ClientWriter, Refused, Session, failed, gone, no_session,
        shutting_down,
    },
};

/// The longest message of a client, in bytes; pages that paste send all of it at once. What input is wrapped in counts too,
/// so there is some more room than what is said of it.
pub(crate) const MAX_MESSAGE: usize = (16 << 20) + (4 << 10);
/// How much memory all messages of more than 1 MiB share, until the shells have taken them, in bytes.
pub(crate) const ROOM_FOR_LONG: usize = 64 << 20;
/// How much output may wait in the server for the client's connection to take it, in bytes.
pub(crate) const MAX_WAITING: usize = 64 << 10;
/// So much of an error about a client's message is told it, in characters.
const MAX_QUOTED: usize = 200;

/// A connection's direction to the client.
trait Connection: ClientWriter {
    /// What the client understands is known: all of Podshell's messages if `extended`, else only Dashboard's.
    fn bind(&mut self, extended: bool);

    /// Whether it is over.
    fn is_over(&self) -> bool;

    /// Closes the connection; the client is told how the session ended as far as it understands, behind what was held back
    /// of its output.
    fn close(self, exit: Exit) -> impl Future<Output = ()> + Send;
}

/// Serves one connection, from its first message to its end.
pub(crate) async fn serve(connection: sockjs::Session, app: App) {
    let admission = connection.parts().extensions.get::<Admission>().cloned();
    let binary = connection.protocol() == Some(PROTOCOL);
    let framed = !connection.is_raw();
    // Drops the request, which is of no use any more.
    let (sender, receiver) = connection.split();
    if binary {
        let (reader, writer) = (BinaryReader::new(receiver), BinaryWriter::new(sender));
        converse(reader, writer, admission, &app).await;
    } else {
        let (reader, writer) = (TextReader::new(receiver), TextWriter::new(sender, framed));
        converse(reader, writer, admission, &app).await;
    }
}

async fn converse(
    mut reader: impl ClientReader,
    mut writer: impl Connection,
    admission: Option<Admission>,
    app: &App,
) {
    let exit = match open(&mut reader, &mut writer, admission.as_ref(), app).await {
        Ok(session) => session.run(&app.sessions, &mut reader, &mut writer).await,
        Err(exit) => {
            info!(reason = ?exit.reason, "connection without a session");
            note_refusal(&exit, admission.as_ref(), app);
            exit
        }
    };
    writer.close(exit).await;
}

/// Writes down that somebody brought an id or a key that is not theirs, or not good any more.
fn note_refusal(exit: &Exit, admission: Option<&Admission>, app: &App) {
    let is_refusal = matches!(
        exit.reason,
        EndReason::UnknownId | EndReason::ExpiredId | EndReason::UsedId | EndReason::NoSession
    );
    if let (true, Some(admission)) = (is_refusal, admission) {
        let entry = Entry::new(Event::Refused).by(admission.identity());
        app.audit.note(&entry.ended(exit));
    }
}

/// Waits for the first message, which says which session it is, and begins or resumes that.
async fn open(
    reader: &mut impl ClientReader,
    writer: &mut impl Connection,
    admission: Option<&Admission>,
    app: &App,
) -> Result<Session<Cluster>, Exit> {
    let first = tokio::select! {
        first = timeout(app.times.bind, reader.read_message()) => first,
        () = app.sessions.shutdown() => return Err(shutting_down()),
    };
    let unknown = || refused(Refused::Unknown);
    match first {
        Ok(ClientEvent::Message(ClientMessage::Bind { id, extended })) => {
            writer.bind(extended);
            let principal = admission.and_then(|admission| admission.to_bind(&id));
            let Principal {
                identity, call_as, ..
            } = principal.ok_or_else(unknown)?;
            let redeemed = app.minting.redeem(&identity.caller, &id);
            let target = redeemed.map_err(refused)?;
            let cluster = app.cluster.acting_as(call_as);
            let cluster = cluster.map_err(|error| cluster::refused(&error))?;
            let sessions = &app.sessions;
            Session::begin(
                sessions, identity, cluster, target, extended, reader, writer,
            )
            .await
        }
        Ok(ClientEvent::Message(ClientMessage::Resume { key, offset })) => {
            writer.bind(true);
            let principal = admission.and_then(|admission| admission.to_resume(&key));
            let principal = principal.ok_or_else(no_session)?;
            // A client that gave this connection up has made another: that one must not lose the session.
            if writer.is_over() {
                return Err(gone());
            }
            Session::resume(&app.sessions, &principal.identity, &key, offset).await
        }
        Ok(ClientEvent::Message(_)) => Err(failed(
            EndReason::Protocol,
            "The first message must be a bind.",
        )),
        Ok(ClientEvent::ProtocolError(how)) => Err(failed(EndReason::Protocol, how)),
        Ok(ClientEvent::Gone) => Err(gone()),
        Err(_) => {
            let time = humantime::format_duration(app.times.bind);
            let message = format!("No bind arrived within {time}.");
            Err(failed(EndReason::BindTimeout, message))
        }
    }
}

fn refused(refused: Refused) -> Exit {
    let (reason, advice) = match refused {
        Refused::Unknown => (EndReason::UnknownId, "Ask for a new one."),
        Refused::Expired => (EndReason::ExpiredId, "Ask for a new one."),
        Refused::Used => (EndReason::UsedId, "Ask for a new one."),
        Refused::TooMany => (EndReason::Limit, "Try again in a few seconds."),
    };
    failed(reason, format!("{refused} {advice}"))
}

/// That a message can't be read. What is wrong with it may quote it, however long it is: so much is said as helps.
fn bad_message(error: &impl Display) -> ClientEvent {
    let mut error = error.to_string();
    if let Some((end, _)) = error.char_indices().nth(MAX_QUOTED) {
        error.truncate(end);
        error.push('…');
    }
    ClientEvent::ProtocolError(format!("Bad message: {error}."))
}

/// What the end of a connection means.
fn received(ended: sockjs::Ended) -> ClientEvent {
    match ended {
        sockjs::Ended::MessageTooLong => {
            let most = MAX_MESSAGE >> 20;
            ClientEvent::ProtocolError(format!("A message was longer than {most} MiB."))
        }
        sockjs::Ended::ProtocolViolation => {
            ClientEvent::ProtocolError("What was sent is no message at all.".to_owned())
        }
        ended => {
            tracing::debug!(why = %ended, "connection over");
            ClientEvent::Gone
        }
    }
}
