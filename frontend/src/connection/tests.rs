//! Conversations of a connection with a server played by the test.

use podshell_shared::{
    terminal::EndReason,
    text::{ServerEncoder, decode_client},
};

use super::*;

const SIZE: Size = Size { rows: 24, cols: 80 };

/// The SockJS frame that a server would send.
fn frame(messages: &[ServerMessage]) -> String {
    let mut encoder = ServerEncoder::new(true);
    let texts: Vec<String> = messages
        .iter()
        .filter_map(|message| encoder.encode(message))
        .collect();
    format!("a{}", serde_json::to_string(&texts).unwrap())
}

/// All that the connection wants to send to a socket that takes it at once.
fn sent(connection: &mut Connection) -> Vec<ClientMessage> {
    std::iter::from_fn(|| connection.next_frame(0))
        .flat_map(|frame| serde_json::from_str::<Vec<String>>(&frame).unwrap())
        .map(|text| decode_client(&text).unwrap())
        .collect()
}

fn bound() -> ServerMessage {
    ServerMessage::Bound {
        key: String::new(),
        offset: 0,
    }
}

fn stdout(text: &'static str, end: u64) -> ServerMessage {
    ServerMessage::Stdout {
        data: Bytes::from_static(text.as_bytes()),
        end: Some(end),
    }
}

/// A connection whose shell runs and whose first frames are sent, at time 0.
fn connected() -> Connection {
    let mut connection = Connection::new("id".to_owned(), Some(SIZE), 0.0);
    connection.receive("o", 0.0);
    connection.receive(&frame(&[bound()]), 0.0);
    assert_eq!(connection.phase(), &Phase::Connected);
    sent(&mut connection);
    connection
}

#[test]
fn bind_and_size_go_first_and_at_once() {
    let mut connection = Connection::new("id".to_owned(), Some(SIZE), 0.0);
    connection.type_in("ls".to_owned());
    assert_eq!(connection.next_frame(0), None, "the socket isn't open");
    connection.receive("o", 1.0);
    assert_eq!(connection.phase(), &Phase::Starting);
    assert_eq!(
        sent(&mut connection),
        [
            ClientMessage::Bind {
                id: "id".to_owned(),
                extended: true
            },
            ClientMessage::Resize(SIZE),
            ClientMessage::Stdin {
                data: Bytes::from_static(b"ls"),
                size: None
            },
        ]
    );
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
fn output_comes_in_order_and_unknown_messages_are_ignored() {
    let mut connection = connected();
    let mut batch = frame(&[stdout("a", 1), stdout("b", 2)]);
    batch.insert_str(2, r#""{\"Op\":\"later\"}","#);
    let texts: Vec<Bytes> = connection
        .receive(&batch, 0.0)
        .into_iter()
        .map(|output| match output {
            Output::Draw { data, .. } => data,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["a", "b"]);
    assert_eq!(connection.phase(), &Phase::Connected);
}

#[test]
fn rendered_output_is_acknowledged_every_16_kib_and_when_all_is_there() {
    let mut connection = connected();
    connection.receive(&frame(&[stdout("…", 40_000)]), 0.0);
    let mut acks_at = |end| {
        connection.rendered(end);
        sent(&mut connection)
    };
    assert_eq!(acks_at(16_383), []);
    let ack = |offset| ClientMessage::Ack { offset };
    assert_eq!(acks_at(16_384), [ack(16_384)]);
    assert_eq!(acks_at(32_000), []);
    assert_eq!(acks_at(40_000), [ack(40_000)]);
    assert_eq!(acks_at(40_000), [], "said already");
}

#[test]
fn a_large_paste_is_cut_between_characters_and_waits_for_the_socket() {
    let mut connection = connected();
    let paste = "汉字🦀x".repeat(20_000);
    connection.type_in(paste.clone());
    assert_eq!(connection.next_frame(MAX_BUFFERED), None);
    connection.resize(SIZE);
    assert!(
        connection.next_frame(MAX_BUFFERED).is_some(),
        "a size does not wait"
    );
    assert!(connection.has_input());
    let mut arrived = String::new();
    for message in sent(&mut connection) {
        let ClientMessage::Stdin { data, .. } = message else {
            panic!("{message:?}");
        };
        assert!(data.len() <= MAX_INPUT);
        arrived += str::from_utf8(&data).expect("whole characters");
    }
    assert_eq!(arrived, paste);
    assert!(!connection.has_input());
}

#[test]
fn round_trips_are_measured_every_ten_seconds() {
    let mut connection = Connection::new("id".to_owned(), None, 0.0);
    connection.receive("o", 0.0);
    connection.receive(&frame(&[bound()]), 0.0);
    let pong = |token: &str| {
        frame(&[ServerMessage::Pong {
            token: token.to_owned(),
        }])
    };
    connection.receive(&pong("1"), 30.0);
    assert_eq!(connection.round_trip(), Some(30.0));
    sent(&mut connection);
    connection.tick(9_000.0);
    assert_eq!(sent(&mut connection), []);
    connection.tick(10_000.0);
    let token = "2".to_owned();
    assert_eq!(sent(&mut connection), [ClientMessage::Ping { token }]);
    connection.receive(&pong("1"), 10_001.0);
    assert_eq!(connection.round_trip(), Some(30.0), "a late answer");
    connection.receive(&pong("2"), 10_015.0);
    assert_eq!(connection.round_trip(), Some(15.0));
}

#[test]
fn a_minute_of_silence_is_a_loss_but_a_sleep_is_not() {
    let seconds = |from: u32, to: u32| (from..=to).map(|second| f64::from(second) * 1000.0);
    let mut connection = connected();
    connection.receive("h", 25_000.0);
    seconds(1, 85).for_each(|now| connection.tick(now));
    assert_eq!(connection.phase(), &Phase::Connected);
    connection.tick(86_000.0);
    assert_eq!(connection.phase(), &Phase::Over(End::Silent));

    let mut slept = connected();
    slept.tick(8.0 * 3_600_000.0);
    assert_eq!(slept.phase(), &Phase::Connected, "it may have been told");
    seconds(8 * 3_600 + 1, 8 * 3_600 + 11).for_each(|now| slept.tick(now));
    assert_eq!(slept.phase(), &Phase::Over(End::Silent));
}

#[test]
fn opening_and_starting_have_deadlines() {
    let mut connection = Connection::new("id".to_owned(), None, 0.0);
    connection.tick(15_001.0);
    assert_eq!(connection.phase(), &Phase::Over(End::Unopened));

    let mut connection = Connection::new("id".to_owned(), None, 0.0);
    connection.receive("o", 10_000.0);
    connection.receive("h", 60_000.0);
    connection.tick(70_000.0);
    assert_eq!(connection.phase(), &Phase::Starting);
    connection.tick(70_001.0);
    assert_eq!(connection.phase(), &Phase::Over(End::Silent));
}

#[test]
fn the_servers_reason_outlives_what_follows() {
    let exit = Exit {
        reason: EndReason::Exited,
        code: Some(3),
        message: "The shell ended with exit code 3.".to_owned(),
    };
    let mut connection = connected();
    connection.receive(&frame(&[ServerMessage::Exit(exit.clone())]), 0.0);
    connection.receive(r#"c[2,"exited"]"#, 0.0);
    connection.socket_closed();
    connection.type_in("\r".to_owned());
    assert_eq!(connection.phase(), &Phase::Over(End::Exit(exit)));
    assert_eq!(sent(&mut connection), []);
}

#[test]
fn how_far_it_was_says_how_it_broke() {
    let mut opening = Connection::new("id".to_owned(), None, 0.0);
    opening.socket_closed();
    assert_eq!(opening.phase(), &Phase::Over(End::Unopened));

    let mut starting = Connection::new("id".to_owned(), None, 0.0);
    starting.receive("o", 0.0);
    starting.socket_closed();
    assert_eq!(starting.phase(), &Phase::Over(End::Unstarted));

    let mut running = connected();
    running.socket_closed();
    assert_eq!(running.phase(), &Phase::Over(End::Dropped));

    let mut closed = connected();
    closed.receive(r#"c[3000,"Go away!"]"#, 0.0);
    assert_eq!(
        closed.phase(),
        &Phase::Over(End::Closed {
            code: 3000,
            reason: "Go away!".to_owned(),
            bound: true
        })
    );

    for garbage in ["x", "a[1]", r#"a["no message"]"#] {
        let mut garbled = connected();
        garbled.receive(garbage, 0.0);
        assert!(
            matches!(garbled.phase(), Phase::Over(End::Garbled(_))),
            "{garbage}"
        );
    }
}

#[test]
fn leaving_says_goodbye_once() {
    let mut connection = connected();
    connection.type_in("not sent".to_owned());
    connection.leave();
    assert_eq!(sent(&mut connection), [ClientMessage::Close]);
    connection.leave();
    assert_eq!(sent(&mut connection), []);
    assert_eq!(connection.phase(), &Phase::Over(End::Left));

    let mut unopened = Connection::new("id".to_owned(), None, 0.0);
    unopened.leave();
    assert_eq!(sent(&mut unopened), [], "there is nobody to say it to");
}
