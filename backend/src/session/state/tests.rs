//! The state of a session, event by event.

use podshell_shared::terminal::OUTPUT_WINDOW;

use super::{input::PLAIN_INPUT, output::KEPT, *};
use crate::session::{Output, flow::flood::FLOOD};

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> Limits {
    Limits {
        sessions: 1,
        per_caller: 1,
        grace: SECOND,
        leave_grace: SECOND,
        idle: None,
        lifetime: None,
        drain: SECOND,
        legacy_interrupt: true,
    }
}

fn pool() -> Pool {
    Pool::new(16 << 20)
}

/// A session whose shell has started and whose client was told.
pub(super) fn started(extended: bool) -> SessionState {
    let now = Instant::now();
    let mut state = SessionState::new(extended, &limits(), pool(), now);
    state.started("key".to_owned(), now);
    assert!(matches!(
        state.next_for_client(Instant::now()),
        Some(ToClient::Message(ServerMessage::Bound {
            offset: 0,
            input: 0,
            ..
        }))
    ));
    state
}

pub(super) fn output(data: &[u8]) -> ProcessEvent {
    ProcessEvent::Output(Output::copy_of(data))
}

pub(super) fn stdin(data: &[u8]) -> ClientMessage {
    ClientMessage::Stdin {
        data: Bytes::copy_from_slice(data),
    }
}

/// All output that goes to the client now.
fn sent(state: &mut SessionState) -> Vec<u8> {
    let mut sent = Vec::new();
    while let Some(next) = state.next_for_client(Instant::now()) {
        if let ToClient::Output(output, _) = next {
            sent.extend_from_slice(output.data());
        }
    }
    sent
}

#[test]
fn the_window_closes_and_opens() {
    let now = Instant::now();
    let mut state = started(true);
    let chunk = vec![b'x'; 32 << 10];
    for _ in 0..4 {
        assert!(state.wants_process(now));
        state.process(output(&chunk), now);
        assert!(
            !state.wants_process(now),
            "before it is sent, no more is read"
        );
        assert_eq!(sent(&mut state).len(), chunk.len());
    }
    assert!(!state.wants_process(now), "128 KiB are under way");
    state.client(ClientMessage::Ack { offset: 1 }, now).unwrap();
    assert!(state.wants_process(now));
    // Whatever the client says it has, it can't have more than was sent.
    state
        .client(ClientMessage::Ack { offset: u64::MAX }, now)
        .unwrap();
    assert_eq!(state.output.buffer.in_flight(), 0);
}

/// What waited for a client that comes back is as much as what comes from the shell.
#[test]
fn the_window_grows_for_what_is_sent_again() {
    const ROUND_TRIP: Duration = Duration::from_millis(300);
    let mut state = started(true);
    for _ in 0..400 {
        state.output.buffer.push(Output::copy_of(&[b'x'; 10_000]));
    }
    let mut now = Instant::now();
    state.attach("key".to_owned(), 0, now);
    let mut round_trips = 0;
    while !state.output.buffer.is_sent() {
        while state.next_for_client(now).is_some() {}
        let sent = state.output.buffer.sent();
        now += ROUND_TRIP;
        round_trips += 1;
        // Piece by piece, as it is drawn.
        for offset in (state.output.buffer.acked()..=sent)
            .step_by(10_000)
            .chain([sent])
        {
            state.client(ClientMessage::Ack { offset }, now).unwrap();
        }
    }
    assert!(round_trips <= 6, "{round_trips}");
}

#[test]
fn a_client_without_acknowledgements_has_no_window() {
    let now = Instant::now();
    let mut state = started(false);
    for _ in 0..100 {
        assert!(state.wants_process(now));
        state.process(output(&[b'x'; 32 << 10]), now);
        sent(&mut state);
    }
    assert_eq!(state.output.buffer.len(), 0);
    assert!(!state.is_resumable());
}

#[test]
fn input_goes_in_order_and_the_size_before_it() {
    let now = Instant::now();
    let mut state = started(true);
    let size = Size { rows: 24, cols: 80 };
    state.client(stdin(b"a"), now).unwrap();
    state.client(ClientMessage::Interrupt, now).unwrap();
    state.client(stdin(b"b"), now).unwrap();
    state
        .client(ClientMessage::Resize(Size::default()), now)
        .unwrap();
    state.client(ClientMessage::Resize(size), now).unwrap();
    state.client(ClientMessage::Resize(size), now).unwrap();
    let mut got = Vec::new();
    while state.has_for_process() {
        got.extend(state.next_for_process(now));
    }
    let stdin = |data: &'static [u8]| ToProcess::Stdin(Bytes::from_static(data));
    assert_eq!(
        got,
        [
            ToProcess::Resize(size),
            // What has to wait goes in one piece.
            stdin(b"a\x03b"),
        ]
    );
}

#[test]
fn input_is_told_as_taken_and_bounded() {
    let now = Instant::now();
    let mut state = started(true);
    state.client(stdin(&[b'x'; 16 << 10]), now).unwrap();
    assert!(!state.has_for_client());
    state.next_for_process(now);
    assert_eq!(
        state.next_for_client(Instant::now()),
        Some(ToClient::Message(ServerMessage::Taken { offset: 16 << 10 }))
    );
    let refused = (0..17).find_map(|_| state.client(stdin(&[b'x'; 16 << 10]), now).err());
    assert_eq!(refused.map(|exit| exit.reason), Some(EndReason::Protocol));

    let mut state = started(false);
    while state.wants_client() {
        state.client(stdin(&[b'x'; 1 << 10]), now).unwrap();
    }
    assert_eq!(state.input.queue.len(), PLAIN_INPUT);
}

/// What a client sees now: output, and how much was skipped.
fn seen(state: &mut SessionState) -> (Vec<u8>, u64) {
    let (mut output, mut skipped) = (Vec::new(), 0);
    while let Some(next) = state.next_for_client(Instant::now()) {
        match next {
            ToClient::Output(piece, _) => output.extend_from_slice(piece.data()),
            ToClient::Message(ServerMessage::Skipped { from, to }) => skipped += to - from,
            ToClient::Message(_) => {}
        }
    }
    (output, skipped)
}

/// A session in whose shell a flood was interrupted, and what of it has been seen.
fn interrupted(now: Instant) -> (SessionState, u64) {
    let mut state = started(true);
    state.process(output(&b"y\r\n".repeat(40_000)), now);
    let sent = sent(&mut state).len();
    state.client(ClientMessage::Interrupt, now).unwrap();
    state.process(output(&b"y\r\n".repeat(10_000)), now);
    (state, sent as u64)
}

#[test]
fn a_flood_that_only_stalls_is_dropped_to_its_end() {
    let mut now = Instant::now();
    let (mut state, mut came) = interrupted(now);
    came += 30_000;
    let mut drawn = 0;
    for _ in 0..10 {
        // A stall.
        now = state.deadline();
        state.tick(now).unwrap();
        for _ in 0..100 {
            let (output, _) = seen(&mut state);
            drawn += output.len() as u64;
            let offset = state.output.buffer.sent();
            state.client(ClientMessage::Ack { offset }, now).unwrap();
            assert!(state.wants_process(now));
            state.process(self::output(&b"y\r\n".repeat(5_000)), now);
            came += 15_000;
        }
    }
    state.process(output(b"^C\r\n$ "), now);
    state.tick(state.deadline()).unwrap();
    let (end, _) = seen(&mut state);
    assert!(end.ends_with(b"^C\r\n$ "));
    assert!(came > 15_000_000);
    assert!(drawn < 11 * (FLOOD + 32_000), "{drawn} bytes were drawn");
}

#[test]
fn what_is_asked_for_after_a_flood_is_shown_whole() {
    let now = Instant::now();
    let (mut state, _) = interrupted(now);
    let later = state.deadline();
    state.tick(later).unwrap();
    seen(&mut state);
    state.client(stdin(b"seq 1 100000\r"), later).unwrap();
    for _ in 0..100 {
        let offset = state.output.buffer.sent();
        state.client(ClientMessage::Ack { offset }, later).unwrap();
        state.process(output(&[b'1'; 32_000]), later);
        let (output, skipped) = seen(&mut state);
        assert_eq!((output.len(), skipped), (32_000, 0));
    }
}

#[test]
fn without_a_flood_an_interrupt_drops_nothing() {
    let start = Instant::now();
    let mut state = started(true);
    state.process(output(&[b'.'; 2_000_000]), start);
    while !state.output.buffer.is_sent() {
        sent(&mut state);
        let offset = state.output.buffer.sent();
        state.client(ClientMessage::Ack { offset }, start).unwrap();
    }
    // All of it is long on the screen.
    let now = start + SECOND;
    state.client(ClientMessage::Interrupt, now).unwrap();
    let report = b"Traceback\r\n".repeat(10_000);
    state.process(output(&report), now);
    let (output, skipped) = seen(&mut state);
    assert_eq!((output.len(), skipped), (report.len(), 0));
}

#[test]
fn an_interrupt_drops_what_waits() {
    let now = Instant::now();
    let mut state = started(true);
    state.process(output(&b"y\r\n".repeat(40_000)), now);
    state.client(ClientMessage::Interrupt, now).unwrap();
    for _ in 0..100 {
        assert!(state.wants_process(now));
        state.process(output(&b"y\r\n".repeat(10_000)), now);
    }
    state.process(output(b"^C\r\n$ "), now);
    assert_eq!(
        state.next_for_client(Instant::now()),
        None,
        "not before it pauses"
    );
    let later = state.deadline();
    state.tick(later).unwrap();
    let Some(ToClient::Message(ServerMessage::Skipped { from: 0, to })) =
        state.next_for_client(Instant::now())
    else {
        panic!("nothing was skipped");
    };
    let shown = sent(&mut state);
    assert!(shown.ends_with(b"^C\r\n$ "));
    assert_eq!(to + shown.len() as u64, 120_000 + 3_000_000 + 6);
}

/// A session of Dashboard's client, under a flood that follows this output; and whether a Ctrl-C that it types ends it
/// at once.
fn dashboards_ctrl_c(legacy_interrupt: bool, first: &[u8], typed: &[u8]) -> (SessionState, bool) {
    let now = Instant::now();
    let limits = Limits {
        legacy_interrupt,
        ..limits()
    };
    let mut state = SessionState::new(false, &limits, pool(), now);
    state.started("key".to_owned(), now);
    state.process(output(first), now);
    sent(&mut state);
    state.process(output(&b"y\r\n".repeat(40_000)), now);
    state.client(stdin(typed), now).unwrap();
    assert_eq!(
        state.next_for_process(now),
        Some(ToProcess::Stdin(Bytes::copy_from_slice(typed)))
    );
    state.process(output(b"^C\r\n$ "), now);
    state.tick(now + SECOND).unwrap();
    let shown = sent(&mut state);
    assert!(shown.ends_with(b"y\r\n^C\r\n$ "), "{}", shown.len());
    (state, shown.len() < 1000)
}

#[test]
fn a_lone_ctrl_c_is_all_that_dashboards_clients_can_say_of_an_interrupt() {
    assert!(dashboards_ctrl_c(true, b"$ yes\r\n", b"\x03").1);
    assert!(dashboards_ctrl_c(true, b"\x1b[?1049h\x1b[?1049l$ ", b"\x03").1);
    // Turned off, on the alternate screen, not alone.
    assert!(!dashboards_ctrl_c(false, b"$ yes\r\n", b"\x03").1);
    assert!(!dashboards_ctrl_c(true, b"\x1b[?1049h~\r\n", b"\x03").1);
    assert!(!dashboards_ctrl_c(true, b"$ yes\r\n", b"\x03\x03").1);
    assert!(!dashboards_ctrl_c(true, b"$ yes\r\n", b"x").1);
}

#[test]
fn behind_a_gap_a_screen_that_is_told_nothing_is_fit_for_the_prompt() {
    let (mut state, _) = dashboards_ctrl_c(true, b"", b"\x03");
    let now = Instant::now() + SECOND * 2;
    state.process(output(&b"\x1b]0;y\x07".repeat(20_000)), now);
    // Its last sequence has no end.
    state.process(output(b"\x1b]0;never"), now);
    sent(&mut state);
    state.process(output(&b"y\r\n".repeat(40_000)), now);
    state.client(stdin(b"\x03"), now).unwrap();
    state.tick(now + SECOND).unwrap();
    assert!(sent(&mut state).starts_with(b"\x1b[m\r\ny\r\n"));
}

#[test]
fn what_was_skipped_is_told_to_who_resumes() {
    let now = Instant::now();
    let mut state = started(true);
    state.process(output(&b"0123456789".repeat(7_000)), now);
    sent(&mut state);
    state.client(ClientMessage::Interrupt, now).unwrap();
    state.process(output(&b"y\r\n".repeat(10_000)), now);
    state.tick(state.deadline()).unwrap();
    let first = state.next_for_client(Instant::now());
    assert!(matches!(
        first,
        Some(ToClient::Message(ServerMessage::Skipped {
            from: 70_000,
            ..
        }))
    ));
    state.detach();
    state.attach("key".to_owned(), 69_995, now);
    let Some(ToClient::Message(ServerMessage::Bound {
        offset: 69_995,
        input: 1,
        ..
    })) = state.next_for_client(Instant::now())
    else {
        panic!("not bound at 69,995");
    };
    assert!(
        matches!(state.next_for_client(Instant::now()), Some(ToClient::Output(output, 70_000)) if output.data() == b"56789")
    );
    assert_eq!(state.next_for_client(Instant::now()), first);
}

#[test]
fn gaps_that_are_not_acknowledged_are_bounded() {
    let mut now = Instant::now();
    let mut state = started(true);
    state.process(output(&b"y\r\n".repeat(40_000)), now);
    sent(&mut state);
    let mut gaps = 0;
    for _ in 0..5_000 {
        state.client(ClientMessage::Interrupt, now).unwrap();
        // A line too long to be shown: nothing but a gap is left of it.
        state.process(output(&[&[b'x'; 5_000][..], b"\n"].concat()), now);
        now += SECOND / 10;
        state.tick(now).unwrap();
        while let Some(next) = state.next_for_client(Instant::now()) {
            gaps += usize::from(matches!(
                next,
                ToClient::Message(ServerMessage::Skipped { .. })
            ));
        }
        while state.next_for_process(now).is_some() {}
    }
    assert!(gaps < 1_000, "{gaps} gaps wait to be acknowledged");
    // Once they are, the rest comes, in one.
    let offset = state.output.buffer.sent();
    state.client(ClientMessage::Ack { offset }, now).unwrap();
    let (output, skipped) = seen(&mut state);
    assert_eq!((output.len(), skipped % 5_001), (0, 0));
    assert!(skipped > 4_000 * 5_001, "{skipped}");
}

#[test]
fn while_the_client_is_away_output_waits_bounded() {
    let now = Instant::now();
    let mut state = started(true);
    state
        .client(ClientMessage::Ping { token: "x".into() }, now)
        .unwrap();
    state.detach();
    assert!(!state.has_for_client());
    let mut all = Vec::new();
    while state.wants_process(now) {
        let data: Vec<u8> = (0..1000).map(|at| (all.len() + at) as u8).collect();
        state.process(output(&data), now);
        all.extend(data);
    }
    assert!((KEPT..KEPT + 1000).contains(&(all.len() as u64)));
    state.process(ProcessEvent::Ended(ProcessEnd::Exited(0)), now);
    assert_eq!(state.end(), None, "nobody is there to be told");
    state.attach("key".to_owned(), 0, now);
    let mut got = Vec::new();
    while got.len() < all.len() {
        assert_eq!(state.end(), None, "not before all of the output");
        got.extend(sent(&mut state));
        let offset = got.len() as u64;
        state.client(ClientMessage::Ack { offset }, now).unwrap();
    }
    assert_eq!(got, all);
    assert_eq!(state.end(), Some(&ProcessEnd::Exited(0)));
}

#[test]
fn a_dead_connection_to_the_shell_is_noticed() {
    let start = Instant::now();
    let mut state = started(true);
    assert!(state.wants_process(start));
    let ping = state.deadline();
    state.tick(ping).unwrap();
    assert_eq!(state.next_for_process(ping), Some(ToProcess::Ping));
    // It answers.
    state.process(ProcessEvent::Alive, ping);
    assert!(state.deadline() > ping + PONG_WITHIN);
    let ping = state.deadline();
    state.tick(ping).unwrap();
    assert_eq!(state.next_for_process(ping), Some(ToProcess::Ping));
    // It does not.
    state.tick(ping + PONG_WITHIN).unwrap();
    assert!(matches!(state.end(), Some(ProcessEnd::Lost(_))));
}

#[test]
fn silence_while_nobody_listens_means_nothing() {
    let start = Instant::now();
    let mut state = started(true);
    let data = vec![b'x'; usize::try_from(OUTPUT_WINDOW).unwrap()];
    state.process(output(&data), start);
    sent(&mut state);
    assert!(!state.wants_process(start));
    let ping = state.deadline();
    state.tick(ping).unwrap();
    assert_eq!(state.next_for_process(ping), Some(ToProcess::Ping));
    let later = ping + PONG_WITHIN * 3;
    state.tick(later).unwrap();
    assert_eq!(state.end(), None);
    state
        .client(ClientMessage::Ack { offset: 1 }, later)
        .unwrap();
    assert!(state.wants_process(later));
    state.tick(later + PONG_WITHIN / 2).unwrap();
    assert_eq!(state.end(), None);
}

#[test]
fn idle_sessions_are_warned_and_end() {
    let start = Instant::now();
    let idle = Some(SECOND * 600);
    let mut state = SessionState::new(true, &Limits { idle, ..limits() }, pool(), start);
    state.tick(start + SECOND * 530).unwrap();
    assert!(state.notices.is_empty());
    state.client(stdin(b"x"), start + SECOND * 530).unwrap();
    state.tick(start + SECOND * 1080).unwrap();
    assert_eq!(state.notices, [Notice::IdleSoon { seconds: 50 }]);
    state.tick(start + SECOND * 1090).unwrap();
    assert_eq!(state.notices.len(), 1, "warned once");
    // A warning that nobody has heard is not said when it is true no more; another remark is.
    state.notify(Notice::MainProcess);
    state.client(stdin(b"x"), start + SECOND * 1100).unwrap();
    assert_eq!(state.notices, [Notice::MainProcess]);
    state.tick(start + SECOND * 1640).unwrap();
    assert_eq!(state.notices.len(), 2, "warned again");
    let exit = state.tick(start + SECOND * 1700).unwrap_err();
    assert_eq!(
        (exit.reason, exit.message.contains("10m")),
        (EndReason::Idle, true)
    );
}

#[test]
fn old_sessions_end_whatever_is_typed() {
    let start = Instant::now();
    let lifetime = Some(SECOND * 3600);
    let mut state = SessionState::new(
        true,
        &Limits {
            lifetime,
            ..limits()
        },
        pool(),
        start,
    );
    state.client(stdin(b"x"), start + SECOND * 3599).unwrap();
    state.tick(start + SECOND * 3599).unwrap();
    assert_eq!(state.notices, [Notice::LifetimeSoon { seconds: 1 }]);
    let exit = state.tick(start + SECOND * 3600).unwrap_err();
    assert_eq!(exit.reason, EndReason::Lifetime);
}

#[test]
fn of_the_remarks_that_wait_for_a_client_the_latest_of_each_kind_is_told() {
    let now = Instant::now();
    let mut state = started(true);
    let notice = |seconds| Notice::LifetimeSoon { seconds };
    for seconds in 0..100 {
        state.notify(notice(seconds));
        state.notify(Notice::IdleSoon { seconds });
    }
    let mut heard = Vec::new();
    while let Some(ToClient::Message(ServerMessage::Notice(notice))) =
        state.next_for_client(Instant::now())
    {
        heard.push(notice);
    }
    assert_eq!(heard, [notice(99), Notice::IdleSoon { seconds: 99 }]);
    assert!(!state.has_for_client() && !state.has_for_process());
    state.tick(now).unwrap();
}
