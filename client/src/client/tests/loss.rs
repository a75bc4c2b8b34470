//! Connections that are lost, and how sessions go on.

use podshell_shared::terminal::MAX_GRACE;

use super::*;

/// A client with some output and input behind it, lost at 20 s; the first try comes 300 ms later.
fn lost() -> Client {
    let mut client = connected();
    output(&mut client, 100, 0.0);
    client.drawn(60);
    assert!(client.type_in("abc".into()));
    client.tick(12_000.0);
    sent(&mut client);
    client.connection_closed(20_000.0);
    assert_eq!(client.phase(), &Phase::Reconnecting);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    client
}

/// Lets the time of the next try come, and that try fail.
fn fail(client: &mut Client) -> (f64, Transport) {
    let at = client.next_tick().expect("a time for the next try");
    // The page does not sleep meanwhile.
    for before in (0..=6).rev() {
        client.tick(at - f64::from(before) * 10_000.0);
    }
    let [Action::Connect(transport)] = actions(client)[..] else {
        panic!("a try");
    };
    client.connection_closed(at);
    assert_eq!(actions(client), [Action::Disconnect]);
    (at, transport)
}

#[test]
fn a_lost_connection_goes_on_where_it_was() {
    let mut client = lost();
    assert!(client.type_in("def".into()));
    assert_eq!(client.retry_in(20_100.0), Some(200.0));
    client.tick(20_299.0);
    assert_eq!(actions(&mut client), []);
    client.tick(20_300.0);
    assert_eq!(client.retry_in(20_300.0), None);
    open(&mut client, BINARY, 20_310.0);
    assert_eq!(sent(&mut client), [resume(100)]);
    let resumed = Some(ScreenUpdate::Resumed);
    assert_eq!(receive(&mut client, bound(100, 1), 20_320.0), resumed);
    assert_eq!(client.phase(), &Phase::Connected);
    assert_eq!(
        sent(&mut client),
        [
            ClientMessage::Resize(SIZE),
            ClientMessage::Ack { offset: 60 },
            ping("3"),
            stdin("bc"),
            stdin("def"),
        ]
    );
    assert_eq!(output(&mut client, 5, 20_330.0), 105);
    // What was sent again is counted once.
    let traffic = Traffic {
        output: 105,
        input: 6,
    };
    assert_eq!(client.traffic(), traffic);
}

#[test]
fn a_character_that_came_in_part_comes_again_by_whatever_transport() {
    for cut in 1..4 {
        let mut client = connected();
        let first = &"🎉".as_bytes()[..cut];
        assert_eq!(client.receive_output(cut, first, 0.0), 0);
        client.connection_closed(0.0);
        client.tick(300.0);
        assert!(actions(&mut client).contains(&Action::Connect(BINARY)));
        client.receive(ServerEvent::Opened, 300.0);
        assert_eq!(sent(&mut client), [resume(0)]);
        assert_eq!(
            receive(&mut client, bound(0, 0), 300.0),
            Some(ScreenUpdate::Resumed)
        );
        let data = Bytes::from_static("🎉".as_bytes());
        let end = Some(4);
        let drawn = receive(&mut client, ServerMessage::Stdout { data, end }, 300.0);
        assert!(matches!(drawn, Some(ScreenUpdate::Output { end: 4, .. })));
    }
}

#[test]
fn what_is_gone_is_told() {
    let mut ahead = lost();
    ahead.tick(20_300.0);
    open(&mut ahead, BINARY, 20_300.0);
    let (bytes, end) = (400, 500);
    assert_eq!(
        receive(&mut ahead, bound(500, 3), 20_300.0),
        Some(ScreenUpdate::Missing { bytes, end })
    );
    assert_eq!(output(&mut ahead, 1, 20_300.0), 501);
}

#[test]
fn pauses_grow_and_tries_end() {
    let mut client = lost();
    let tries: Vec<f64> = std::iter::from_fn(|| {
        (client.phase() == &Phase::Reconnecting).then(|| fail(&mut client).0)
    })
    .collect();
    assert_eq!(tries[..3], [20_300.0, 20_900.0, 22_100.0]);
    let last = tries.last().unwrap() - 20_000.0;
    // As long as any server may keep the session, and what it takes to see that it is lost.
    let longest = MAX_GRACE as f64 * 1000.0;
    assert!(last > longest && last < longest + 700_000.0, "{last}");
    assert_eq!(client.phase(), &Phase::Ended(End::ConnectionLost));
    let pauses: Vec<f64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| *pause <= 60_000.0));
    assert!(tries.len() < 2_000, "{}", tries.len());
}

#[test]
fn a_browser_that_slept_ten_minutes_comes_back_to_its_shell() {
    const TEN_MINUTES: f64 = 600_000.0;
    let mut client = connected();
    client.tick(1_000.0);
    let awake = 1_000.0 + TEN_MINUTES;
    client.tick(awake);
    // The connection may have outlived that, and has not.
    assert_eq!(sent(&mut client), [ping("2")]);
    client.tick(awake + 5_001.0);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    client.tick(awake + 5_301.0);
    open(&mut client, BINARY, awake + 5_400.0);
    assert_eq!(sent(&mut client), [resume(0)]);
    receive(&mut client, bound(0, 0), awake + 5_500.0);
    assert_eq!(client.phase(), &Phase::Connected);
}

#[test]
fn so_does_one_that_was_without_a_network_for_as_long() {
    let mut client = lost();
    let mut now = 20_000.0;
    while now < 20_000.0 + 890_000.0 {
        now = fail(&mut client).0;
    }
    let at = client.next_tick().expect("another try");
    assert!(at - now <= 60_000.0, "{}", at - now);
    client.tick(at - 10_000.0);
    client.tick(at);
    let [Action::Connect(transport)] = actions(&mut client)[..] else {
        panic!("a try");
    };
    client.receive(ServerEvent::Opened, at);
    assert_eq!(sent(&mut client), [resume(100)], "{transport:?}");
    receive(&mut client, bound(100, 3), at);
    assert_eq!(client.phase(), &Phase::Connected);
}

#[test]
fn one_try_in_four_takes_another_transport() {
    let mut client = lost();
    let transports: Vec<_> = (0..12).map(|_| fail(&mut client).1).collect();
    let four = |other| [BINARY, BINARY, BINARY, other];
    let others = [TEXT, Transport::XhrStreaming, Transport::EventSource];
    assert_eq!(transports, others.map(four).concat());
}

#[test]
fn a_try_that_hangs_is_given_up() {
    let mut client = lost();
    client.tick(20_300.0);
    actions(&mut client);
    client.tick(30_300.0);
    assert_eq!(actions(&mut client), []);
    client.tick(30_301.0);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    client.tick(30_901.0);
    open(&mut client, BINARY, 31_000.0);
    assert_eq!(sent(&mut client), [resume(100)]);
    client.tick(41_001.0);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    assert_eq!(client.phase(), &Phase::Reconnecting);
}

#[test]
fn the_first_try_that_hears_of_the_end_is_the_last() {
    let mut client = lost();
    client.tick(20_300.0);
    open(&mut client, BINARY, 20_300.0);
    receive(&mut client, exit(EndReason::NoSession), 20_310.0);
    assert!(matches!(client.phase(), Phase::Ended(End::Exit(_))));
    assert_eq!(client.next_tick(), None);
    assert_eq!(actions(&mut client), [Action::Disconnect]);
}

#[test]
fn only_a_connection_that_held_makes_the_pauses_short_again() {
    let mut client = lost();
    fail(&mut client);
    let back = |client: &mut Client| {
        let at = client.next_tick().unwrap();
        client.tick(at);
        open(client, BINARY, at);
        receive(client, bound(100, 3), at);
        sent(client);
        at
    };
    let at = back(&mut client);
    client.connection_closed(at + 9_999.0);
    assert_eq!(client.retry_in(at + 9_999.0), Some(1_200.0));
    actions(&mut client);
    let at = back(&mut client);
    client.connection_closed(at + 10_000.0);
    assert_eq!(client.retry_in(at + 10_000.0), Some(300.0));
}

#[test]
fn silence_is_a_loss() {
    let mut client = connected();
    let mut now = 0.0;
    while client.phase() == &Phase::Connected {
        now += 1_000.0;
        client.tick(now);
        actions(&mut client);
    }
    assert_eq!(now, 21_000.0);
}

#[test]
fn a_network_that_is_back_is_used_at_once() {
    let mut waiting = lost();
    waiting.network_changed(20_010.0);
    open(&mut waiting, BINARY, 20_020.0);

    let mut trying = lost();
    trying.tick(20_300.0);
    assert_eq!(actions(&mut trying), [Action::Connect(BINARY)]);
    trying.network_changed(20_400.0);
    assert_eq!(
        actions(&mut trying),
        [Action::Disconnect, Action::Connect(BINARY)]
    );

    let mut open = connected();
    open.network_changed(20_000.0);
    assert_eq!(open.phase(), &Phase::Reconnecting);
    assert_eq!(
        actions(&mut open),
        [Action::Disconnect, Action::Connect(BINARY)]
    );

    let mut opening = begun();
    opening.network_changed(1.0);
    assert_eq!(actions(&mut opening), [Action::Connect(BINARY)]);
}

#[test]
fn a_page_that_is_looked_at_again_asks_and_tries_at_once() {
    let mut waiting = lost();
    waiting.user_returned(20_010.0);
    assert_eq!(actions(&mut waiting), [Action::Connect(BINARY)]);
    waiting.user_returned(20_020.0);
    assert_eq!(actions(&mut waiting), [], "it is being tried");

    let mut open = connected();
    open.user_returned(4_000.0);
    assert_eq!(sent(&mut open), [], "it was heard of just now");
    open.user_returned(8_000.0);
    assert_eq!(sent(&mut open), [ping("2")]);
    assert_eq!(open.next_tick(), Some(13_001.0));
    open.tick(13_001.0);
    assert_eq!(open.phase(), &Phase::Reconnecting);
}

#[test]
fn a_sleep_gives_new_hope() {
    let mut client = lost();
    client.tick(20_299.0);
    let later = 3.0 * MAX_GRACE as f64 * 1000.0;
    client.tick(later);
    assert_eq!(actions(&mut client), [Action::Connect(BINARY)]);
    client.connection_closed(later + 100.0);
    assert_eq!(client.phase(), &Phase::Reconnecting);
}

#[test]
fn a_page_that_the_browser_takes_away_comes_back() {
    let mut client = connected();
    client.leave();
    let told = Action::Leave("key".to_owned());
    assert_eq!(
        actions(&mut client),
        [
            Action::Send(ClientMessage::Leave),
            told.clone(),
            Action::Disconnect
        ],
        "a browser may not send what a page says last on its connection"
    );
    assert_eq!(client.phase(), &Phase::Away);
    assert!(client.resume_point().is_some());
    client.tick(1_000.0);
    assert_eq!(actions(&mut client), []);
    client.return_to_session(2_000.0);
    open(&mut client, BINARY, 2_000.0);
    assert_eq!(sent(&mut client), [resume(0)]);

    // The end of such a connection would come before what is said on it.
    let by = Transport::XhrPolling;
    let mut polling = Client::start(false, Some(SIZE), by, || 0.5, 0.0);
    polling.minted("id".to_owned(), 0.0);
    open(&mut polling, by, 0.0);
    receive(&mut polling, bound(0, 0), 0.0);
    sent(&mut polling);
    polling.leave();
    assert_eq!(actions(&mut polling), [told.clone(), Action::Disconnect]);
    polling.return_to_session(2_000.0);
    assert_eq!(actions(&mut polling), [Action::Connect(by)]);

    let mut away = lost();
    actions(&mut away);
    away.leave();
    assert_eq!(
        actions(&mut away),
        [told],
        "there may be a way, but no connection"
    );

    let mut starting = begun();
    open(&mut starting, BINARY, 0.0);
    sent(&mut starting);
    starting.leave();
    assert_eq!(
        actions(&mut starting),
        [Action::Send(ClientMessage::Close), Action::Disconnect],
        "without a key there is no way back"
    );
}

#[test]
fn a_reload_goes_on_at_what_was_on_the_screen() {
    let mut before = lost();
    assert!(before.type_in("def".into()));
    before.leave();
    let kept = serde_json::to_string(&before.resume_point()).unwrap();
    let resume_point: Option<ResumePoint> = serde_json::from_str(&kept).unwrap();

    let resume_point = resume_point.expect("a way back");
    let mut after = Client::resume(resume_point, true, Some(SIZE), TEXT, || 0.5, 0.0);
    assert_eq!(after.phase(), &Phase::Reconnecting);
    assert_eq!(after.retry_in(0.0), None);
    open(&mut after, TEXT, 10.0);
    assert_eq!(sent(&mut after), [resume(60)]);
    assert_eq!(
        receive(&mut after, bound(60, 2), 20.0),
        Some(ScreenUpdate::Resumed)
    );
    let smaller = Size { rows: 23, cols: 80 };
    assert_eq!(
        sent(&mut after),
        [
            ClientMessage::Resize(smaller),
            ClientMessage::Ack { offset: 60 },
            ping("1"),
            stdin("cdef"),
        ]
    );
    assert_eq!(after.next_tick(), Some(170.0));
    after.tick(170.0);
    assert_eq!(sent(&mut after), [ClientMessage::Resize(SIZE)]);
    assert_eq!(after.next_tick(), None);
}

#[test]
fn a_paste_under_way_is_not_torn_by_a_reload() {
    let mut client = connected();
    assert!(client.type_in(vec![b'x'; 100_000].into()));
    sent(&mut client);
    let resume_point = client.resume_point().expect("a way back");
    assert_eq!(
        (resume_point.received, resume_point.unreceived.len()),
        (0, 0)
    );
}

#[test]
fn a_session_taken_over_can_be_taken_back() {
    let mut client = connected();
    output(&mut client, 100, 0.0);
    assert!(client.type_in("abc".into()));
    sent(&mut client);
    receive(&mut client, exit(EndReason::TakenOver), 1.0);
    assert!(client.is_taken_over());
    assert_eq!(client.resume_point(), None, "the other window has it");
    assert_eq!(actions(&mut client), [Action::Disconnect]);
    client.return_to_session(5_000.0);
    open(&mut client, BINARY, 5_000.0);
    assert_eq!(sent(&mut client), [resume(100)]);
    receive(&mut client, bound(100, 700), 5_000.0);
    assert_eq!(
        sent(&mut client),
        [ClientMessage::Resize(SIZE), ping("2")],
        "what was typed here is not typed again"
    );

    let mut ended = connected();
    receive(&mut ended, exit(EndReason::Exited), 1.0);
    ended.return_to_session(2.0);
    assert!(matches!(ended.phase(), Phase::Ended(_)));
}
