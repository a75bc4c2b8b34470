//! Terminals through the whole server, against a fake cluster: the good cases.

mod common;

use common::{TestServer, soon, until, web};
use fake_cluster::{Container, ExecEffect, FakeCluster, Fault, Pod, Protocol};
use podshell_shared::terminal::{ClientMessage, EndReason, OUTPUT_WINDOW, ServerMessage};

/// What was asked of the cluster for the last exec.
fn last_exec(cluster: &FakeCluster) -> fake_cluster::ExecRecord {
    cluster.execs().pop().expect("an exec")
}

#[tokio::test]
async fn a_shell_from_its_prompt_to_its_exit_code() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal.type_text("stty size; echo $((6*7)) $TERM\r").await;
    terminal.see("24 80\r\n42 xterm-256color\r\n").await;
    assert!(
        matches!(
            &terminal.others[..],
            [ServerMessage::Bound { offset: 0, .. }]
        ),
        "{:?}",
        terminal.others
    );
    terminal.resize(50, 132).await;
    until("the new size", || {
        last_exec(&server.cluster)
            .sizes
            .last()
            .is_some_and(|size| size.height == 50)
    })
    .await;
    terminal.type_text("stty size; exit 3\r").await;
    assert_eq!(terminal.end().await, (1, "Process exited".to_owned()));
    assert!(terminal.screen.contains("50 132"), "{}", terminal.screen);
    let exit = terminal.exit.expect("an exit message");
    assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(3)));
    // And nothing else was started.
    assert_eq!(server.cluster.execs().len(), 1);
    let exec = last_exec(&server.cluster);
    assert!(exec.tty && exec.protocol == Some(Protocol::V4), "{exec:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_dashboard_client_sees_dashboards_messages_alone() {
    let server = TestServer::start(web()).await;
    let id = server.mint("app").await;
    let mut terminal = server.connect().await;
    // Bind and resize in one breath, as one batch; keys in any case, unknown ones ignored.
    let bind = format!(r#"{{"op":"bind","sessionid":"{id}","more":[1]}}"#);
    let resize = r#"{"Op":"resize","Cols":100,"Rows":30}"#;
    let batch = serde_json::to_string(&[bind.as_str(), resize]).unwrap();
    terminal.say_frame(batch).await;
    // With each key comes the size that the client had at first, as with no other than Dashboard's own page: it counts not.
    for key in ["stty ", "size; ", "exit\r"] {
        let stdin =
            format!(r#"{{"Op":"stdin","Data":{key:?},"SessionID":"","Rows":24,"Cols":80}}"#);
        terminal.say_text(&stdin).await;
    }
    assert_eq!(terminal.end().await, (1, "Process exited".to_owned()));
    assert!(terminal.screen.contains("30 100"), "{}", terminal.screen);
    assert_eq!((terminal.exit, terminal.others), (None, vec![]));
    server.stop().await;
}

#[tokio::test]
async fn characters_survive_any_split() {
    let server = TestServer::start(web()).await;
    let one_byte = Fault::exec(ExecEffect::ReadSize(1));
    server.cluster.inject(one_byte);
    let mut terminal = server.open("app").await;
    // At the prompt, where the shell edits the line.
    terminal.see_prompt().await;
    terminal.type_text("echo 你好 🎉; exit\r").await;
    terminal.end().await;
    assert!(
        terminal.screen.contains("你好 🎉\r\n"),
        "{}",
        terminal.screen
    );
    assert!(!terminal.screen.contains('\u{fffd}'), "{}", terminal.screen);
    server.stop().await;
}

#[tokio::test]
async fn the_environment_is_a_terminals() {
    let server = TestServer::start(web()).await;
    for container in ["app", "plain", "bash-only"] {
        let mut terminal = server.open(container).await;
        let values = "echo \"<$TERM $COLORTERM $LANG>\"; exit\r";
        terminal.type_text(values).await;
        terminal.end().await;
        let said = "<xterm-256color truecolor C.UTF-8>\r\n";
        assert!(terminal.screen.contains(said), "{}", terminal.screen);
    }
    server.stop().await;
}

#[tokio::test]
async fn backspace_takes_back_whole_characters() {
    const BACKSPACE: &str = "\x7f";
    let editors = Pod::new("default", "web-0")
        .container(Container::new("kernel").only(&["sh", "stty", "cat", "od"]))
        .container(Container::new("readline").only(&["bash", "stty", "od"]))
        .container(Container::new("busybox").only(&["sh", "stty", "busybox"]));
    let server = TestServer::start(FakeCluster::builder().pod(editors)).await;

    // The kernel edits the lines of what reads them plainly.
    let mut terminal = server.open("kernel").await;
    terminal.see_prompt().await;
    terminal
        .type_text("cat >typed; od -An -tx1 typed; exit\r")
        .await;
    let typed = format!(
        "árvíztűrő{}b\raű你{}b\r\x04",
        BACKSPACE.repeat(9),
        BACKSPACE.repeat(2)
    );
    terminal.type_text(&typed).await;
    terminal.end().await;
    assert!(
        terminal.screen.contains(" 62 0a 61 62 0a\r\n"),
        "{}",
        terminal.screen
    );

    // Shells edit their own.
    let line = |command: &str| format!("echo árvíztűrő{}{command}\r", BACKSPACE.repeat(9));
    let mut terminal = server.open("readline").await;
    terminal.see_prompt().await;
    terminal.type_text(&line("ok | od -An -tx1; exit")).await;
    terminal.end().await;
    assert!(
        terminal.screen.contains(" 6f 6b 0a\r\n"),
        "{}",
        terminal.screen
    );

    // Debian has it where images are made.
    if std::path::Path::new("/bin/busybox").exists() {
        let mut terminal = server.open("busybox").await;
        terminal
            .type_text("PS1='in busybox $ ' exec busybox sh\r")
            .await;
        terminal.see("\nin busybox $ ").await;
        terminal
            .type_text(&line("ok | busybox od -An -tx1; exit"))
            .await;
        terminal.end().await;
        assert!(
            terminal.screen.contains(" 6f 6b 0a\r\n"),
            "{}",
            terminal.screen
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn the_next_shell_where_one_is_missing() {
    let server = TestServer::start(web()).await;
    for (container, name) in [("plain", "sh"), ("bash-only", "bash")] {
        let mut terminal = server.open(container).await;
        // Typed before there is a shell: it must not be lost to the one that was not found.
        terminal.type_text("echo I am $0; exit\r").await;
        terminal.end().await;
        let said = format!("I am {name}\r\n");
        assert!(terminal.screen.contains(&said), "{}", terminal.screen);
    }
    server.stop().await;
}

#[tokio::test]
async fn no_shell_at_all() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("bare").await;
    let (code, reason) = terminal.end().await;
    assert_eq!(code, 2);
    assert!(reason.contains("\"bare\" has no shell"), "{reason}");
    assert_eq!(terminal.exit.unwrap().reason, EndReason::NoShell);
    server.stop().await;
}

#[tokio::test]
async fn the_shell_that_was_asked_for() {
    let server = TestServer::start(web()).await;
    let path = |shell| format!("/api/v1/pod/default/web-0/shell/plain?shell={shell}");
    let (_, body) = server.get(&path("bash")).await;
    let id = serde_json::from_str::<podshell_shared::api::Minted>(&body)
        .unwrap()
        .id;
    let mut terminal = server.connect().await;
    terminal.bind(&id, true).await;
    let (code, reason) = terminal.end().await;
    assert_eq!(
        (code, reason.contains("has no bash")),
        (2, true),
        "{reason}"
    );
    let (status, body) = server.get(&path("tcsh")).await;
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("unknown-shell"), "{body}");
    server.stop().await;
}

#[tokio::test]
async fn v5_where_v4_is_refused() {
    let server = TestServer::start(web().protocols(&[Protocol::V5])).await;
    let mut terminal = server.open("app").await;
    terminal.type_text("exit 5\r").await;
    terminal.end().await;
    let exit = terminal.exit.unwrap();
    assert_eq!(exit.code, Some(5), "{}", exit.message);
    assert_eq!(last_exec(&server.cluster).protocol, Some(Protocol::V5));
    server.stop().await;
}

#[tokio::test]
async fn pings_are_answered_while_output_waits() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal.acknowledges = false;
    terminal.type_text("yes\r").await;
    let sent = |terminal: &common::Terminal| terminal.screen.len() as u64;
    while sent(&terminal) < OUTPUT_WINDOW {
        assert!(terminal.step().await);
    }
    // The window is full: output waits, and the answer does not.
    let token = "now".to_owned();
    terminal
        .say(&ClientMessage::Ping {
            token: token.clone(),
        })
        .await;
    let pong = ServerMessage::Pong { token };
    while !terminal.others.contains(&pong) {
        assert!(terminal.step().await);
    }
    let most = OUTPUT_WINDOW + (32 << 10);
    assert!(
        sent(&terminal) <= most,
        "{} bytes beyond the window",
        sent(&terminal) - most
    );
    // And Ctrl-C goes through at once, though the client still acknowledges nothing.
    terminal.say(&ClientMessage::Interrupt).await;
    let offset = sent(&terminal);
    terminal.acknowledges = true;
    terminal.say(&ClientMessage::Ack { offset }).await;
    terminal.see("^C").await;
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_paste_arrives_whole() {
    let server = TestServer::start(web()).await;
    let mut terminal = server.open("app").await;
    terminal
        .type_text("stty raw -echo; echo ready; head -c 1000000 | cksum; exit\r")
        .await;
    terminal.see("ready\n").await;
    let text: String = (0..1_000_000_u32)
        .map(|n| char::from(b'a' + (n % 26) as u8))
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &text).unwrap();
    let expected = std::process::Command::new("cksum")
        .stdin(file.reopen().unwrap())
        .output()
        .unwrap();
    for piece in text.as_bytes().chunks(100_000) {
        terminal.type_text(str::from_utf8(piece).unwrap()).await;
    }
    terminal.end().await;
    let expected = String::from_utf8(expected.stdout).unwrap();
    assert!(
        terminal.screen.contains(expected.trim()),
        "{}",
        terminal.screen
    );
    server.stop().await;
}

#[tokio::test]
async fn two_shells_at_once() {
    let server = TestServer::start(web()).await;
    let mut one = server.open("app").await;
    let mut two = server.open("app").await;
    one.type_text("echo $((1+1)) one; exit 1\r").await;
    two.type_text("echo $((2+2)) two; exit 2\r").await;
    soon("both", async { tokio::join!(one.end(), two.end()) }).await;
    assert!(
        one.screen.contains("2 one") && !one.screen.contains("two"),
        "{}",
        one.screen
    );
    assert!(
        two.screen.contains("4 two") && !two.screen.contains("one"),
        "{}",
        two.screen
    );
    assert_eq!(one.exit.unwrap().code, Some(1));
    assert_eq!(two.exit.unwrap().code, Some(2));
    server.stop().await;
}
