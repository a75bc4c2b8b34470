//! Connections that are lost, and how sessions go on.

use podshell_shared::terminal::MAX_GRACE;

use super::*;

/// A connection with some output and input behind it, lost at 20 s; the first try comes 300 ms later.
fn lost() -> Connection {
    let mut connection = connected();
    output(&mut connection, 100, 0.0);
    connection.rendered(60);
    assert!(connection.type_in("abc".into()));
    connection.tick(12_000.0);
    sent(&mut connection);
    connection.line_closed(20_000.0);
    assert_eq!(connection.phase(), &Phase::Reconnecting);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    connection
}

/// Lets the time of the next try come, and that try fail.
fn fail(connection: &mut Connection) -> (f64, Transport) {
    let at = connection.due().expect("a time for the next try");
    // the page does not sleep meanwhile
    for before in (0..=6).rev() {
        connection.tick(at - f64::from(before) * 10_000.0);
    }
    let [Step::Open(transport)] = steps(connection)[..] else {
        panic!("a try");
    };
    connection.line_closed(at);
    assert_eq!(steps(connection), [Step::HangUp]);
    (at, transport)
}

#[test]
fn a_lost_connection_goes_on_where_it_was() {
    let mut connection = lost();
    assert!(connection.type_in("def".into()));
    assert_eq!(connection.retry_in(20_100.0), Some(200.0));
    connection.tick(20_299.0);
    assert_eq!(steps(&mut connection), []);
    connection.tick(20_300.0);
    assert_eq!(connection.retry_in(20_300.0), None);
    open(&mut connection, BINARY, 20_310.0);
    assert_eq!(sent(&mut connection), [resume(100)]);
    let resumed = Some(Shown::Resumed);
    assert_eq!(hear(&mut connection, bound(100, 1), 20_320.0), resumed);
    assert_eq!(connection.phase(), &Phase::Connected);
    assert_eq!(
        sent(&mut connection),
        [
            ClientMessage::Resize(SIZE),
            ClientMessage::Ack { offset: 60 },
            ping("3"),
            stdin("bc"),
            stdin("def"),
        ]
    );
    assert_eq!(output(&mut connection, 5, 20_330.0), 105);
}

#[test]
fn a_character_that_came_in_part_comes_again_by_whatever_transport() {
    for cut in 1..4 {
        let mut connection = connected();
        let first = &"🎉".as_bytes()[..cut];
        assert_eq!(connection.output(cut, first, 0.0), 0);
        connection.line_closed(0.0);
        connection.tick(300.0);
        assert!(steps(&mut connection).contains(&Step::Open(BINARY)));
        connection.hear(Heard::Opened, 300.0);
        assert_eq!(sent(&mut connection), [resume(0)]);
        assert_eq!(
            hear(&mut connection, bound(0, 0), 300.0),
            Some(Shown::Resumed)
        );
        let data = Bytes::from_static("🎉".as_bytes());
        let end = Some(4);
        let drawn = hear(&mut connection, ServerMessage::Stdout { data, end }, 300.0);
        assert!(matches!(drawn, Some(Shown::Draw { end: 4, .. })));
    }
}

#[test]
fn what_is_gone_is_told() {
    let mut ahead = lost();
    ahead.tick(20_300.0);
    open(&mut ahead, BINARY, 20_300.0);
    let (bytes, end) = (400, 500);
    assert_eq!(
        hear(&mut ahead, bound(500, 3), 20_300.0),
        Some(Shown::Missing { bytes, end })
    );
    assert_eq!(output(&mut ahead, 1, 20_300.0), 501);
}

#[test]
fn pauses_grow_and_tries_end() {
    let mut connection = lost();
    let tries: Vec<f64> = std::iter::from_fn(|| {
        (connection.phase() == &Phase::Reconnecting).then(|| fail(&mut connection).0)
    })
    .collect();
    assert_eq!(tries[..3], [20_300.0, 20_900.0, 22_100.0]);
    let last = tries.last().unwrap() - 20_000.0;
    // as long as any server may keep the session, and what it takes to see that it is lost
    let longest = MAX_GRACE as f64 * 1000.0;
    assert!(last > longest && last < longest + 700_000.0, "{last}");
    assert_eq!(connection.phase(), &Phase::Over(End::Dropped));
    let pauses: Vec<f64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| *pause <= 60_000.0));
    assert!(tries.len() < 2_000, "{}", tries.len());
}

#[test]
fn a_browser_that_slept_ten_minutes_comes_back_to_its_shell() {
    const TEN_MINUTES: f64 = 600_000.0;
    let mut connection = connected();
    connection.tick(1_000.0);
    let awake = 1_000.0 + TEN_MINUTES;
    connection.tick(awake);
    // the socket may have outlived that, and has not
    assert_eq!(sent(&mut connection), [ping("2")]);
    connection.tick(awake + 5_001.0);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    connection.tick(awake + 5_301.0);
    open(&mut connection, BINARY, awake + 5_400.0);
    assert_eq!(sent(&mut connection), [resume(0)]);
    hear(&mut connection, bound(0, 0), awake + 5_500.0);
    assert_eq!(connection.phase(), &Phase::Connected);
}

#[test]
fn so_does_one_that_was_without_a_network_for_as_long() {
    let mut connection = lost();
    let mut now = 20_000.0;
    while now < 20_000.0 + 890_000.0 {
        now = fail(&mut connection).0;
    }
    let at = connection.due().expect("another try");
    assert!(at - now <= 60_000.0, "{}", at - now);
    connection.tick(at - 10_000.0);
    connection.tick(at);
    let [Step::Open(transport)] = steps(&mut connection)[..] else {
        panic!("a try");
    };
    connection.hear(Heard::Opened, at);
    assert_eq!(sent(&mut connection), [resume(100)], "{transport:?}");
    hear(&mut connection, bound(100, 3), at);
    assert_eq!(connection.phase(), &Phase::Connected);
}

#[test]
fn one_try_in_four_takes_another_transport() {
    let mut connection = lost();
    let transports: Vec<_> = (0..12).map(|_| fail(&mut connection).1).collect();
    let four = |other| [BINARY, BINARY, BINARY, other];
    let others = [TEXT, Transport::XhrStreaming, Transport::EventSource];
    assert_eq!(transports, others.map(four).concat());
}

#[test]
fn a_try_that_hangs_is_given_up() {
    let mut connection = lost();
    connection.tick(20_300.0);
    steps(&mut connection);
    connection.tick(30_300.0);
    assert_eq!(steps(&mut connection), []);
    connection.tick(30_301.0);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    connection.tick(30_901.0);
    open(&mut connection, BINARY, 31_000.0);
    assert_eq!(sent(&mut connection), [resume(100)]);
    connection.tick(41_001.0);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    assert_eq!(connection.phase(), &Phase::Reconnecting);
}

#[test]
fn the_first_try_that_hears_of_the_end_is_the_last() {
    let mut connection = lost();
    connection.tick(20_300.0);
    open(&mut connection, BINARY, 20_300.0);
    hear(&mut connection, exit(EndReason::NoSession), 20_310.0);
    assert!(matches!(connection.phase(), Phase::Over(End::Exit(_))));
    assert_eq!(connection.due(), None);
    assert_eq!(steps(&mut connection), [Step::HangUp]);
}

#[test]
fn only_a_connection_that_held_makes_the_pauses_short_again() {
    let mut connection = lost();
    fail(&mut connection);
    let back = |connection: &mut Connection| {
        let at = connection.due().unwrap();
        connection.tick(at);
        open(connection, BINARY, at);
        hear(connection, bound(100, 3), at);
        sent(connection);
        at
    };
    let at = back(&mut connection);
    connection.line_closed(at + 9_999.0);
    assert_eq!(connection.retry_in(at + 9_999.0), Some(1_200.0));
    steps(&mut connection);
    let at = back(&mut connection);
    connection.line_closed(at + 10_000.0);
    assert_eq!(connection.retry_in(at + 10_000.0), Some(300.0));
}

#[test]
fn silence_is_a_loss() {
    let mut connection = connected();
    let mut now = 0.0;
    while connection.phase() == &Phase::Connected {
        now += 1_000.0;
        connection.tick(now);
        steps(&mut connection);
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
    assert_eq!(steps(&mut trying), [Step::Open(BINARY)]);
    trying.network_changed(20_400.0);
    assert_eq!(steps(&mut trying), [Step::HangUp, Step::Open(BINARY)]);

    let mut open = connected();
    open.network_changed(20_000.0);
    assert_eq!(open.phase(), &Phase::Reconnecting);
    assert_eq!(steps(&mut open), [Step::HangUp, Step::Open(BINARY)]);

    let mut opening = begun();
    opening.network_changed(1.0);
    assert_eq!(steps(&mut opening), [Step::Open(BINARY)]);
}

#[test]
fn a_page_that_is_looked_at_again_asks_and_tries_at_once() {
    let mut waiting = lost();
    waiting.looked_at(20_010.0);
    assert_eq!(steps(&mut waiting), [Step::Open(BINARY)]);
    waiting.looked_at(20_020.0);
    assert_eq!(steps(&mut waiting), [], "it is being tried");

    let mut open = connected();
    open.looked_at(4_000.0);
    assert_eq!(sent(&mut open), [], "it was heard of just now");
    open.looked_at(8_000.0);
    assert_eq!(sent(&mut open), [ping("2")]);
    assert_eq!(open.due(), Some(13_001.0));
    open.tick(13_001.0);
    assert_eq!(open.phase(), &Phase::Reconnecting);
}

#[test]
fn a_sleep_gives_new_hope() {
    let mut connection = lost();
    connection.tick(20_299.0);
    let later = 3.0 * MAX_GRACE as f64 * 1000.0;
    connection.tick(later);
    assert_eq!(steps(&mut connection), [Step::Open(BINARY)]);
    connection.line_closed(later + 100.0);
    assert_eq!(connection.phase(), &Phase::Reconnecting);
}

#[test]
fn a_page_that_the_browser_takes_away_comes_back() {
    let mut connection = connected();
    connection.leave();
    assert_eq!(
        steps(&mut connection),
        [Step::Send(ClientMessage::Leave), Step::HangUp]
    );
    assert_eq!(connection.phase(), &Phase::Away);
    assert!(connection.bookmark().is_some());
    connection.tick(1_000.0);
    assert_eq!(steps(&mut connection), []);
    connection.come_back(2_000.0);
    open(&mut connection, BINARY, 2_000.0);
    assert_eq!(sent(&mut connection), [resume(0)]);

    // the end of such a connection would come before what is said on it
    let by = Transport::XhrPolling;
    let mut polling = Connection::begin(false, Some(SIZE), by, || 0.5, 0.0);
    polling.minted("id".to_owned(), 0.0);
    open(&mut polling, by, 0.0);
    hear(&mut polling, bound(0, 0), 0.0);
    sent(&mut polling);
    polling.leave();
    let told = Step::Leave("key".to_owned());
    assert_eq!(steps(&mut polling), [told.clone(), Step::HangUp]);
    polling.come_back(2_000.0);
    assert_eq!(steps(&mut polling), [Step::Open(by)]);

    let mut away = lost();
    steps(&mut away);
    away.leave();
    assert_eq!(
        steps(&mut away),
        [told],
        "there may be a way, but no connection"
    );

    let mut starting = begun();
    open(&mut starting, BINARY, 0.0);
    sent(&mut starting);
    starting.leave();
    assert_eq!(
        steps(&mut starting),
        [Step::Send(ClientMessage::Close), Step::HangUp],
        "without a key there is no way back"
    );
}

#[test]
fn a_reload_goes_on_at_what_was_on_the_screen() {
    let mut before = lost();
    assert!(before.type_in("def".into()));
    before.leave();
    let kept = serde_json::to_string(&before.bookmark()).unwrap();
    let bookmark: Option<Bookmark> = serde_json::from_str(&kept).unwrap();

    let bookmark = bookmark.expect("a way back");
    let mut after = Connection::resume(bookmark, true, Some(SIZE), TEXT, || 0.5, 0.0);
    assert_eq!(after.phase(), &Phase::Reconnecting);
    assert_eq!(after.retry_in(0.0), None);
    open(&mut after, TEXT, 10.0);
    assert_eq!(sent(&mut after), [resume(60)]);
    assert_eq!(hear(&mut after, bound(60, 2), 20.0), Some(Shown::Resumed));
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
    assert_eq!(after.due(), Some(170.0));
    after.tick(170.0);
    assert_eq!(sent(&mut after), [ClientMessage::Resize(SIZE)]);
    assert_eq!(after.due(), None);
}

#[test]
fn a_paste_under_way_is_not_torn_by_a_reload() {
    let mut connection = connected();
    assert!(connection.type_in(vec![b'x'; 100_000].into()));
    sent(&mut connection);
    let bookmark = connection.bookmark().expect("a way back");
    assert_eq!((bookmark.arrived, bookmark.rest.len()), (0, 0));
}

#[test]
fn a_session_taken_over_can_be_taken_back() {
    let mut connection = connected();
    output(&mut connection, 100, 0.0);
    assert!(connection.type_in("abc".into()));
    sent(&mut connection);
    hear(&mut connection, exit(EndReason::TakenOver), 1.0);
    assert!(connection.is_taken_over());
    assert_eq!(connection.bookmark(), None, "the other window has it");
    assert_eq!(steps(&mut connection), [Step::HangUp]);
    connection.come_back(5_000.0);
    open(&mut connection, BINARY, 5_000.0);
    assert_eq!(sent(&mut connection), [resume(100)]);
    hear(&mut connection, bound(100, 700), 5_000.0);
    assert_eq!(
        sent(&mut connection),
        [ClientMessage::Resize(SIZE), ping("2")],
        "what was typed here is not typed again"
    );

    let mut ended = connected();
    hear(&mut ended, exit(EndReason::Exited), 1.0);
    ended.come_back(2.0);
    assert!(matches!(ended.phase(), Phase::Over(_)));
}
