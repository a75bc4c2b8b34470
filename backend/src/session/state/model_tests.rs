//! A session against a page at the other end of connections that are lost, in any order of events.

use podshell_shared::terminal::{INPUT_WINDOW, OUTPUT_WINDOW};
use proptest::prelude::*;

use super::{
    super::flow::window::LARGEST,
    output::KEPT,
    tests::{output, started, stdin},
    *,
};

/// A page at the other end of a connection that may be lost.
#[derive(Default)]
struct Page {
    /// The output that it has, and how much of it is drawn.
    output: Vec<u8>,
    drawn: usize,
    /// What was typed, how much of it was sent, and how much more the server has room for.
    typed: Vec<u8>,
    said: usize,
    taken: usize,
    /// What is under way to the server.
    wire: VecDeque<Vec<u8>>,
    away: bool,
}

impl Page {
    /// Sends what was typed, in messages of `length` bytes, as far as there is room for it.
    fn send(&mut self, length: usize) {
        while !self.away && self.said < self.typed.len() {
            let end = self.typed.len().min(self.said + length);
            if (end - self.taken) as u64 > INPUT_WINDOW {
                break;
            }
            self.wire.push_back(self.typed[self.said..end].to_vec());
            self.said = end;
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Shell(usize),
    Deliver,
    /// As much as may be under way, in pieces of so many bytes.
    Flood(usize),
    Acknowledge,
    Wait(u64),
    Type(usize, usize),
    Arrive,
    Take,
    Lose(prop::sample::Index),
    Return,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..40_000_usize).prop_map(Act::Shell),
        6 => Just(Act::Deliver),
        2 => (5_000..40_000_usize).prop_map(Act::Flood),
        4 => Just(Act::Acknowledge),
        3 => (0..400_u64).prop_map(Act::Wait),
        1 => (2_000..3_000_u64).prop_map(Act::Wait),
        3 => (1..20_000_usize, 1..16_384_usize).prop_map(|(all, each)| Act::Type(all, each)),
        3 => (1..50_usize, 1..4_usize).prop_map(|(all, each)| Act::Type(all, each)),
        12 => Just(Act::Arrive),
        4 => Just(Act::Take),
        1 => any::<prop::sample::Index>().prop_map(Act::Lose),
        2 => Just(Act::Return),
    ]
}

proptest! {
    /// Whatever is lost with connections and whatever it is cut into, the client gets exactly the output and the shell
    /// exactly the input, once and in order.
    #[test]
    fn nothing_is_lost_or_doubled(acts in prop::collection::vec(act(), 0..300)) {
        let mut state = started(true);
        let mut now = Instant::now();
        let mut page = Page::default();
        // What the shell wrote and what it got, and how much of that has come to the server.
        let (mut wrote, mut got, mut arrived) = (Vec::<u8>::new(), Vec::<u8>::new(), 0);
        let count = |from: usize, length: usize| (from..from + length).map(|at| (at / 7) as u8).collect::<Vec<_>>();
        let end = [Act::Return];
        for act in acts.into_iter().chain(end) {
            match act {
                Act::Shell(length) => if state.wants_process(now) {
                    let data = count(wrote.len(), length);
                    state.process(output(&data), now);
                    wrote.extend(data);
                }
                Act::Deliver => {
                    if !state.has_for_client() {
                        continue;
                    }
                    prop_assert!(!page.away, "nobody is there");
                    match state.next_for_client(now) {
                        Some(ToClient::Output(output, end)) => {
                            page.output.extend_from_slice(output.data());
                            prop_assert_eq!(end, page.output.len() as u64);
                        }
                        Some(ToClient::Message(ServerMessage::Taken { offset })) => {
                            prop_assert_eq!(offset, got.len() as u64);
                            page.taken = got.len();
                        }
                        other => prop_assert!(false, "{other:?}"),
                    }
                }
                Act::Flood(length) => while !page.away && state.wants_process(now) {
                    let data = count(wrote.len(), length);
                    state.process(output(&data), now);
                    wrote.extend(data);
                    while let Some(next) = state.next_for_client(now) {
                        if let ToClient::Output(output, _) = next {
                            page.output.extend_from_slice(output.data());
                        }
                    }
                }
                Act::Wait(time) => {
                    now += Duration::from_millis(time);
                    state.tick(now).unwrap();
                }
                Act::Acknowledge => if !page.away {
                    page.drawn = page.output.len();
                    state.client(ClientMessage::Ack { offset: page.drawn as u64 }, now).unwrap();
                }
                Act::Type(length, each) => {
                    // A page that comes back may send a window more each time, whatever waits.
                    if ((page.typed.len() + length - got.len()) as u64) < 2 * INPUT_WINDOW {
                        page.typed.extend(count(page.typed.len(), length));
                    }
                    page.send(each);
                }
                Act::Arrive => if let Some(data) = page.wire.pop_front() {
                    arrived += data.len();
                    state.client(stdin(&data), now).unwrap();
                }
                Act::Take => if let Some(ToProcess::Stdin(data)) = state.next_for_process(now) {
                    got.extend_from_slice(&data);
                }
                // What was on its way in either direction is lost; what has come to the server waits there.
                Act::Lose(index) => if !page.away {
                    state.detach();
                    page.away = true;
                    page.wire.clear();
                    page.output.truncate(page.drawn + index.index(page.output.len() - page.drawn + 1));
                    page.drawn = page.output.len();
                }
                Act::Return => if page.away {
                    state.attach("key".to_owned(), page.output.len() as u64, now);
                    let Some(ToClient::Message(ServerMessage::Bound { offset, input, .. })) = state.next_for_client(now) else {
                        panic!("not bound");
                    };
                    prop_assert_eq!((offset, input), (page.output.len() as u64, arrived as u64));
                    page.away = false;
                    (page.said, page.taken) = (arrived, arrived);
                    page.send(16_384);
                }
            }
            prop_assert!(state.output.window.size() <= LARGEST);
            let most = KEPT.max(OUTPUT_WINDOW + state.output.window.taken()) + 40_000;
            prop_assert!(state.output.buffer.len() < most);
            prop_assert_eq!(state.input.queue.len(), (arrived - got.len()) as u64);
        }
        loop {
            match state.next_for_client(now) {
                Some(ToClient::Output(output, _)) => page.output.extend_from_slice(output.data()),
                Some(_) => {}
                None if state.output.buffer.is_sent() => break,
                None => state.client(ClientMessage::Ack { offset: page.output.len() as u64 }, now).unwrap(),
            }
        }
        // What the server has not told as taken may still come.
        for data in page.wire {
            state.client(stdin(&data), now).unwrap();
        }
        while state.has_for_process() {
            if let Some(ToProcess::Stdin(data)) = state.next_for_process(now) {
                got.extend_from_slice(&data);
            }
        }
        prop_assert!(page.output == wrote, "output differs");
        prop_assert!(got == page.typed[..page.said], "input differs");
    }
}
