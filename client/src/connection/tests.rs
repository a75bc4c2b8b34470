//! Conversations of a connection with a server played by the test.

use podshell_shared::terminal::Exit;

use super::*;

mod loss;
mod model;

const SIZE: Size = Size { rows: 24, cols: 80 };
const BINARY: Transport = Transport::WebSocketBinary;
const TEXT: Transport = Transport::WebSocketText;

fn begun() -> Connection {
    let mut connection = Connection::begin(false, Some(SIZE), BINARY, || 0.5, 0.0);
    connection.minted("id".to_owned(), 0.0);
    connection
}

/// All that the connection wants to be done.
fn steps(connection: &mut Connection) -> Vec<Step> {
    std::iter::from_fn(|| connection.next_step()).collect()
}

/// All that the connection wants to send, and nothing else.
fn sent(connection: &mut Connection) -> Vec<ClientMessage> {
    let message = |step| match step {
        Step::Send(message) => message,
        other => panic!("{other:?}"),
    };
    steps(connection).into_iter().map(message).collect()
}

fn hear(connection: &mut Connection, message: ServerMessage, now: f64) -> Option<Shown> {
    connection.hear(Heard::Message(message), now)
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
    })
}

/// So many bytes of output come; tells where they end.
fn output(connection: &mut Connection, length: usize, now: f64) -> u64 {
    connection.output(length, b"...".get(..length).unwrap_or(b"..."), now)
}

/// Opens the socket that the connection asks for.
fn open(connection: &mut Connection, transport: Transport, now: f64) {
    assert!(steps(connection).contains(&Step::Open(transport)));
    connection.hear(Heard::Opened, now);
}

/// A connection whose shell runs and whose first messages are sent, at time 0.
fn connected() -> Connection {
    let mut connection = begun();
    open(&mut connection, BINARY, 0.0);
    hear(&mut connection, bound(0, 0), 0.0);
    assert_eq!(connection.phase(), &Phase::Connected);
    assert_eq!(
        sent(&mut connection),
        [bind(), ClientMessage::Resize(SIZE), ping("1")]
    );
    connection
}

#[test]
fn bind_and_size_go_first_and_input_once_the_shell_is_there() {
    let mut connection = begun();
    assert!(connection.type_in("ls".into()));
    assert_eq!(steps(&mut connection), [Step::Open(BINARY)]);
    assert_eq!(steps(&mut connection), [], "the socket isn't open");
    connection.hear(Heard::Opened, 1.0);
    assert_eq!(connection.phase(), &Phase::Starting);
    assert_eq!(sent(&mut connection), [bind(), ClientMessage::Resize(SIZE)]);
    assert_eq!(hear(&mut connection, bound(0, 0), 2.0), None);
    assert_eq!(sent(&mut connection), [ping("1"), stdin("ls")]);
}

/// One whose socket is opened while the id is being minted.
fn begun_early() -> Connection {
    let mut connection = Connection::begin(true, Some(SIZE), BINARY, || 0.5, 0.0);
    assert_eq!(connection.query(), None);
    assert_eq!(steps(&mut connection), [Step::Open(BINARY)]);
    connection
}

fn mint(connection: &mut Connection, now: f64) {
    connection.minted("id".to_owned(), now);
}

#[test]
fn a_socket_opens_beside_the_minting_whichever_is_first() {
    let mut connection = begun_early();
    assert!(connection.type_in("ls".into()));
    connection.hear(Heard::Opened, 1.0);
    assert_eq!(connection.phase(), &Phase::Opening);
    assert_eq!(steps(&mut connection), [], "there is nothing to bind");
    // however long that takes, and whatever happens
    connection.tick(9_000.0);
    connection.resize(Size { rows: 1, cols: 1 });
    connection.resize(SIZE);
    connection.redraw(9_000.0);
    connection.rendered(0);
    connection.interrupt();
    connection.looked_at(9_000.0);
    connection.network_changed(9_000.0);
    assert_eq!(steps(&mut connection), []);
    mint(&mut connection, 9_001.0);
    assert_eq!(sent(&mut connection), [bind(), ClientMessage::Resize(SIZE)]);
    hear(&mut connection, bound(0, 0), 9_002.0);
    assert_eq!(
        sent(&mut connection),
        [ping("1"), stdin("ls"), ClientMessage::Interrupt]
    );

    let mut connection = begun_early();
    mint(&mut connection, 1.0);
    assert_eq!(steps(&mut connection), []);
    connection.hear(Heard::Opened, 2.0);
    assert_eq!(sent(&mut connection)[0], bind());
    // an id that comes late is none of this connection's
    mint(&mut connection, 3.0);
    assert_eq!(steps(&mut connection), []);
}

#[test]
fn a_socket_that_was_lost_before_there_was_an_id_is_opened_anew() {
    let refused = |connection: &mut Connection| connection.line_closed(10.0);
    let kept_waiting = |connection: &mut Connection| {
        connection.hear(Heard::Opened, 5.0);
        hear(connection, exit(EndReason::BindTimeout), 10.0);
        let reason = "why".to_owned();
        connection.hear(Heard::Closed { code: 2, reason }, 10.0);
        connection.line_closed(10.0);
    };
    let stuck = |connection: &mut Connection| connection.tick(5_001.0);
    for lose in [&refused as &dyn Fn(&mut _), &kept_waiting, &stuck] {
        let mut connection = begun_early();
        lose(&mut connection);
        assert_eq!(connection.phase(), &Phase::Opening);
        assert_eq!(steps(&mut connection), [Step::HangUp]);
        mint(&mut connection, 6_000.0);
        assert_eq!(connection.query(), Some("id"));
        open(&mut connection, BINARY, 6_001.0);
        assert_eq!(sent(&mut connection)[0], bind());
    }
    // or by another transport, if it is known that no WebSocket is to be had
    let mut connection = begun_early();
    connection.informed(info(false, 5.0), 1.0);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    mint(&mut connection, 2.0);
    open(&mut connection, Transport::XhrStreaming, 3.0);
    assert_eq!(sent(&mut connection)[0], bind());
}

#[test]
fn who_leaves_before_there_is_an_id_leaves_nothing() {
    let mut connection = begun_early();
    connection.hear(Heard::Opened, 1.0);
    connection.close();
    mint(&mut connection, 2.0);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    assert_eq!(connection.phase(), &Phase::Over(End::Left));
}

#[test]
fn a_socket_that_does_not_open_leaves_the_id_to_the_next_transport() {
    let mut connection = begun();
    assert_eq!(steps(&mut connection), [Step::Open(BINARY)]);
    connection.line_closed(10.0);
    assert_eq!(connection.phase(), &Phase::Opening);
    assert_eq!(steps(&mut connection), [Step::HangUp, Step::Open(TEXT)]);
    connection.hear(Heard::Opened, 20.0);
    assert_eq!(sent(&mut connection)[0], bind());
    assert_eq!(connection.transport(), TEXT);
}

#[test]
fn a_socket_that_hangs_while_it_opens_is_given_up() {
    let mut connection = begun();
    steps(&mut connection);
    let mut now = 0.0;
    // where one WebSocket hangs, so would the other
    for transport in &Transport::ALL[2..] {
        connection.tick(now + 5_000.0);
        assert_eq!(steps(&mut connection), []);
        now += 5_001.0;
        connection.tick(now);
        assert_eq!(
            steps(&mut connection),
            [Step::HangUp, Step::Open(*transport)]
        );
    }
    connection.tick(now + 15_000.0);
    assert_eq!(connection.phase(), &Phase::Opening);
    connection.tick(now + 15_001.0);
    assert_eq!(connection.phase(), &Phase::Over(End::Unopened));
    assert_eq!(steps(&mut connection), [Step::HangUp]);
}

fn info(websocket: bool, round_trip: f64) -> Info {
    Info {
        websocket,
        round_trip,
    }
}

#[test]
fn on_a_fast_network_a_socket_that_hangs_is_given_up_sooner_and_on_a_slow_one_later() {
    for (round_trip, within) in [(5.0, 2_000.0), (500.0, 4_000.0), (60_000.0, 15_000.0)] {
        let mut connection = begun();
        steps(&mut connection);
        connection.informed(info(true, round_trip), 10.0);
        connection.tick(within);
        assert_eq!(steps(&mut connection), []);
        connection.tick(within + 1.0);
        let next = Step::Open(Transport::XhrStreaming);
        assert_eq!(steps(&mut connection), [Step::HangUp, next]);
    }
}

#[test]
fn where_the_server_takes_no_websocket_none_is_tried() {
    let mut connection = begun();
    connection.informed(info(false, 5.0), 1.0);
    open(&mut connection, Transport::XhrStreaming, 2.0);
    assert_eq!(sent(&mut connection)[0], bind());

    // while one is opening
    let mut connection = begun();
    assert_eq!(steps(&mut connection), [Step::Open(BINARY)]);
    connection.informed(info(false, 5.0), 1.0);
    let next = Step::Open(Transport::XhrStreaming);
    assert_eq!(steps(&mut connection), [Step::HangUp, next]);

    // one that is open is proof of the contrary
    let mut connection = connected();
    connection.informed(info(false, 5.0), 1.0);
    assert_eq!(steps(&mut connection), []);
}

#[test]
fn the_latest_size_wins_and_nothing_is_no_size() {
    let mut connection = connected();
    connection.resize(Size { rows: 1, cols: 1 });
    connection.resize(SIZE);
    connection.resize(Size::default());
    assert_eq!(sent(&mut connection), [ClientMessage::Resize(SIZE)]);
}

#[test]
fn output_is_counted_where_its_end_is_not_said() {
    let mut connection = connected();
    assert_eq!(output(&mut connection, 10, 1.0), 10);
    let data = Bytes::from_static(b"text");
    let message = ServerMessage::Stdout {
        data: data.clone(),
        end: Some(14),
    };
    let end = 14;
    assert_eq!(
        hear(&mut connection, message, 2.0),
        Some(Shown::Draw { data, end })
    );
    connection.rendered(14);
    assert_eq!(sent(&mut connection), [ClientMessage::Ack { offset: 14 }]);
}

#[test]
fn input_waits_for_the_window_and_nothing_else_waits_for_input() {
    let mut connection = connected();
    let paste = Bytes::from(vec![b'x'; 10 << 20]);
    assert!(connection.type_in(paste));
    let first = sent(&mut connection);
    assert_eq!(first.len(), 8, "128 KiB in messages of 16 KiB");
    output(&mut connection, 20_000, 0.0);
    connection.rendered(20_000);
    connection.resize(SIZE);
    assert_eq!(
        sent(&mut connection),
        [
            ClientMessage::Resize(SIZE),
            ClientMessage::Ack { offset: 20_000 }
        ]
    );
    let offset = 16 << 10;
    hear(&mut connection, ServerMessage::Taken { offset }, 0.0);
    assert_eq!(sent(&mut connection).len(), 1);
}

#[test]
fn ctrl_c_may_overtake_output() {
    let mut connection = connected();
    output(&mut connection, 80_000, 0.0);
    connection.rendered(30_000);
    connection.interrupt();
    assert_eq!(
        sent(&mut connection),
        [
            ClientMessage::Ack { offset: 30_000 },
            ClientMessage::Interrupt
        ]
    );
    let (from, to) = (80_000, 5_000_000);
    let skipped = hear(&mut connection, ServerMessage::Skipped { from, to }, 0.0);
    let bytes = 4_920_000;
    assert_eq!(skipped, Some(Shown::Skipped { bytes, end: to }));
    assert_eq!(output(&mut connection, 3, 0.0), to + 3);
    connection.rendered(to + 3);
    let offset = to + 3;
    assert_eq!(sent(&mut connection), [ClientMessage::Ack { offset }]);
}

#[test]
fn starting_has_a_deadline() {
    let mut connection = begun();
    open(&mut connection, BINARY, 1_000.0);
    sent(&mut connection);
    connection.tick(61_000.0);
    assert_eq!(connection.phase(), &Phase::Starting);
    connection.tick(61_001.0);
    assert_eq!(connection.phase(), &Phase::Over(End::Silent));
    assert_eq!(
        steps(&mut connection),
        [Step::Send(ClientMessage::Close), Step::HangUp]
    );
}

#[test]
fn the_servers_reason_outlives_what_follows() {
    let mut connection = connected();
    hear(&mut connection, exit(EndReason::Exited), 0.0);
    let code = 2;
    let reason = "exited".to_owned();
    connection.hear(Heard::Closed { code, reason }, 0.0);
    connection.line_closed(0.0);
    assert!(connection.type_in("\r".into()));
    let Phase::Over(End::Exit(exit)) = connection.phase() else {
        panic!("{connection:?}");
    };
    assert_eq!(exit.reason, EndReason::Exited);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    assert_eq!(connection.bookmark(), None);
}

#[test]
fn how_far_it_was_says_how_it_broke() {
    let mut starting = begun();
    open(&mut starting, BINARY, 0.0);
    starting.line_closed(0.0);
    assert_eq!(starting.phase(), &Phase::Over(End::Unstarted));

    let mut refused = begun();
    open(&mut refused, BINARY, 0.0);
    let close = |code| Heard::Closed {
        code,
        reason: "Go away!".to_owned(),
    };
    refused.hear(close(3000), 0.0);
    let closed = |code, bound| {
        Phase::Over(End::Closed {
            code,
            reason: "Go away!".to_owned(),
            bound,
        })
    };
    assert_eq!(refused.phase(), &closed(3000, false));

    let mut ended = connected();
    ended.hear(close(2), 0.0);
    assert_eq!(ended.phase(), &closed(2, true));

    let mut garbled = connected();
    garbled.hear(Heard::Garbled("?".to_owned()), 0.0);
    assert!(matches!(garbled.phase(), Phase::Over(End::Garbled(_))));
}

#[test]
fn leaving_for_good_says_so_once() {
    let mut connection = connected();
    assert!(connection.type_in("not sent".into()));
    connection.close();
    assert_eq!(
        steps(&mut connection),
        [Step::Send(ClientMessage::Close), Step::HangUp]
    );
    connection.close();
    assert_eq!(steps(&mut connection), []);
    assert_eq!(connection.phase(), &Phase::Over(End::Left));

    let mut unopened = begun();
    unopened.close();
    assert_eq!(steps(&mut unopened), [], "there is nobody to say it to");
}
