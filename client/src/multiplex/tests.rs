//! The multiplex against a server that is no more than its rules.

use std::collections::BTreeMap;

use podshell_shared::{
    terminal::{EndReason, Exit},
    text::{decode_client, encode_server},
};
use proptest::prelude::*;
use sockjs::frame::{decode_batch, encode_messages};

use super::*;

fn stdin(data: impl Into<String>) -> ClientMessage {
    ClientMessage::Stdin {
        data: data.into().into(),
    }
}

/// An open session.
fn opened() -> Multiplex {
    let mut multiplex = Multiplex::new(Transport::XhrStreaming);
    multiplex.receive("o\n");
    multiplex
}

/// Channels on it whose owners have seen that they are open.
fn channels<const COUNT: usize>(multiplex: &mut Multiplex) -> [u32; COUNT] {
    std::array::from_fn(|_| {
        let number = multiplex.open("query");
        let event = ChannelEvent::Server(ServerEvent::Opened);
        assert_eq!(multiplex.next_event(), Some((number, event)));
        number
    })
}

/// The server's texts, as it sends them.
fn frame(texts: &[String]) -> String {
    let mut frame = String::new();
    encode_messages(&mut frame, texts);
    frame.push('\n');
    frame
}

fn said(number: u32, message: &ServerMessage) -> String {
    put(number, &encode_server(message, true).unwrap())
}

fn exit() -> Exit {
    Exit::new(EndReason::Exited, "Gone.")
}

/// What a request sends: the channels, and what is typed there; [`None`] where one is left.
fn typed(batch: Option<String>) -> Vec<(u32, Option<String>)> {
    let texts = decode_batch(&batch.expect("a request")).unwrap();
    let read = |text: String| {
        let (number, text) = split(&text).expect("a channel");
        if text.is_empty() {
            return (number, None);
        }
        match decode_client(text) {
            Ok(ClientMessage::Stdin { data }) => {
                (number, Some(String::from_utf8(data.into()).unwrap()))
            }
            other => panic!("{other:?}"),
        }
    };
    texts.into_iter().map(read).collect()
}

fn events(multiplex: &mut Multiplex) -> Vec<(u32, ChannelEvent)> {
    std::iter::from_fn(|| multiplex.next_event()).collect()
}

#[test]
fn each_channel_is_a_connection_of_its_own() {
    let mut multiplex = Multiplex::new(Transport::XhrPolling);
    let (one, two) = (multiplex.open("a"), multiplex.open("b"));
    assert_eq!(multiplex.query(), "a");
    assert_eq!(multiplex.next_event(), None);
    multiplex.receive("o\n");
    let opened = |number| (number, ChannelEvent::Server(ServerEvent::Opened));
    assert_eq!(events(&mut multiplex), [opened(one), opened(two)]);
    multiplex.say(one, &stdin("1"), 0.0);
    multiplex.say(two, &stdin("2"), 0.0);
    let sent = typed(multiplex.next_batch(0.0));
    assert_eq!(sent, [(one, Some("1".into())), (two, Some("2".into()))]);
    let pong = |token: &str| ServerMessage::Pong {
        token: token.to_owned(),
    };
    let texts = [
        said(two, &pong("x")),
        said(one, &pong("y")),
        said(9, &pong("z")),
    ];
    multiplex.receive(&frame(&texts));
    let heard = |number, token| {
        let event = ServerEvent::Message(pong(token));
        (number, ChannelEvent::Server(event))
    };
    assert_eq!(events(&mut multiplex), [heard(two, "x"), heard(one, "y")]);
    assert_eq!(multiplex.received(true), Then::Receive);
}

#[test]
fn one_request_at_a_time_sends_for_all() {
    let mut multiplex = opened();
    let [one, two] = channels(&mut multiplex);
    multiplex.say(one, &stdin("a"), 0.0);
    assert_eq!(typed(multiplex.next_batch(0.0)).len(), 1);
    multiplex.say(two, &stdin("b"), 0.0);
    multiplex.say(one, &stdin("c"), 0.0);
    assert_eq!(multiplex.next_batch(0.0), None, "one is under way");
    multiplex.sent(true);
    let sent = typed(multiplex.next_batch(0.0));
    assert_eq!(sent, [(two, Some("b".into())), (one, Some("c".into()))]);
}

/// What a request brings: the channels, and the offset that is acknowledged there; [`None`] for anything else.
fn acks(batch: Option<String>) -> Vec<(u32, Option<u64>)> {
    let texts = decode_batch(&batch.expect("a request")).unwrap();
    let read = |text: &String| {
        let (number, text) = split(text).expect("a channel");
        match decode_client(text) {
            Ok(ClientMessage::Ack { offset }) => (number, Some(offset)),
            _ => (number, None),
        }
    };
    texts.iter().map(read).collect()
}

#[test]
fn acknowledgements_wait_for_something_that_they_can_go_with() {
    let mut multiplex = opened();
    let [one, two] = channels(&mut multiplex);
    let ack = |offset| ClientMessage::Ack { offset };
    assert_eq!(multiplex.ack_deadline(), None);
    multiplex.say(one, &ack(10), 5.0);
    multiplex.say(two, &ack(7), 6.0);
    multiplex.say(one, &ack(20), 7.0);
    assert_eq!(multiplex.ack_deadline(), Some(105.0));
    assert_eq!(
        multiplex.next_batch(104.0),
        None,
        "alone they are not worth it"
    );
    multiplex.say(two, &stdin("a"), 50.0);
    let sent = acks(multiplex.next_batch(50.0));
    assert_eq!(sent, [(one, Some(20)), (two, Some(7)), (two, None)]);
    assert_eq!(multiplex.ack_deadline(), None);
    // While a request is under way, nothing can go.
    multiplex.say(one, &ack(30), 60.0);
    assert_eq!(multiplex.ack_deadline(), None);
    multiplex.sent(true);
    assert_eq!(multiplex.ack_deadline(), Some(160.0));
    assert_eq!(acks(multiplex.next_batch(160.0)), [(one, Some(30))]);
    multiplex.sent(true);
    assert_eq!(multiplex.next_batch(1_000.0), None, "there are none");
}

#[test]
fn much_that_is_acknowledged_is_told_at_once() {
    let mut multiplex = opened();
    let [one, two] = channels(&mut multiplex);
    let ack = |offset| ClientMessage::Ack { offset };
    multiplex.say(one, &ack(TELL_EVERY - 1), 0.0);
    assert_eq!(multiplex.next_batch(0.0), None);
    multiplex.say(two, &ack(1), 0.0);
    multiplex.say(one, &ack(TELL_EVERY), 0.0);
    let all = [(one, Some(TELL_EVERY)), (two, Some(1))];
    assert_eq!(acks(multiplex.next_batch(0.0)), all);
    multiplex.say(one, &ack(2 * TELL_EVERY), 0.0);
    assert_eq!(multiplex.next_batch(0.0), None, "one is under way");
    multiplex.sent(true);
    let more = acks(multiplex.next_batch(0.0));
    assert_eq!(more, [(one, Some(2 * TELL_EVERY))]);
}

#[test]
fn what_is_drawn_after_a_key_is_acknowledged_after_it() {
    let mut multiplex = opened();
    let [one] = channels(&mut multiplex);
    let ack = |offset| ClientMessage::Ack { offset };
    multiplex.say(one, &ack(1), 0.0);
    multiplex.say(one, &ClientMessage::Interrupt, 0.0);
    multiplex.say(one, &ack(100_000), 0.0);
    let sent = acks(multiplex.next_batch(0.0));
    assert_eq!(sent, [(one, Some(1)), (one, None), (one, Some(100_000))]);
}

#[test]
fn who_has_left_acknowledges_nothing() {
    let mut multiplex = opened();
    let [one, two] = channels(&mut multiplex);
    multiplex.say(one, &stdin("a"), 0.0);
    multiplex.say(one, &ClientMessage::Ack { offset: 5 }, 0.0);
    multiplex.leave(one);
    assert_eq!(acks(multiplex.next_batch(0.0)), [(one, None), (one, None)]);
    multiplex.sent(true);
    multiplex.say(two, &ClientMessage::Ack { offset: 6 }, 0.0);
    multiplex.leave(two);
    assert_eq!(acks(multiplex.next_batch(100.0)), [(two, None)]);
    multiplex.sent(true);
    assert_eq!(multiplex.next_batch(200.0), None);
    assert_eq!(multiplex.ack_deadline(), None);
}

#[test]
fn a_key_waits_for_nobodys_paste() {
    let mut multiplex = opened();
    let [pasting, other, typing] = channels(&mut multiplex);
    let long = "x".repeat(16 << 10);
    for _ in 0..8 {
        multiplex.say(pasting, &stdin(long.clone()), 0.0);
        multiplex.say(other, &stdin(long.clone()), 0.0);
    }
    let _ = multiplex.next_batch(0.0);
    multiplex.say(typing, &stdin("k"), 0.0);
    multiplex.sent(true);
    let batch = typed(multiplex.next_batch(0.0));
    assert_eq!(batch[0], (typing, Some("k".into())));
    // Those who paste have their turns.
    let pasted: Vec<u32> = batch[1..].iter().map(|(number, _)| *number).collect();
    assert!(
        pasted.contains(&pasting) && pasted.contains(&other),
        "{pasted:?}"
    );
}

#[test]
fn what_is_said_last_is_sent_and_then_all_is_done() {
    let mut multiplex = opened();
    let [one, two] = channels(&mut multiplex);
    multiplex.say(one, &stdin("a"), 0.0);
    multiplex.leave(two);
    multiplex.leave(one);
    assert!(!multiplex.is_done());
    assert_eq!(
        typed(multiplex.next_batch(0.0)),
        [(one, Some("a".into())), (one, None)]
    );
    assert!(!multiplex.is_done(), "it may not have arrived");
    multiplex.sent(true);
    assert!(multiplex.is_done());
    assert!(!multiplex.has_room());
    assert_eq!(multiplex.received(false), Then::Stop);
}

#[test]
fn whoever_has_no_answer_takes_no_other_channel_here() {
    // Nothing was asked; the user or the server ends it.
    for ends in 0..4 {
        let mut multiplex = opened();
        let [one, two] = channels(&mut multiplex);
        match ends {
            0 => {}
            1 => multiplex.say(one, &ClientMessage::Close, 0.0),
            2 => {
                multiplex.say(one, &stdin("a"), 0.0);
                multiplex.receive(&frame(&[said(one, &ServerMessage::Exit(exit()))]));
            }
            _ => {
                multiplex.say(one, &stdin("a"), 0.0);
                multiplex.receive(&frame(&[put(one, r#"c[1,"Gone."]"#)]));
            }
        }
        multiplex.leave(one);
        assert!(multiplex.has_room(), "{ends}");
        multiplex.say(two, &stdin("a"), 0.0);
        multiplex.leave(two);
        assert!(!multiplex.has_room());
    }
    let mut unopened = Multiplex::new(Transport::EventSource);
    let one = unopened.open("a");
    let two = unopened.open("b");
    unopened.leave(one);
    assert!(!unopened.has_room());
    // Who is here goes on.
    unopened.receive_event("o");
    let event = ChannelEvent::Server(ServerEvent::Opened);
    assert_eq!(events(&mut unopened), [(two, event)]);
}

#[test]
fn a_channel_that_the_server_has_ended_is_left_without_a_word() {
    let mut multiplex = opened();
    let [one] = channels(&mut multiplex);
    multiplex.say(one, &stdin("a"), 0.0);
    assert_eq!(typed(multiplex.next_batch(0.0)).len(), 1);
    multiplex.sent(true);
    multiplex.receive(&frame(&[put(one, r#"c[2,"why"]"#)]));
    let (code, reason) = (2, "why".to_owned());
    let closed = ChannelEvent::Server(ServerEvent::Closed { code, reason });
    assert_eq!(events(&mut multiplex), [(one, closed)]);
    multiplex.leave(one);
    assert_eq!(multiplex.next_batch(0.0), None);
    assert!(multiplex.is_done());
}

#[test]
fn the_loss_of_the_session_is_that_of_all_its_channels() {
    for sends in [false, true] {
        let mut multiplex = opened();
        let [one, two, left] = channels(&mut multiplex);
        multiplex.say(left, &stdin("a"), 0.0);
        multiplex.leave(left);
        if sends {
            assert!(multiplex.next_batch(0.0).is_some());
            multiplex.sent(false);
        } else {
            assert_eq!(multiplex.received(false), Then::Stop);
        }
        let closed = |number| (number, ChannelEvent::Closed);
        assert_eq!(events(&mut multiplex), [closed(one), closed(two)]);
        assert!(!multiplex.has_room());
        assert_eq!(multiplex.next_batch(0.0), None);
        assert_eq!(multiplex.received(false), Then::Stop);
    }
}

#[test]
fn what_one_shows_in_vain_is_no_others_end() {
    let mut multiplex = Multiplex::new(Transport::EventSource);
    let numbers = ["a", "b", "c"].map(|query| multiplex.open(query));
    multiplex.leave(numbers[0]);
    for (next, closed) in [("b", None), ("c", Some(numbers[1]))] {
        assert_eq!(multiplex.received(true), Then::Open);
        assert_eq!(multiplex.query(), next);
        let closed = closed.map(|number| (number, ChannelEvent::Closed));
        assert_eq!(multiplex.next_event(), closed);
    }
    multiplex.receive_event("o");
    let event = ChannelEvent::Server(ServerEvent::Opened);
    assert_eq!(events(&mut multiplex), [(numbers[2], event)]);

    let mut in_vain = Multiplex::new(Transport::EventSource);
    let one = in_vain.open("a");
    assert_eq!(in_vain.received(true), Then::Stop);
    assert_eq!(in_vain.next_event(), Some((one, ChannelEvent::Closed)));
}

#[test]
fn there_is_room_for_so_many() {
    let mut multiplex = opened();
    let numbers: Vec<u32> = (0..MAX_CHANNELS).map(|_| multiplex.open("a")).collect();
    assert!(!multiplex.has_room());
    multiplex.leave(numbers[0]);
    assert!(multiplex.has_room());
}

#[test]
fn nonsense_is_told_to_all() {
    for nonsense in ["x\n", "a[\"{}\"]\n", "a[1]\n"] {
        let mut multiplex = opened();
        let _: [u32; 2] = channels(&mut multiplex);
        multiplex.receive(nonsense);
        let events = events(&mut multiplex);
        assert_eq!(events.len(), 2, "{nonsense}");
        let is_error = |(_, event): &(u32, ChannelEvent)| {
            matches!(event, ChannelEvent::Server(ServerEvent::ProtocolError(_)))
        };
        assert!(events.iter().all(is_error), "{events:?}");
    }
}

#[derive(Clone, Debug)]
enum Act {
    Open,
    Say(prop::sample::Index, usize),
    Leave(prop::sample::Index),
    Request,
    Answer,
}

fn act() -> impl Strategy<Value = Act> {
    let length = prop_oneof![4 => 0..100_usize, 1 => 0..70_000_usize];
    prop_oneof![
        2 => Just(Act::Open),
        8 => (any::<prop::sample::Index>(), length).prop_map(|(of, length)| Act::Say(of, length)),
        1 => any::<prop::sample::Index>().prop_map(Act::Leave),
        4 => Just(Act::Request),
        4 => Just(Act::Answer),
    ]
}

proptest! {
    /// Whatever is said when: all of it arrives, in its channel's order, and the end behind it. No request has more than it
    /// may but for one long text, and while something waits each has something.
    #[test]
    fn all_that_is_said_arrives_in_order(acts in prop::collection::vec(act(), 0..150)) {
        let mut multiplex = opened();
        let mut there: Vec<u32> = Vec::new();
        let mut said = BTreeMap::<u32, Vec<Option<usize>>>::new();
        let mut arrived = BTreeMap::<u32, Vec<Option<usize>>>::new();
        let mut take = |batch: Option<String>| {
            let Some(batch) = batch else { return 0 };
            let texts = typed(Some(batch));
            let lengths: Vec<usize> = texts.iter().map(|(_, text)| text.as_ref().map_or(0, String::len)).collect();
            let longest = lengths.iter().copied().filter(|length| *length > SHORT / 2).max().unwrap_or(0);
            assert!(lengths.iter().sum::<usize>() - longest <= MAX_BATCH, "{lengths:?}");
            let count = texts.len();
            for (number, text) in texts {
                arrived.entry(number).or_default().push(text.map(|text| text.len()));
            }
            count
        };
        for act in acts {
            match act {
                Act::Open => there.push(multiplex.open("a")),
                Act::Say(of, length) if !there.is_empty() => {
                    let number = *of.get(&there);
                    multiplex.say(number, &stdin("x".repeat(length)), 0.0);
                    said.entry(number).or_default().push(Some(length));
                }
                Act::Leave(of) if !there.is_empty() => {
                    let number = there.swap_remove(of.index(there.len()));
                    multiplex.leave(number);
                    if let Some(said) = said.get_mut(&number) {
                        said.push(None);
                    }
                }
                Act::Say(..) | Act::Leave(_) => {}
                Act::Request => { take(multiplex.next_batch(0.0)); }
                Act::Answer => multiplex.sent(true),
            }
        }
        loop {
            multiplex.sent(true);
            if take(multiplex.next_batch(0.0)) == 0 {
                break;
            }
        }
        prop_assert_eq!(said, arrived);
        prop_assert_eq!(multiplex.is_done(), there.is_empty());
    }
}
