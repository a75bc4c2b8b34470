//! How the first connection is opened: beside the minting, and by the next transport where one does not open.

use super::*;

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
