//! A client against a whole server in small, over connections that break at any moment: every character arrives once,
//! whether its bytes come in binary or in text.

use std::collections::VecDeque;

use podshell_shared::{
    terminal::{INPUT_WINDOW, OUTPUT_WINDOW, TELL_EVERY},
    utf8::Utf8Stream,
};
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
    /// The connection breaks, and what is on it is lost. The next carries text, or bytes.
    Break {
        text: bool,
    },
    Sleep(f64),
}

/// One connection, with what is on its way.
#[derive(Default)]
struct Flight {
    to_server: VecDeque<ClientMessage>,
    to_client: VecDeque<ServerMessage>,
    /// Whether the server has heard who this is.
    bound: bool,
    /// What the server has for cutting output where a character ends, if it is to be text.
    characters: Option<Utf8Stream>,
}

struct World {
    client: Client,
    now: f64,
    connection: Option<Flight>,
    /// Whether the next connection carries text.
    text: bool,

    /// What the program writes next.
    printed: Box<dyn Iterator<Item = u8>>,
    output: Vec<u8>,
    sent: usize,
    acked: u64,
    input: Vec<u8>,
    told: usize,

    typed: Vec<u8>,
    /// What the page has for making text of bytes.
    decoder: Utf8Stream,
    screen: String,
    drawing: VecDeque<(String, u64)>,
}

/// Bytes that tell where in a stream they stand.
fn pattern(from: usize, length: usize) -> Vec<u8> {
    (from..from + length).map(|at| (at % 251) as u8).collect()
}

/// What the program writes: characters of each length, and every seventh of them cut off.
fn printed() -> impl Iterator<Item = u8> {
    (0..2_000_u32).cycle().flat_map(|n| {
        let mut bytes = char::from_u32(n * 557)
            .unwrap_or('\u{80}')
            .to_string()
            .into_bytes();
        bytes.truncate(bytes.len() - usize::from(n % 7 == 0));
        bytes
    })
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            client: begun(),
            now: 0.0,
            connection: None,
            text: false,
            printed: Box::new(printed()),
            output: Vec::new(),
            sent: 0,
            acked: 0,
            input: Vec::new(),
            told: 0,
            typed: Vec::new(),
            decoder: Utf8Stream::default(),
            screen: String::new(),
            drawing: VecDeque::new(),
        };
        world.settle();
        // Without a first bind there would be nothing to come back to.
        world.deliver_to_server(2);
        world.deliver_to_client(1);
        world
    }

    fn settle(&mut self) {
        while let Some(action) = self.client.next_action() {
            match action {
                Action::Disconnect => self.connection = None,
                Action::Leave(_) => panic!("the page stays"),
                Action::Connect(_) => {
                    self.connection = Some(Flight {
                        characters: self.text.then(Utf8Stream::default),
                        ..Flight::default()
                    });
                    self.client.receive(ServerEvent::Opened, self.now);
                }
                Action::Send(message) => {
                    let connection = self.connection.as_mut().expect("a connection to send on");
                    connection.to_server.push_back(message);
                }
            }
        }
    }

    /// What the user is shown of the client.
    fn status(&self) -> (Phase, Transport, Option<f64>, Option<f64>) {
        let client = &self.client;
        (
            client.phase().clone(),
            client.transport(),
            client.round_trip(),
            client.retry_in(self.now),
        )
    }

    /// Lets something happen, and looks whether the client tells if that has changed what is shown of it.
    fn happen(&mut self, event: Event) {
        let before = self.status();
        self.client.take_status_changed();
        self.happen_unseen(event);
        let unchanged = !self.client.take_status_changed();
        assert!(!unchanged || self.status() == before, "{before:?}");
    }

    fn happen_unseen(&mut self, event: Event) {
        match event {
            Event::Output(length) => {
                let printed = self.printed.by_ref().take(length);
                self.output.extend(printed);
            }
            Event::Input(length) => {
                let bytes = pattern(self.typed.len(), length);
                self.typed.extend(&bytes);
                assert!(self.client.type_in(bytes.into()));
            }
            Event::ToServer(count) => self.deliver_to_server(count),
            Event::ToClient(count) => self.deliver_to_client(count),
            Event::Draw(count) => {
                for _ in 0..count {
                    let Some((text, end)) = self.drawing.pop_front() else {
                        break;
                    };
                    self.screen.push_str(&text);
                    self.client.drawn(end);
                }
            }
            Event::Break { text } => {
                self.connection = None;
                self.text = text;
                self.client.connection_closed(self.now);
            }
            Event::Sleep(time) => {
                self.now += time;
                self.client.tick(self.now);
            }
        }
        self.settle();
    }

    fn deliver_to_server(&mut self, count: usize) {
        for _ in 0..count {
            let Some(connection) = &mut self.connection else {
                return;
            };
            let Some(message) = connection.to_server.pop_front() else {
                return;
            };
            match message {
                ClientMessage::Bind { .. } => {
                    connection.bound = true;
                    connection.to_client.push_back(bound(0, 0));
                }
                ClientMessage::Resume { offset, .. } => {
                    assert!(offset >= self.acked, "what was acknowledged is gone");
                    connection.bound = true;
                    self.sent = offset as usize;
                    self.told = self.input.len();
                    let input = self.input.len() as u64;
                    connection.to_client.push_back(bound(offset, input));
                }
                ClientMessage::Stdin { data } => {
                    self.input.extend(data);
                    let untold = self.input.len() - self.told;
                    assert!(untold as u64 <= INPUT_WINDOW, "more than there is room for");
                    if untold as u64 >= TELL_EVERY {
                        self.told = self.input.len();
                        let offset = self.told as u64;
                        connection
                            .to_client
                            .push_back(ServerMessage::Taken { offset });
                    }
                }
                ClientMessage::Ack { offset } => self.acked = self.acked.max(offset),
                ClientMessage::Ping { token } => {
                    connection
                        .to_client
                        .push_back(ServerMessage::Pong { token });
                }
                ClientMessage::Resize(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn deliver_to_client(&mut self, count: usize) {
        for _ in 0..count {
            let Some(connection) = &mut self.connection else {
                return;
            };
            let message = connection.to_client.pop_front().or_else(|| {
                let room = (OUTPUT_WINDOW + self.acked).saturating_sub(self.sent as u64);
                let end = self.output.len().min(self.sent + room.min(10_000) as usize);
                if !connection.bound || end <= self.sent {
                    return None;
                }
                let data = &self.output[self.sent..end];
                self.sent = end;
                let Some(characters) = &mut connection.characters else {
                    let data = Bytes::copy_from_slice(data);
                    return Some(ServerMessage::Stdout { data, end: None });
                };
                let mut text = String::new();
                characters.push(data, |part| text.push_str(part));
                let end = Some((end - characters.held()) as u64);
                let data = text.into();
                Some(ServerMessage::Stdout { data, end })
            });
            let Some(message) = message else { return };
            match receive(&mut self.client, message, self.now) {
                Some(ScreenUpdate::Output { data, end }) => {
                    let mut text = String::new();
                    self.decoder.push(&data, |part| text.push_str(part));
                    self.drawing.push_back((text, end));
                }
                Some(ScreenUpdate::Resumed) => self.decoder = Utf8Stream::default(),
                other => assert_eq!(other, None),
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
        1 => any::<bool>().prop_map(|text| Event::Break { text }),
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
        prop_assert_eq!(world.client.phase(), &Phase::Connected);
        let mut stream = Utf8Stream::default();
        stream.push(&world.output, |_| {});
        let whole = world.output.len() - stream.held();
        let text = String::from_utf8_lossy(&world.output[..whole]);
        prop_assert!(world.screen == text, "output");
        prop_assert!(world.input == world.typed, "input");
        prop_assert_eq!(world.acked, whole as u64);
    }
}
