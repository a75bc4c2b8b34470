//! Sessions and their registry between a client and a shell that are both made of channels, with a
//! clock that jumps.

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use podshell_shared::terminal::{ClientMessage, ServerMessage};
use tokio::{
    task::JoinHandle,
    time::{Duration, sleep},
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::session::{
    Caller, Limits, Observer, Output, ProcessEnd, ProcessEvent, ProcessReader, ProcessWriter,
    Remains, ToProcess,
};

const SECOND: Duration = Duration::from_secs(1);

/// Processes that the test plays.
#[derive(Clone, Debug, Default)]
struct Stage(Arc<Mutex<Played>>);

#[derive(Debug, Default)]
struct Played {
    /// The test's ends of the shells that were opened.
    opened: Vec<mpsc::Sender<ProcessEvent>>,
    /// What went to them.
    written: Vec<ToProcess>,
    terminated: usize,
    /// By when the last termination has to be over, and how they end.
    terminated_by: Option<Instant>,
    remains: Option<Remains>,
    /// Opening waits for this.
    delay: Duration,
    /// So does saying what an end means.
    thought: Duration,
    /// After so long the right to a shell is gone.
    revoked_after: Option<Duration>,
}

impl Stage {
    fn with<T>(&self, act: impl FnOnce(&mut Played) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }
}

#[derive(Debug)]
struct Reader(mpsc::Receiver<ProcessEvent>);

impl ProcessReader for Reader {
    async fn read_event(&mut self) -> ProcessEvent {
        let lost = || ProcessEvent::Ended(ProcessEnd::Lost("the test is over".to_owned()));
        self.0.recv().await.unwrap_or_else(lost)
    }
}

#[derive(Debug)]
struct Writer(Stage, mpsc::Sender<ProcessEvent>);

impl ProcessWriter for Writer {
    type Permit<'a> = &'a mut Self;

    async fn reserve(&mut self) -> &mut Self {
        self
    }

    fn is_writing(&self) -> bool {
        false
    }
}

impl Permit<ToProcess> for &mut Writer {
    fn send(self, message: ToProcess) {
        if message == ToProcess::Ping {
            self.1.try_send(ProcessEvent::Alive).unwrap();
        }
        self.0.with(|played| played.written.push(message));
    }
}

impl TerminalBackend for Stage {
    type Reader = Reader;
    type Writer = Writer;
    type Handle = ();

    async fn open(
        &self,
        _: SessionId,
        _: &Target,
        _: watch::Receiver<Size>,
    ) -> Result<RunningProcess<Self>, Exit> {
        sleep(self.with(|played| played.delay)).await;
        let (events, reader) = mpsc::channel(100);
        self.with(|played| played.opened.push(events.clone()));
        Ok(RunningProcess {
            reader: Reader(reader),
            writer: Writer(self.clone(), events),
            handle: (),
        })
    }

    fn revoked(&self, _: &Target) -> impl Future<Output = Exit> + Send + 'static {
        let after = self.with(|played| played.revoked_after);
        async move {
            match after {
                Some(after) => sleep(after).await,
                None => pending().await,
            }
            failed(EndReason::Forbidden, "")
        }
    }

    async fn explain(&self, _: &Target, ended: ProcessEnd) -> Exit {
        sleep(self.with(|played| played.thought)).await;
        match ended {
            ProcessEnd::Exited(code) => Exit {
                code: Some(code),
                ..failed(EndReason::Exited, "")
            },
            _ => failed(EndReason::ClusterLost, ""),
        }
    }

    async fn terminate(
        &self,
        _: &Target,
        _: RunningProcess<Self>,
        until: Instant,
    ) -> Result<(), Remains> {
        self.with(|played| {
            played.terminated += 1;
            played.terminated_by = Some(until);
            played.remains.clone().map_or(Ok(()), Err)
        })
    }
}

/// Notes what it sees.
#[derive(Clone, Debug, Default)]
struct Watcher(Arc<Mutex<Vec<String>>>);

impl Watcher {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Watcher {
    fn begin(
        &self,
        _: SessionId,
        identity: &Identity,
        target: &Target,
    ) -> Result<Option<Box<dyn SessionObserver>>, Exit> {
        if self.0.lock().unwrap().iter().any(|seen| seen == "blind") {
            return Err(failed(EndReason::Limit, ""));
        }
        self.note(format!("{} at {target}", identity.caller.0));
        Ok(Some(Box::new(self.clone())))
    }
}

impl SessionObserver for Watcher {
    fn output(&mut self, data: &Bytes) {
        self.note(format!("output {data:?}"));
    }

    fn input(&mut self, data: &Bytes) {
        self.note(format!("input {data:?}"));
    }

    fn resized(&mut self, size: Size) {
        self.note(format!("{}x{}", size.cols, size.rows));
    }

    fn detached(&mut self, time: Duration) {
        self.note(format!("detached for {time:?}"));
    }

    fn resumed(&mut self, identity: &Identity, offset: u64) {
        self.note(format!("{} resumed at {offset}", identity.caller.0));
    }

    fn taken_over(&mut self) {
        self.note("taken over");
    }

    fn ended(&mut self, exit: &Exit) {
        self.note(format!("ended {:?} {:?}", exit.reason, exit.code));
    }

    fn failed(&mut self, exit: &Exit) {
        self.note(format!("failed {:?}", exit.reason));
    }
}

/// A client that the test plays.
struct Client {
    say: mpsc::Sender<ClientEvent>,
    hear: mpsc::Receiver<Heard>,
    served: JoinHandle<Exit>,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Message(ServerMessage),
    Output(Vec<u8>, u64),
}

struct Ears(mpsc::Receiver<ClientEvent>);

impl ClientReader for Ears {
    async fn read_message(&mut self) -> ClientEvent {
        self.0.recv().await.unwrap_or(ClientEvent::Gone)
    }
}

struct Mouth(mpsc::Sender<Heard>);

impl ClientWriter for Mouth {
    type Permit<'a> = MouthPermit<'a>;

    async fn reserve(&mut self) -> Result<MouthPermit<'_>, Gone> {
        let permit = self.0.reserve().await;
        permit.map(MouthPermit).map_err(|_| Gone)
    }
}

struct MouthPermit<'a>(mpsc::Permit<'a, Heard>);

impl Permit<ToClient> for MouthPermit<'_> {
    fn send(self, message: ToClient) {
        self.0.send(match message {
            ToClient::Message(message) => Heard::Message(message),
            ToClient::Output(output, end) => Heard::Output(output.data().to_vec(), end),
        });
    }
}

struct Test {
    stage: Stage,
    sessions: Sessions<Stage>,
    shutdown: CancellationToken,
}

impl Test {
    fn new(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits {
            sessions: 10,
            per_caller: 10,
            grace: SECOND * 900,
            leave_grace: SECOND * 5,
            idle: None,
            lifetime: None,
            drain: SECOND * 10,
            legacy_interrupt: true,
        };
        change(&mut limits);
        let (stage, shutdown) = (Stage::default(), CancellationToken::new());
        Self {
            sessions: Sessions::new(limits, None, shutdown.clone()),
            stage,
            shutdown,
        }
    }

    /// Sessions that are watched.
    fn watched() -> (Self, Watcher) {
        let (mut test, watcher) = (Self::new(|_| {}), Watcher::default());
        test.sessions = Sessions::new(
            test.sessions.limits().clone(),
            Some(Arc::new(watcher.clone())),
            test.shutdown.clone(),
        );
        (test, watcher)
    }

    /// Connects a client whose first message is this.
    fn connect(&self, caller: &str, first: ClientMessage) -> Client {
        let (say, ears) = mpsc::channel(100);
        let (mouth, hear) = mpsc::channel(100);
        let (sessions, stage) = (self.sessions.clone(), self.stage.clone());
        let identity = Identity {
            caller: Caller(caller.to_owned()),
            user: None,
            address: None,
        };
        let served = tokio::spawn(async move {
            let (mut reader, mut writer) = (Ears(ears), Mouth(mouth));
            let session = match first {
                ClientMessage::Resume { key, offset } => {
                    Session::resume(&sessions, &identity, &key, offset).await
                }
                ClientMessage::Bind { extended, .. } => {
                    let (sessions, reader, writer) = (&sessions, &mut reader, &mut writer);
                    let target = target();
                    Session::begin(sessions, &identity, stage, target, extended, reader, writer)
                        .await
                }
                other => panic!("{other:?}"),
            };
            match session {
                Ok(session) => session.run(&sessions, &mut reader, &mut writer).await,
                Err(exit) => exit,
            }
        });
        Client { say, hear, served }
    }

    fn bind(&self) -> Client {
        let (id, extended) = (String::new(), true);
        self.connect("ann", ClientMessage::Bind { id, extended })
    }

    fn resume(&self, key: &str, offset: u64) -> Client {
        let key = key.to_owned();
        self.connect("ann", ClientMessage::Resume { key, offset })
    }

    async fn shell_says(&self, event: ProcessEvent) {
        let shell = self.stage.with(|played| played.opened[0].clone());
        shell.send(event).await.unwrap();
    }

    async fn prints(&self, data: &[u8]) {
        self.shell_says(ProcessEvent::Output(Output::copy_of(data)))
            .await;
    }

    async fn all_opened(&self, count: usize) {
        while self.stage.with(|played| played.opened.len()) < count {
            sleep(SECOND / 10).await;
        }
    }

    async fn all_over(&self) {
        while self.sessions.living() > 0 {
            sleep(SECOND / 10).await;
        }
    }
}

fn target() -> Target {
    Target {
        namespace: "shop".to_owned(),
        pod: "web-0".to_owned(),
        container: "app".to_owned(),
        shell: None,
        mode: Mode::Exec,
        windows: false,
        image: String::new(),
    }
}

impl Client {
    async fn hears(&mut self) -> Heard {
        self.hear.recv().await.expect("still connected")
    }

    /// The key, after checking where output and input begin.
    async fn hears_bound(&mut self, at: (u64, u64)) -> String {
        match self.hears().await {
            Heard::Message(ServerMessage::Bound { key, offset, input }) => {
                assert_eq!((offset, input), at);
                key
            }
            other => panic!("{other:?}"),
        }
    }

    async fn hears_output(&mut self, data: &[u8], end: u64) {
        assert_eq!(self.hears().await, Heard::Output(data.to_vec(), end));
    }

    async fn says(&self, message: ClientMessage) {
        self.say.send(ClientEvent::Message(message)).await.unwrap();
    }

    async fn types(&self, text: &'static str) {
        let data = text.into();
        self.says(ClientMessage::Stdin { data }).await;
    }

    /// Breaks the connection and waits until that is noticed.
    async fn breaks(self) -> Exit {
        drop(self.say);
        self.served.await.unwrap()
    }

    async fn ends(self) -> EndReason {
        self.served.await.unwrap().reason
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_client_resumes_where_it_was() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    test.prints(b"one").await;
    client.hears_output(b"one", 3).await;
    client.types("ls").await;
    client.breaks().await;
    test.prints(b"two").await;
    sleep(SECOND * 899).await;
    // It has one byte less than was sent.
    let mut client = test.resume(&key, 2);
    assert_eq!(client.hears_bound((2, 2)).await, key);
    client.hears_output(b"e", 3).await;
    client.hears_output(b"two", 6).await;
    client.types("\r").await;
    test.shell_says(ProcessEvent::Ended(ProcessEnd::Exited(3)))
        .await;
    assert_eq!(client.ends().await, EndReason::Exited);
    test.all_over().await;
    let stdin = |text: &'static str| ToProcess::Stdin(text.into());
    test.stage.with(|played| {
        played.written.retain(|message| *message != ToProcess::Ping);
        assert_eq!(played.written, [stdin("ls"), stdin("\r")]);
        assert_eq!(played.terminated, 0, "the shell has ended by itself");
    });
    let late = test.resume(&key, 6);
    assert_eq!(late.ends().await, EndReason::NoSession);
}

#[tokio::test(start_paused = true)]
async fn who_watches_sees_all_of_a_session() {
    let (test, watcher) = Test::watched();
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    test.prints(b"$ ").await;
    client.hears_output(b"$ ", 2).await;
    client
        .says(ClientMessage::Resize(Size { rows: 24, cols: 80 }))
        .await;
    client.types("exit\r").await;
    while test.stage.with(|played| played.written.len()) < 2 {
        sleep(SECOND / 10).await;
    }
    client.breaks().await;
    let client = test.resume(&key, 2);
    test.shell_says(ProcessEvent::Ended(ProcessEnd::Exited(3)))
        .await;
    assert_eq!(client.ends().await, EndReason::Exited);
    assert_eq!(
        watcher.seen(),
        [
            "ann at shop/web-0/app",
            "output b\"$ \"",
            "80x24",
            "input b\"exit\\r\"",
            "detached for 900s",
            "ann resumed at 2",
            "ended Exited Some(3)",
        ]
    );

    test.stage.with(|played| played.delay = SECOND);
    let client = test.bind();
    client.breaks().await;
    test.all_over().await;
    assert_eq!(watcher.seen(), ["ann at shop/web-0/app", "failed Closed"]);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_back_in_time_is_terminated() {
    for (leaves, seconds) in [(false, 900), (true, 5)] {
        let test = Test::new(|_| {});
        let mut client = test.bind();
        let key = client.hears_bound((0, 0)).await;
        if leaves {
            client.says(ClientMessage::Leave).await;
        }
        client.breaks().await;
        let lost = Instant::now();
        test.all_over().await;
        assert_eq!(lost.elapsed().as_secs(), seconds);
        assert_eq!(test.stage.with(|played| played.terminated), 1);
        assert_eq!(test.resume(&key, 0).ends().await, EndReason::NoSession);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_stays_has_not_left() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    client.says(ClientMessage::Leave).await;
    sleep(SECOND * 6).await;
    client.types("x").await;
    client.breaks().await;
    sleep(SECOND * 30).await;
    let mut client = test.resume(&key, 0);
    client.hears_bound((0, 1)).await;
}

/// By a request of its own, which may come before what was said on the connection, or behind its end.
#[tokio::test(start_paused = true)]
async fn who_leaves_beside_the_connection_is_waited_for_as_shortly() {
    let test = Test::new(|_| {});
    assert!(!test.sessions.leave("guessed"));
    for order in ["before", "behind", "late", "twice"] {
        let mut client = test.bind();
        let key = client.hears_bound((0, 0)).await;
        let leave = || assert!(test.sessions.leave(&key), "{order}");
        if order == "before" {
            leave();
            sleep(SECOND / 10).await;
            client.says(ClientMessage::Ack { offset: 0 }).await;
        }
        client.breaks().await;
        let mut left = Instant::now();
        if order == "late" {
            sleep(SECOND * 60).await;
            left = Instant::now();
        }
        if order != "before" {
            leave();
        }
        if order == "twice" {
            sleep(SECOND * 3).await;
            leave();
        }
        test.all_over().await;
        assert_eq!(left.elapsed().as_secs(), 5, "{order}");
        assert!(!test.sessions.leave(&key), "it has ended");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_has_not_left() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    client.breaks().await;
    assert!(test.sessions.leave(&key));
    sleep(SECOND * 2).await;
    let mut client = test.resume(&key, 0);
    client.hears_bound((0, 0)).await;
    client.breaks().await;
    sleep(SECOND * 30).await;
    test.resume(&key, 0).hears_bound((0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_client_takes_over_and_the_first_is_told() {
    let test = Test::new(|_| {});
    let mut first = test.bind();
    let key = first.hears_bound((0, 0)).await;
    test.prints(b"one").await;
    first.hears_output(b"one", 3).await;
    let mut second = test.resume(&key, 0);
    second.hears_bound((0, 0)).await;
    second.hears_output(b"one", 3).await;
    assert_eq!(first.ends().await, EndReason::TakenOver);
    // And back again.
    let mut first = test.resume(&key, 3);
    first.hears_bound((3, 0)).await;
    assert_eq!(second.ends().await, EndReason::TakenOver);
    assert_eq!(
        (
            test.sessions.living(),
            test.stage.with(|played| played.terminated)
        ),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_else_resumes() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    let stranger = test.connect("bob", ClientMessage::Resume { key, offset: 0 });
    assert_eq!(stranger.ends().await, EndReason::NoSession);
    assert_eq!(test.resume("guessed", 0).ends().await, EndReason::NoSession);
    test.prints(b"still here").await;
    client.hears_output(b"still here", 10).await;
}

#[tokio::test(start_paused = true)]
async fn closing_ends_it_at_once() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    client.hears_bound((0, 0)).await;
    client.says(ClientMessage::Close).await;
    let closed = Instant::now();
    assert_eq!(client.ends().await, EndReason::Closed);
    test.all_over().await;
    assert!(closed.elapsed() < SECOND);
    assert_eq!(test.stage.with(|played| played.terminated), 1);
}

#[tokio::test(start_paused = true)]
async fn dashboards_clients_do_not_come_back() {
    let test = Test::new(|_| {});
    let (id, extended) = (String::new(), false);
    let mut client = test.connect("ann", ClientMessage::Bind { id, extended });
    test.all_opened(1).await;
    test.prints(b"$ ").await;
    client.hears_bound((0, 0)).await;
    client.hears_output(b"$ ", 2).await;
    assert_eq!(client.breaks().await.reason, EndReason::Closed);
    test.all_over().await;
    assert_eq!(test.stage.with(|played| played.terminated), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_while_the_shell_starts_waits_for_it() {
    let test = Test::new(|_| {});
    test.stage.with(|played| played.delay = SECOND * 3);
    let mut client = test.bind();
    client.types("ls\r").await;
    let size = Size { rows: 24, cols: 80 };
    client.says(ClientMessage::Resize(size)).await;
    client.says(ClientMessage::Ping { token: "7".into() }).await;
    let pong = ServerMessage::Pong { token: "7".into() };
    assert_eq!(client.hears().await, Heard::Message(pong));
    assert_eq!(test.stage.with(|played| played.opened.len()), 0);
    client.hears_bound((0, 3)).await;
    test.prints(b"x").await;
    client.hears_output(b"x", 1).await;
    let written = test.stage.with(|played| played.written.clone());
    assert_eq!(
        written,
        [ToProcess::Resize(size), ToProcess::Stdin("ls\r".into())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_starts_after_its_client_left_is_terminated() {
    let test = Test::new(|_| {});
    test.stage.with(|played| played.delay = SECOND * 3);
    let client = test.bind();
    sleep(SECOND).await;
    assert_eq!(client.breaks().await.reason, EndReason::Closed);
    assert_eq!(test.sessions.living(), 1);
    test.all_over().await;
    assert_eq!(test.stage.with(|played| played.terminated), 1);
}

#[tokio::test(start_paused = true)]
async fn there_are_limits_for_all_and_for_each() {
    let test = Test::new(|limits| (limits.sessions, limits.per_caller) = (3, 2));
    let bind = |caller| {
        let (id, extended) = (String::new(), true);
        test.connect(caller, ClientMessage::Bind { id, extended })
    };
    let (mut first, mut second) = (bind("ann"), bind("ann"));
    first.hears_bound((0, 0)).await;
    second.hears_bound((0, 0)).await;
    assert_eq!(bind("ann").ends().await, EndReason::Limit);
    let mut third = bind("bob");
    third.hears_bound((0, 0)).await;
    assert_eq!(bind("cid").ends().await, EndReason::Limit);
    // One that waits for its client has its place still: nobody pushes it out.
    second.breaks().await;
    let refused = bind("ann").served.await.unwrap();
    assert_eq!(refused.reason, EndReason::Limit);
    assert!(
        refused.message.contains("as long as it waits, 15m."),
        "{}",
        refused.message
    );
    first.says(ClientMessage::Close).await;
    assert_eq!(first.ends().await, EndReason::Closed);
    while test.sessions.living() == 3 {
        sleep(SECOND / 10).await;
    }
    bind("ann").hears_bound((0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_all_of_them() {
    let test = Test::new(|_| {});
    let mut here = test.bind();
    here.hears_bound((0, 0)).await;
    let mut away = test.bind();
    away.hears_bound((0, 0)).await;
    away.breaks().await;
    test.stage.with(|played| played.delay = SECOND);
    let starting = test.bind();
    sleep(SECOND / 10).await;
    test.shutdown.cancel();
    assert_eq!(here.ends().await, EndReason::Shutdown);
    assert_eq!(starting.ends().await, EndReason::Shutdown);
    test.sessions.ended().await;
    assert_eq!(test.sessions.living(), 0);
    assert_eq!(test.stage.with(|played| played.terminated), 3);
}

#[tokio::test(start_paused = true)]
async fn a_termination_has_9_s_but_at_the_end_the_drain_time() {
    let test = Test::new(|limits| limits.drain = SECOND * 60);
    let mut closed = test.bind();
    closed.hears_bound((0, 0)).await;
    let mut stays = test.bind();
    stays.hears_bound((0, 0)).await;
    let patience = || {
        let until = test.stage.with(|played| played.terminated_by);
        until.unwrap() - Instant::now()
    };
    closed.says(ClientMessage::Close).await;
    closed.ends().await;
    while test.sessions.living() == 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(patience(), SECOND * 9);
    test.sessions.shut_down(Instant::now() + SECOND * 60);
    assert_eq!(stays.ends().await, EndReason::Shutdown);
    test.sessions.ended().await;
    // With some time left for the server's own end.
    assert_eq!(patience(), SECOND * 59 + SECOND / 2);
}

#[tokio::test(start_paused = true)]
async fn what_terminations_left_is_counted_before_the_shutdown_too() {
    let test = Test::new(|_| {});
    test.stage
        .with(|played| played.remains = Some(Remains::Processes(1)));
    let [mut closed, mut first, mut second] = [test.bind(), test.bind(), test.bind()];
    for client in [&mut closed, &mut first, &mut second] {
        client.hears_bound((0, 0)).await;
    }
    closed.says(ClientMessage::Close).await;
    closed.ends().await;
    while test.sessions.living() == 3 {
        tokio::task::yield_now().await;
    }
    test.sessions.shut_down(Instant::now() + SECOND * 10);
    first.ends().await;
    second.ends().await;
    test.sessions.ended().await;
    assert_eq!(test.sessions.left(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_end_in_time_is_left() {
    let test = Test::new(|_| {});
    test.stage.with(|played| played.delay = SECOND * 3600);
    let starting = test.bind();
    while test.sessions.living() == 0 {
        tokio::task::yield_now().await;
    }
    let until = Instant::now() + SECOND * 10;
    test.sessions.shut_down(until);
    assert_eq!(starting.ends().await, EndReason::Shutdown);
    let ended = tokio::time::timeout_at(until, test.sessions.ended()).await;
    assert!(ended.is_err());
    assert_eq!(test.sessions.left(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_ends_also_while_its_client_is_away() {
    let test = Test::new(|limits| limits.idle = Some(SECOND * 30));
    let mut client = test.bind();
    client.hears_bound((0, 0)).await;
    client.breaks().await;
    let lost = Instant::now();
    test.all_over().await;
    assert_eq!(lost.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_ended_while_its_client_was_away_tells_how() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    client.breaks().await;
    test.prints(b"bye").await;
    test.shell_says(ProcessEvent::Ended(ProcessEnd::Exited(7)))
        .await;
    sleep(SECOND * 10).await;
    let mut client = test.resume(&key, 0);
    client.hears_bound((0, 0)).await;
    client.hears_output(b"bye", 3).await;
    assert_eq!(client.served.await.unwrap().code, Some(7));
}

/// A session whose shell has ended; to find out what that means takes 10 seconds, of which one has passed.
async fn ending(test: &Test) -> (Client, String, Instant) {
    test.stage.with(|played| played.thought = SECOND * 10);
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    test.prints(b"bye").await;
    client.hears_output(b"bye", 3).await;
    test.shell_says(ProcessEvent::Ended(ProcessEnd::Exited(7)))
        .await;
    let ended = Instant::now();
    sleep(SECOND).await;
    (client, key, ended)
}

#[tokio::test(start_paused = true)]
async fn a_client_is_heard_while_its_end_is_found_out() {
    let test = Test::new(|_| {});
    let (mut client, _, ended) = ending(&test).await;
    client.says(ClientMessage::Ping { token: "7".into() }).await;
    let pong = ServerMessage::Pong { token: "7".into() };
    assert_eq!(client.hears().await, Heard::Message(pong));
    assert_eq!(ended.elapsed().as_secs(), 1);
    assert_eq!(client.served.await.unwrap().code, Some(7));
    assert_eq!(ended.elapsed().as_secs(), 10);
    test.all_over().await;
    assert_eq!(test.stage.with(|played| played.terminated), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_taken_over_while_its_end_is_found_out() {
    let test = Test::new(|_| {});
    let (first, key, ended) = ending(&test).await;
    let mut second = test.resume(&key, 1);
    second.hears_bound((1, 0)).await;
    second.hears_output(b"ye", 3).await;
    assert_eq!(first.ends().await, EndReason::TakenOver);
    assert_eq!(ended.elapsed().as_secs(), 1);
    assert_eq!(second.served.await.unwrap().code, Some(7));
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_what_an_end_means() {
    let test = Test::new(|_| {});
    let (client, _, ended) = ending(&test).await;
    test.shutdown.cancel();
    assert_eq!(client.ends().await, EndReason::Shutdown);
    assert_eq!(ended.elapsed().as_secs(), 1);
    test.sessions.ended().await;
    assert_eq!(test.stage.with(|played| played.terminated), 0);
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_lost_ends_the_session_also_while_nobody_is_there() {
    let test = Test::new(|_| {});
    test.stage
        .with(|played| played.revoked_after = Some(SECOND * 50));
    let client = test.bind();
    let exit = client.served.await.unwrap();
    assert_eq!(exit.reason, EndReason::Forbidden);
    test.all_over().await;
    assert_eq!(test.stage.with(|played| played.terminated), 1);
}

#[tokio::test(start_paused = true)]
async fn who_signs_out_ends_their_own_sessions() {
    let test = Test::new(|_| {});
    let id = String::new();
    let mut anns = test.connect(
        "ann",
        ClientMessage::Bind {
            id: id.clone(),
            extended: true,
        },
    );
    let mut bobs = test.connect("bob", ClientMessage::Bind { id, extended: true });
    anns.hears_bound((0, 0)).await;
    bobs.hears_bound((0, 0)).await;
    test.sessions.sign_out(&Caller("ann".to_owned()));
    assert_eq!(anns.served.await.unwrap().reason, EndReason::SignedOut);
    sleep(SECOND * 60).await;
    assert!(!bobs.served.is_finished());
    assert_eq!(test.sessions.living(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_must_be_watched_and_is_not_does_not_begin() {
    let (test, watcher) = Test::watched();
    watcher.note("blind");
    let exit = test.bind().served.await.unwrap();
    assert_eq!(exit.reason, EndReason::Limit);
    assert!(test.stage.with(|played| played.opened.is_empty()));
    assert_eq!(test.sessions.living(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_announced_to_who_is_there_and_to_who_comes_back() {
    let test = Test::new(|_| {});
    let mut client = test.bind();
    let key = client.hears_bound((0, 0)).await;
    test.sessions.announce(Instant::now() + SECOND * 30);
    let soon = |seconds| Heard::Message(ServerMessage::Notice(Notice::ShutdownSoon { seconds }));
    assert_eq!(client.hears().await, soon(30));
    // Until then all goes on.
    test.prints(b"x").await;
    client.hears_output(b"x", 1).await;
    client.breaks().await;
    sleep(SECOND * 10).await;
    let mut back = test.resume(&key, 1);
    back.hears_bound((1, 0)).await;
    assert_eq!(back.hears().await, soon(20));
    test.sessions.shut_down(Instant::now() + SECOND * 10);
    assert_eq!(back.ends().await, EndReason::Shutdown);
}
