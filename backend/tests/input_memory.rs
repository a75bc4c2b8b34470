//! Input that waits costs memory by its bytes, not by its messages. In a program of its own, for it counts what is allocated.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

use std::{
    alloc::System,
    convert::Infallible,
    future::{Future, pending},
    time::Duration,
};

use bytes::Bytes;
use cap::Cap;
use podshell::session::{
    Caller, ClientEvent, ClientReader, ClientWriter, Gone, Identity, Limits, Mode, Permit,
    ProcessEnd, ProcessEvent, ProcessReader, ProcessWriter, Remains, RunningProcess, Session,
    SessionId, Sessions, Target, TerminalBackend, ToClient,
};
use podshell_shared::terminal::{
    ClientMessage, EndReason, Exit, INPUT_WINDOW, ServerMessage, Size,
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// As much input as may wait, in messages of one byte.
const MESSAGES: u64 = 2 * INPUT_WINDOW;
/// Each is read into a buffer of its own, in bytes.
const READ_BUFFER: usize = 4 << 10;
/// What it may cost, in bytes.
const BOUND: usize = 1 << 20;

/// A shell that does not read, nor write.
#[derive(Clone, Debug)]
struct Deaf;

impl ProcessReader for Deaf {
    async fn read_event(&mut self) -> ProcessEvent {
        pending().await
    }
}

impl ProcessWriter for Deaf {
    type Permit<'a> = Infallible;

    async fn reserve(&mut self) -> Infallible {
        pending().await
    }

    fn is_writing(&self) -> bool {
        false
    }
}

impl TerminalBackend for Deaf {
    type Reader = Self;
    type Writer = Self;
    type Handle = ();

    async fn open(
        &self,
        _: SessionId,
        _: &Target,
        _: watch::Receiver<Size>,
    ) -> Result<RunningProcess<Self>, Exit> {
        Ok(RunningProcess {
            reader: Self,
            writer: Self,
            handle: (),
        })
    }

    fn revoked(&self, _: &Target) -> impl Future<Output = Exit> + Send + 'static {
        pending()
    }

    async fn explain(&self, _: &Target, ended: ProcessEnd) -> Exit {
        panic!("{ended:?}");
    }

    async fn terminate(
        &self,
        _: &Target,
        _: RunningProcess<Self>,
        _: Instant,
    ) -> Result<(), Remains> {
        Ok(())
    }
}

/// Types so many bytes, one by one, then asks whether all was heard, and leaves when told to.
struct Typist {
    left: u64,
    pinged: bool,
    leave: mpsc::Receiver<()>,
}

impl ClientReader for Typist {
    async fn read_message(&mut self) -> ClientEvent {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            let read = Bytes::from(vec![b'x'; READ_BUFFER]);
            let data = read.slice(1000..1001);
            return ClientEvent::Message(ClientMessage::Stdin { data });
        }
        if !self.pinged {
            self.pinged = true;
            let token = String::new();
            return ClientEvent::Message(ClientMessage::Ping { token });
        }
        self.leave.recv().await;
        ClientEvent::Gone
    }
}

/// Passes on what is said to it.
struct Screen(mpsc::Sender<ServerMessage>);

impl ClientWriter for Screen {
    type Permit<'a> = ScreenPermit<'a>;

    async fn reserve(&mut self) -> Result<ScreenPermit<'_>, Gone> {
        let permit = self.0.reserve().await;
        permit.map(ScreenPermit).map_err(|_| Gone)
    }
}

struct ScreenPermit<'a>(mpsc::Permit<'a, ServerMessage>);

impl Permit<ToClient> for ScreenPermit<'_> {
    fn send(self, message: ToClient) {
        match message {
            ToClient::Message(message) => self.0.send(message),
            ToClient::Output(output, _) => panic!("{output:?}"),
        }
    }
}

fn ann() -> Identity {
    Identity {
        caller: Caller("ann".to_owned()),
        user: None,
        address: None,
    }
}

#[tokio::test]
async fn bytes_that_wait_cost_little_more_than_their_number() {
    let limits = Limits {
        sessions: 1,
        per_caller: 1,
        grace: Duration::from_secs(3600),
        leave_grace: Duration::from_secs(1),
        idle: None,
        lifetime: None,
        drain: Duration::from_secs(1),
        legacy_interrupt: true,
    };
    let shutdown = CancellationToken::new();
    let sessions = Sessions::new(limits, None, shutdown.clone());
    let target = Target {
        namespace: "shop".to_owned(),
        pod: "web-0".to_owned(),
        container: "app".to_owned(),
        shell: None,
        mode: Mode::Exec,
        windows: false,
        image: String::new(),
    };
    let before = HEAP.allocated();
    let (leave, told) = mpsc::channel(1);
    let (said, mut hear) = mpsc::channel(8);
    let client = tokio::spawn({
        let sessions = sessions.clone();
        async move {
            let mut reader = Typist {
                left: MESSAGES,
                pinged: false,
                leave: told,
            };
            let mut writer = Screen(said);
            let (sessions, reader, writer) = (&sessions, &mut reader, &mut writer);
            let ann = ann();
            let begun = Session::begin(sessions, &ann, Deaf, target, true, reader, writer);
            let session = begun.await?;
            Ok::<_, Exit>(session.run(sessions, reader, writer).await)
        }
    });
    let (mut key, mut all_heard) = (None, false);
    while key.is_none() || !all_heard {
        match hear.recv().await.expect("a key and the answer to the ping") {
            ServerMessage::Bound { key: of, .. } => key = Some(of),
            ServerMessage::Pong { .. } => all_heard = true,
            other => panic!("{other:?}"),
        }
    }
    let cost = HEAP.allocated().saturating_sub(before);
    assert!(cost < BOUND, "{cost} bytes for {MESSAGES} of input");

    // Nor does what waits for a client that is away.
    leave.send(()).await.unwrap();
    assert_eq!(client.await.unwrap().unwrap().reason, EndReason::Closed);
    let cost = HEAP.allocated().saturating_sub(before);
    assert!(
        cost < BOUND,
        "{cost} bytes for {MESSAGES} of input, detached"
    );

    // And none of it was lost.
    let resumed = Session::resume(&sessions, &ann(), &key.unwrap(), 0).await;
    let (said, mut hear) = mpsc::channel(8);
    let (_leave, told) = mpsc::channel(1);
    let client = tokio::spawn({
        let sessions = sessions.clone();
        async move {
            let mut reader = Typist {
                left: 0,
                pinged: true,
                leave: told,
            };
            resumed
                .unwrap()
                .run(&sessions, &mut reader, &mut Screen(said))
                .await
        }
    });
    let Some(ServerMessage::Bound { input, .. }) = hear.recv().await else {
        panic!("not bound");
    };
    assert_eq!(input, MESSAGES);
    shutdown.cancel();
    assert_eq!(client.await.unwrap().reason, EndReason::Shutdown);
    sessions.ended().await;
}
