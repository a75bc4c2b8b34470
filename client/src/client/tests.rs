//! Conversations of a client with a server played by the test.

use podshell_shared::terminal::{Exit, ServerMessage};

use super::*;
use crate::{
    codec::ServerEvent,
    types::{Action, ScreenUpdate, ServerInfo},
};

mod loss;
mod model;
mod opening;

const SIZE: Size = Size { rows: 24, cols: 80 };
const BINARY: Transport = Transport::WebSocketBinary;
const TEXT: Transport = Transport::WebSocketText;

fn begun() -> Client {
    let mut client = Client::start(false, Some(SIZE), BINARY, || 0.5, 0.0);
    client.minted("id".to_owned(), 0.0);
    client
}

/// All that the client wants to be done.
fn actions(client: &mut Client) -> Vec<Action> {
    std::iter::from_fn(|| client.next_action()).collect()
}

/// All that the client wants to send, and nothing else.
fn sent(client: &mut Client) -> Vec<ClientMessage> {
    let message = |step| match step {
        Action::Send(message) => message,
        other => panic!("{other:?}"),
    };
    actions(client).into_iter().map(message).collect()
}

fn receive(client: &mut Client, message: ServerMessage, now: f64) -> Option<ScreenUpdate> {
    client.receive(ServerEvent::Message(message), now)
}

fn bound(offset: u64, input: u64) -> ServerMessage {
    let key = "key".to_owned();
    ServerMessage::Bound { key, offset, input }
}

fn bind() -> ClientMessage {
    ClientMessage::Bind {
        id: "id".to_owned(),
        extended: true,
    }
}

fn resume(offset: u64) -> ClientMessage {
    let key = "key".to_owned();
    ClientMessage::Resume { key, offset }
}

fn stdin(data: &'static str) -> ClientMessage {
    ClientMessage::Stdin { data: data.into() }
}

fn ping(token: &str) -> ClientMessage {
    let token = token.to_owned();
    ClientMessage::Ping { token }
}

fn exit(reason: EndReason) -> ServerMessage {
    ServerMessage::Exit(Exit {
        reason,
        code: None,
        message: "why".to_owned(),
        detail: None,
    })
}

/// So many bytes of output come; tells where they end.
fn output(client: &mut Client, length: usize, now: f64) -> u64 {
    client.receive_output(length, b"...".get(..length).unwrap_or(b"..."), now)
}

/// Opens the connection that the client asks for.
fn open(client: &mut Client, transport: Transport, now: f64) {
    assert!(actions(client).contains(&Action::Connect(transport)));
    client.receive(ServerEvent::Opened, now);
}

/// A client whose shell runs and whose first messages are sent, at time 0.
fn connected() -> Client {
    let mut client = begun();
    open(&mut client, BINARY, 0.0);
    receive(&mut client, bound(0, 0), 0.0);
    assert_eq!(client.phase(), &Phase::Connected);
    assert_eq!(
        sent(&mut client),
        [bind(), ClientMessage::Resize(SIZE), ping("1")]
    );
    client
}

#[test]
fn bind_and_size_go_first_and_input_once_the_shell_is_there() {
    let mut client = begun();
    assert!(client.type_in("ls".into()));
    assert_eq!(actions(&mut client), [Action::Connect(BINARY)]);
    assert_eq!(actions(&mut client), [], "the connection isn't open");
    client.receive(ServerEvent::Opened, 1.0);
    assert_eq!(client.phase(), &Phase::Starting);
    assert_eq!(sent(&mut client), [bind(), ClientMessage::Resize(SIZE)]);
    assert_eq!(receive(&mut client, bound(0, 0), 2.0), None);
    assert_eq!(sent(&mut client), [ping("1"), stdin("ls")]);
}

#[test]
fn the_latest_size_wins_and_nothing_is_no_size() {
    let mut client = connected();
    client.resize(Size { rows: 1, cols: 1 });
    client.resize(SIZE);
    client.resize(Size::default());
    assert_eq!(sent(&mut client), [ClientMessage::Resize(SIZE)]);
}

#[test]
fn output_is_counted_where_its_end_is_not_said() {
    let mut client = connected();
    assert_eq!(output(&mut client, 10, 1.0), 10);
    let data = Bytes::from_static(b"text");
    let message = ServerMessage::Stdout {
        data: data.clone(),
        end: Some(14),
    };
    let end = 14;
    assert_eq!(
        receive(&mut client, message, 2.0),
        Some(ScreenUpdate::Output { data, end })
    );
    client.drawn(14);
    assert_eq!(sent(&mut client), [ClientMessage::Ack { offset: 14 }]);
}

#[test]
fn input_waits_for_the_window_and_nothing_else_waits_for_input() {
    let mut client = connected();
    let paste = Bytes::from(vec![b'x'; 10 << 20]);
    assert!(client.type_in(paste));
    let first = sent(&mut client);
    assert_eq!(first.len(), 8, "128 KiB in messages of 16 KiB");
    output(&mut client, 20_000, 0.0);
    client.drawn(20_000);
    client.resize(SIZE);
    assert_eq!(
        sent(&mut client),
        [
            ClientMessage::Resize(SIZE),
            ClientMessage::Ack { offset: 20_000 }
        ]
    );
    let offset = 16 << 10;
    receive(&mut client, ServerMessage::Taken { offset }, 0.0);
    assert_eq!(sent(&mut client).len(), 1);
}

#[test]
fn what_is_typed_and_drawn_changes_nothing_that_is_shown() {
    let mut client = connected();
    assert!(client.take_status_changed());
    assert!(!client.take_status_changed());
    assert!(client.type_in("ls\r".into()));
    client.interrupt();
    client.resize(SIZE);
    sent(&mut client);
    receive(&mut client, ServerMessage::Taken { offset: 4 }, 1.0);
    output(&mut client, 10, 2.0);
    client.drawn(10);
    client.tick(1_000.0);
    sent(&mut client);
    assert!(!client.take_status_changed());
    let token = "1".to_owned();
    receive(&mut client, ServerMessage::Pong { token }, 1_001.0);
    assert!(client.take_status_changed(), "the round-trip time");
}

#[test]
fn ctrl_c_may_overtake_output() {
    let mut client = connected();
    output(&mut client, 80_000, 0.0);
    client.drawn(30_000);
    client.interrupt();
    assert_eq!(
        sent(&mut client),
        [
            ClientMessage::Ack { offset: 30_000 },
            ClientMessage::Interrupt
        ]
    );
    let (from, to) = (80_000, 5_000_000);
    let skipped = receive(&mut client, ServerMessage::Skipped { from, to }, 0.0);
    let bytes = 4_920_000;
    assert_eq!(skipped, Some(ScreenUpdate::Skipped { bytes, end: to }));
    assert_eq!(output(&mut client, 3, 0.0), to + 3);
    client.drawn(to + 3);
    let offset = to + 3;
    assert_eq!(sent(&mut client), [ClientMessage::Ack { offset }]);
}

#[test]
fn starting_has_a_deadline() {
    let mut client = begun();
    open(&mut client, BINARY, 1_000.0);
    sent(&mut client);
    client.tick(61_000.0);
    assert_eq!(client.phase(), &Phase::Starting);
    client.tick(61_001.0);
    assert_eq!(client.phase(), &Phase::Ended(End::Silent));
    assert_eq!(
        actions(&mut client),
        [Action::Send(ClientMessage::Close), Action::Disconnect]
    );
}

#[test]
fn the_servers_reason_outlives_what_follows() {
    let mut client = connected();
    receive(&mut client, exit(EndReason::Exited), 0.0);
    let code = 2;
    let reason = "exited".to_owned();
    client.receive(ServerEvent::Closed { code, reason }, 0.0);
    client.connection_closed(0.0);
    assert!(client.type_in("\r".into()));
    let Phase::Ended(End::Exit(exit)) = client.phase() else {
        panic!("{client:?}");
    };
    assert_eq!(exit.reason, EndReason::Exited);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    assert_eq!(client.resume_point(), None);
}

#[test]
fn how_far_it_was_says_how_it_broke() {
    let mut starting = begun();
    open(&mut starting, BINARY, 0.0);
    starting.connection_closed(0.0);
    assert_eq!(starting.phase(), &Phase::Ended(End::NotStarted));

    let mut refused = begun();
    open(&mut refused, BINARY, 0.0);
    let close = |code| ServerEvent::Closed {
        code,
        reason: "Go away!".to_owned(),
    };
    refused.receive(close(3000), 0.0);
    let closed = |code, bound| {
        Phase::Ended(End::Closed {
            code,
            reason: "Go away!".to_owned(),
            bound,
        })
    };
    assert_eq!(refused.phase(), &closed(3000, false));

    let mut ended = connected();
    ended.receive(close(2), 0.0);
    assert_eq!(ended.phase(), &closed(2, true));

    let mut garbled = connected();
    garbled.receive(ServerEvent::ProtocolError("?".to_owned()), 0.0);
    assert!(matches!(
        garbled.phase(),
        Phase::Ended(End::ProtocolError(_))
    ));
}

#[test]
fn leaving_for_good_says_so_once() {
    let mut client = connected();
    assert!(client.type_in("not sent".into()));
    client.close();
    assert_eq!(
        actions(&mut client),
        [Action::Send(ClientMessage::Close), Action::Disconnect]
    );
    client.close();
    assert_eq!(actions(&mut client), []);
    assert_eq!(client.phase(), &Phase::Ended(End::ClosedByUser));

    let mut unopened = begun();
    unopened.close();
    assert_eq!(actions(&mut unopened), [], "there is nobody to say it to");
}
