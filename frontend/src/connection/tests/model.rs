//! A connection against a whole server in small, over lines that break at any moment: every byte arrives once.

use std::collections::VecDeque;

use podshell_shared::terminal::{INPUT_WINDOW, OUTPUT_WINDOW, TELL_EVERY};
use proptest::prelude::*;

use super::*;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The program writes so many bytes.
    Output(usize),
    /// The user types so many bytes.
    Input(usize),
    /// So many messages arrive at the server, or at the client.
    ToServer(usize),
    ToClient(usize),
    /// The screen takes so many pieces of output.
    Draw(usize),
    /// The line breaks, and what is on it is lost.
    Break,
    Sleep(f64),
}

/// One line, with what is on its way.
#[derive(Default)]
struct Flight {
    to_server: VecDeque<ClientMessage>,
    to_client: VecDeque<ServerMessage>,
    /// Whether the server has heard who this is.
    bound: bool,
}

struct World {
    connection: Connection,
    now: f64,
    line: Option<Flight>,

    output: Vec<u8>,
    sent: usize,
    acked: u64,
    input: Vec<u8>,
    told: usize,

    typed: Vec<u8>,
    screen: Vec<u8>,
    drawing: VecDeque<(Bytes, u64)>,
}

/// Bytes that tell where in a stream they stand.
fn pattern(from: usize, length: usize) -> Vec<u8> {
    (from..from + length).map(|at| (at % 251) as u8).collect()
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            connection: begun(),
            now: 0.0,
            line: None,
            output: Vec::new(),
            sent: 0,
            acked: 0,
            input: Vec::new(),
            told: 0,
            typed: Vec::new(),
            screen: Vec::new(),
            drawing: VecDeque::new(),
        };
        world.settle();
        // without a first bind there would be nothing to come back to
        world.deliver_to_server(2);
        world.deliver_to_client(1);
        world
    }

    fn settle(&mut self) {
        while let Some(step) = self.connection.next_step() {
            match step {
                Step::HangUp => self.line = None,
                Step::Open(_) => {
                    self.line = Some(Flight::default());
                    self.connection.hear(Heard::Opened, self.now);
                }
                Step::Send(message) => {
                    let line = self.line.as_mut().expect("a line to send on");
                    line.to_server.push_back(message);
                }
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Output(length) => {
                let more = pattern(self.output.len(), length);
                self.output.extend(more);
            }
            Event::Input(length) => {
                let bytes = pattern(self.typed.len(), length);
                self.typed.extend(&bytes);
                assert!(self.connection.type_in(bytes.into()));
            }
            Event::ToServer(count) => self.deliver_to_server(count),
            Event::ToClient(count) => self.deliver_to_client(count),
            Event::Draw(count) => {
                for _ in 0..count {
                    let Some((bytes, end)) = self.drawing.pop_front() else {
                        break;
                    };
                    self.screen.extend(bytes);
                    self.connection.rendered(end);
                }
            }
            Event::Break => {
                self.line = None;
                self.connection.line_closed(self.now);
            }
            Event::Sleep(time) => {
                self.now += time;
                self.connection.tick(self.now);
            }
        }
        self.settle();
    }

    fn deliver_to_server(&mut self, count: usize) {
        for _ in 0..count {
            let Some(line) = &mut self.line else { return };
            let Some(message) = line.to_server.pop_front() else {
                return;
            };
            match message {
                ClientMessage::Bind { .. } => {
                    line.bound = true;
                    line.to_client.push_back(bound(0, 0));
                }
                ClientMessage::Resume { offset, .. } => {
                    assert!(offset >= self.acked, "what was acknowledged is gone");
                    line.bound = true;
                    self.sent = offset as usize;
                    self.told = self.input.len();
                    let input = self.input.len() as u64;
                    line.to_client.push_back(bound(offset, input));
                }
                ClientMessage::Stdin { data, .. } => {
                    self.input.extend(data);
                    let untold = self.input.len() - self.told;
                    assert!(untold as u64 <= INPUT_WINDOW, "more than there is room for");
                    if untold as u64 >= TELL_EVERY {
                        self.told = self.input.len();
                        let offset = self.told as u64;
                        line.to_client.push_back(ServerMessage::Taken { offset });
                    }
                }
                ClientMessage::Ack { offset } => self.acked = self.acked.max(offset),
                ClientMessage::Ping { token } => {
                    line.to_client.push_back(ServerMessage::Pong { token });
                }
                ClientMessage::Resize(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn deliver_to_client(&mut self, count: usize) {
        for _ in 0..count {
            let Some(line) = &mut self.line else { return };
            let message = line.to_client.pop_front().or_else(|| {
                let room = (OUTPUT_WINDOW + self.acked).saturating_sub(self.sent as u64);
                let end = self.output.len().min(self.sent + room.min(10_000) as usize);
                if !line.bound || end <= self.sent {
                    return None;
                }
                let data = Bytes::copy_from_slice(&self.output[self.sent..end]);
                self.sent = end;
                Some(ServerMessage::Stdout { data, end: None })
            });
            let Some(message) = message else { return };
            let shown = hear(&mut self.connection, message, self.now);
            if let Some(Shown::Draw { data, piece }) = shown {
                self.drawing
                    .push_back((data.slice(piece.skip..), piece.end));
            } else {
                assert_eq!(shown, None);
            }
            self.settle();
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0_usize..60_000).prop_map(Event::Output),
        2 => (0_usize..60_000).prop_map(Event::Input),
        4 => (1_usize..8).prop_map(Event::ToServer),
        6 => (1_usize..12).prop_map(Event::ToClient),
        4 => (1_usize..12).prop_map(Event::Draw),
        1 => Just(Event::Break),
        2 => (100.0..3_000.0).prop_map(Event::Sleep),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_byte_once(events in proptest::collection::vec(event(), 1..80)) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
        }
        for _ in 0..200 {
            for event in [
                Event::Sleep(1_000.0),
                Event::ToServer(50),
                Event::ToClient(50),
                Event::Draw(50),
            ] {
                world.happen(event);
            }
        }
        prop_assert_eq!(world.connection.phase(), &Phase::Connected);
        prop_assert!(world.screen == world.output, "output");
        prop_assert!(world.input == world.typed, "input");
        prop_assert_eq!(world.acked, world.output.len() as u64);
    }
}
