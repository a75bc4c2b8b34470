//! Conversations of a client with a server played by the test.

use podshell_shared::terminal::{Exit, ServerMessage};

use super::*;
use crate::{
    codec::ServerEvent,
    types::{Action, ScreenUpdate, ServerInfo},
};

mod loss;
mod model;

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

/// One whose connection is opened while the id is being minted.
fn begun_early() -> Client {
    let mut client = Client::start(true, Some(SIZE), BINARY, || 0.5, 0.0);
    assert_eq!(client.connection_query(), None);
    assert_eq!(actions(&mut client), [Action::Connect(BINARY)]);
    client
}

fn mint(client: &mut Client, now: f64) {
    client.minted("id".to_owned(), now);
}

#[test]
fn a_socket_opens_beside_the_minting_whichever_is_first() {
    let mut client = begun_early();
    assert!(client.type_in("ls".into()));
    client.receive(ServerEvent::Opened, 1.0);
    assert_eq!(client.phase(), &Phase::Opening);
    assert_eq!(actions(&mut client), [], "there is nothing to bind");
    // However long that takes, and whatever happens.
    client.tick(9_000.0);
    client.resize(Size { rows: 1, cols: 1 });
    client.resize(SIZE);
    client.redraw(9_000.0);
    client.drawn(0);
    client.interrupt();
    client.user_returned(9_000.0);
    client.network_changed(9_000.0);
    assert_eq!(actions(&mut client), []);
    mint(&mut client, 9_001.0);
    assert_eq!(sent(&mut client), [bind(), ClientMessage::Resize(SIZE)]);
    receive(&mut client, bound(0, 0), 9_002.0);
    assert_eq!(
        sent(&mut client),
        [ping("1"), stdin("ls"), ClientMessage::Interrupt]
    );

    let mut client = begun_early();
    mint(&mut client, 1.0);
    assert_eq!(actions(&mut client), []);
    client.receive(ServerEvent::Opened, 2.0);
    assert_eq!(sent(&mut client)[0], bind());
    // An id that comes late is none of this client's.
    mint(&mut client, 3.0);
    assert_eq!(actions(&mut client), []);
}

#[test]
fn a_socket_that_was_lost_before_there_was_an_id_is_opened_anew() {
    let refused = |client: &mut Client| client.connection_closed(10.0);
    let kept_waiting = |client: &mut Client| {
        client.receive(ServerEvent::Opened, 5.0);
        receive(client, exit(EndReason::BindTimeout), 10.0);
        let reason = "why".to_owned();
        client.receive(ServerEvent::Closed { code: 2, reason }, 10.0);
        client.connection_closed(10.0);
    };
    let stuck = |client: &mut Client| client.tick(5_001.0);
    for lose in [&refused as &dyn Fn(&mut _), &kept_waiting, &stuck] {
        let mut client = begun_early();
        lose(&mut client);
        assert_eq!(client.phase(), &Phase::Opening);
        assert_eq!(actions(&mut client), [Action::Disconnect]);
        mint(&mut client, 6_000.0);
        assert_eq!(client.connection_query(), Some("id"));
        open(&mut client, BINARY, 6_001.0);
        assert_eq!(sent(&mut client)[0], bind());
    }
    // Or by another transport, if it is known that no WebSocket is to be had.
    let mut client = begun_early();
    client.server_info(info(false, 5.0), 1.0);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    mint(&mut client, 2.0);
    open(&mut client, Transport::XhrStreaming, 3.0);
    assert_eq!(sent(&mut client)[0], bind());
}

#[test]
fn who_leaves_before_there_is_an_id_leaves_nothing() {
    let mut client = begun_early();
    client.receive(ServerEvent::Opened, 1.0);
    client.close();
    mint(&mut client, 2.0);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    assert_eq!(client.phase(), &Phase::Ended(End::ClosedByUser));
}

#[test]
fn a_socket_that_does_not_open_leaves_the_id_to_the_next_transport() {
    let mut client = begun();
    assert_eq!(actions(&mut client), [Action::Connect(BINARY)]);
    client.connection_closed(10.0);
    assert_eq!(client.phase(), &Phase::Opening);
    assert_eq!(
        actions(&mut client),
        [Action::Disconnect, Action::Connect(TEXT)]
    );
    client.receive(ServerEvent::Opened, 20.0);
    assert_eq!(sent(&mut client)[0], bind());
    assert_eq!(client.transport(), TEXT);
}

#[test]
fn a_socket_that_hangs_while_it_opens_is_given_up() {
    let mut client = begun();
    actions(&mut client);
    let mut now = 0.0;
    // Where one WebSocket hangs, so would the other.
    for transport in &Transport::ALL[2..] {
        client.tick(now + 5_000.0);
        assert_eq!(actions(&mut client), []);
        now += 5_001.0;
        client.tick(now);
        assert_eq!(
            actions(&mut client),
            [Action::Disconnect, Action::Connect(*transport)]
        );
    }
    client.tick(now + 15_000.0);
    assert_eq!(client.phase(), &Phase::Opening);
    client.tick(now + 15_001.0);
    assert_eq!(client.phase(), &Phase::Ended(End::NotOpened));
    assert_eq!(actions(&mut client), [Action::Disconnect]);
}

fn info(websocket: bool, round_trip: f64) -> ServerInfo {
    ServerInfo {
        websocket,
        round_trip,
    }
}

#[test]
fn on_a_fast_network_a_socket_that_hangs_is_given_up_sooner_and_on_a_slow_one_later() {
    for (round_trip, within) in [(5.0, 2_000.0), (500.0, 4_000.0), (60_000.0, 15_000.0)] {
        let mut client = begun();
        actions(&mut client);
        client.server_info(info(true, round_trip), 10.0);
        client.tick(within);
        assert_eq!(actions(&mut client), []);
        client.tick(within + 1.0);
        let next = Action::Connect(Transport::XhrStreaming);
        assert_eq!(actions(&mut client), [Action::Disconnect, next]);
    }
}

#[test]
fn where_the_server_takes_no_websocket_none_is_tried() {
    let mut client = begun();
    client.server_info(info(false, 5.0), 1.0);
    open(&mut client, Transport::XhrStreaming, 2.0);
    assert_eq!(sent(&mut client)[0], bind());

    // While one is opening.
    let mut client = begun();
    assert_eq!(actions(&mut client), [Action::Connect(BINARY)]);
    client.server_info(info(false, 5.0), 1.0);
    let next = Action::Connect(Transport::XhrStreaming);
    assert_eq!(actions(&mut client), [Action::Disconnect, next]);

    // One that is open is proof of the contrary.
    let mut client = connected();
    client.server_info(info(false, 5.0), 1.0);
    assert_eq!(actions(&mut client), []);
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
