//! A connection is lost and another goes on with its session, in either encoding.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{
    TestServer,
    client::{Connection, Encoding},
    page::Page,
    soon, until, web,
};
use fake_cluster::{ExecEffect, Fault};
use podshell_client::{End, ResumePoint, transport::Transport};
use podshell_shared::terminal::{
    ClientMessage, EndReason, Exit, INPUT_WINDOW, Notice, OUTPUT_WINDOW, ServerMessage,
};

const BINARY: Transport = Transport::WebSocketBinary;
const TEXT: Transport = Transport::WebSocketText;
const BOTH: [Transport; 2] = [BINARY, TEXT];

fn encoding_of(transport: Transport) -> Encoding {
    if transport.is_binary() {
        Encoding::Binary
    } else {
        Encoding::Text
    }
}

/// What the server says to one who has any connection and asks for the session of this key.
async fn refusal(server: &TestServer, encoding: Encoding, key: &str) -> Exit {
    let address = server.address();
    let mut connection = Connection::open(&address, encoding, 4096).await.unwrap();
    let key = key.to_owned();
    let resume = ClientMessage::Resume { key, offset: 0 };
    connection.say(&resume).await.unwrap();
    match soon("a message", connection.hear()).await.unwrap() {
        Some(ServerMessage::Exit(exit)) => exit,
        other => panic!("{other:?}"),
    }
}

/// What the server said of an end.
fn exit_of(ended: Result<Page, End>) -> Exit {
    match ended.err() {
        Some(End::Exit(exit)) => exit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_missing_after_many_losses() {
    for transport in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        page.type_in("stty -echo; printf 'be''gin\\n'; seq 1 300000; printf '汉字''🙂\\n'\r")
            .await;
        page.see("begin").await;
        for _ in 0..20 {
            for _ in 0..5 {
                page.step().await;
            }
            page.reconnect().await;
        }
        page.see("汉字🙂").await;
        let (_, numbers) = page.screen.split_once("begin\r\n").unwrap();
        let mut lines = numbers.lines();
        for expected in 1..=300_000 {
            assert_eq!(
                lines.next(),
                Some(expected.to_string().as_str()),
                "{transport:?}"
            );
        }
        assert_eq!(lines.next(), Some("汉字🙂"));
        page.type_in("exit 3\r").await;
        assert_eq!(page.exit().await.code, Some(3));
        server.stop().await;
    }
}

#[tokio::test]
async fn the_old_connection_is_told() {
    for transport in BOTH {
        let server = TestServer::start(web()).await;
        let mut first = Page::open(&server, transport).await;
        let point = first.resume_point();
        let mut second = Page::resume(&server, transport, point).await.unwrap();
        assert_eq!(first.exit().await.reason, EndReason::TakenOver);
        second.type_in("echo $((6*7)); exit\r").await;
        second.see("42").await;
        assert_eq!(second.exit().await.reason, EndReason::Exited);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_connection_that_was_given_up_takes_nothing_over() {
    for transport in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        page.see_prompt().await;
        let ResumePoint { key, drawn, .. } = page.resume_point();
        // The client tries once more before the server has looked at this.
        let encoding = encoding_of(transport);
        let stale = Connection::open(&server.address(), encoding, 4096).await;
        let resume = ClientMessage::Resume { key, offset: drawn };
        soon("a write", stale.unwrap().say_last(&resume))
            .await
            .unwrap();
        page.type_in("echo $((6*7)); exit\r").await;
        page.see("42").await;
        assert_eq!(page.exit().await.reason, EndReason::Exited);
        server.stop().await;
    }
}

#[tokio::test]
async fn there_is_nothing_to_resume() {
    let server = TestServer::start_with(web(), &["--grace", "0s"]).await;
    for transport in BOTH {
        let page = Page::open(&server, transport).await;
        let point = page.resume_point();
        let encoding = encoding_of(transport);
        let refused = refusal(&server, encoding, "guessed").await;
        assert_eq!(refused.reason, EndReason::NoSession);
        drop(page);
        until("its end", || server.sessions.living() == 0).await;
        let refused = refusal(&server, encoding, &point.key).await;
        assert_eq!(refused.reason, EndReason::NoSession);
        // A page's connection is not let in, so it asks the API.
        let refused = Page::resume(&server, transport, point).await;
        assert_eq!(exit_of(refused).reason, EndReason::NoSession);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_leaves_is_waited_for_shortly() {
    let server = TestServer::start(web()).await;
    let mut page = Page::open(&server, BINARY).await;
    page.type_in("stty -echo; sh -c 'echo rea''dy; exec sleep 1000'\r")
        .await;
    page.see("ready").await;
    page.reload().await;
    page.type_in("\x03").await;
    page.see_prompt().await;
    page.type_in("echo he''re; sleep 1000\r").await;
    page.see("here").await;
    page.leave().await;
    drop(page);
    // 5 s, and not the 60 of a connection that was lost
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_is_away_blocks_its_program_and_no_more() {
    let server = TestServer::start(web()).await;
    let mut page = Page::open(&server, BINARY).await;
    page.type_in("stty -echo; echo be''gin; yes | head -c 20000000 | tr -d '\\n'; echo end\r")
        .await;
    page.see("begin").await;
    let point = page.resume_point();
    drop(page);
    // What the cluster can send while nobody reads is bounded by the sockets.
    let taken = || server.cluster.execs()[0].clone();
    until("the program", || taken().exit_code().is_none()).await;
    let mut page = Page::resume(&server, BINARY, point).await.unwrap();
    // Half of it are the line ends, which `tr` takes.
    while !page.screen.contains("end\r\n") {
        let surplus = page.screen.len().saturating_sub(16);
        let is_printed = |character| "begin\r\ny".contains(character);
        assert!(page.screen.drain(..surplus).all(is_printed));
        assert!(page.step().await);
    }
    assert!(page.drawn > 10_000_000 && page.skipped == 0);
    page.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_interrupt_skips_the_flood() {
    for transport in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        page.see_prompt().await;
        page.type_in("yes\r").await;
        while page.drawn < OUTPUT_WINDOW * 4 {
            page.step().await;
        }
        page.screen.clear();
        page.interrupt().await;
        page.see_prompt().await;
        let shown = page.screen.len() as u64;
        assert!(
            shown <= OUTPUT_WINDOW + (64 << 10),
            "{transport:?}: {shown} bytes before the prompt"
        );
        page.type_in("echo $((6*7)); exit\r").await;
        page.see("42").await;
        page.exit().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn input_of_any_size_arrives_byte_for_byte() {
    for transport in BOTH {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        let line: String = ('!'..='~').filter(|c| !"\\'\"".contains(*c)).collect();
        let pasted = format!("{line}汉字\r").repeat(30_000);
        let (size, sum) = (pasted.len(), cksum(&pasted));
        page.type_in(format!(
            "stty raw -echo; echo rea''dy; head -c {size} | cksum; exit\r"
        ))
        .await;
        page.see("ready").await;
        // Never more goes out than the server has room for.
        page.type_in(pasted).await;
        page.see(&format!("{sum} {size}")).await;
        page.exit().await;
        server.stop().await;
    }
}

/// POSIX cksum.
fn cksum(text: &str) -> u32 {
    let length = (0..8).map(|at| (text.len() >> (8 * at)) as u8).take_while({
        let mut left = text.len();
        move |_| {
            let more = left > 0;
            left >>= 8;
            more
        }
    });
    let crc = text.bytes().chain(length).fold(0_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            (crc << 1) ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    });
    !crc
}

#[tokio::test]
async fn too_much_input_at_once_is_refused() {
    let server = TestServer::start(web()).await;
    server
        .cluster
        .inject(Fault::exec(ExecEffect::DelayUpgrade(Duration::from_secs(2))).once());
    let id = server.mint("app").await;
    let address = server.address();
    let mut connection = Connection::open(&address, Encoding::Binary, 4096)
        .await
        .unwrap();
    let bind = ClientMessage::Bind { id, extended: true };
    connection.say(&bind).await.unwrap();
    let exit = soon("the end", async {
        let data = Bytes::from(vec![b'x'; 16 << 10]);
        for _ in 0..=2 * INPUT_WINDOW / (16 << 10) {
            let stdin = ClientMessage::Stdin { data: data.clone() };
            if connection.say(&stdin).await.is_err() {
                break;
            }
        }
        loop {
            match connection.hear().await.unwrap() {
                Some(ServerMessage::Exit(exit)) => return exit,
                Some(_) => {}
                None => panic!("no reason"),
            }
        }
    })
    .await;
    assert_eq!(exit.reason, EndReason::Protocol, "{}", exit.message);
    server.stop().await;
}

#[tokio::test]
async fn limits_are_said() {
    let server = TestServer::start_with(
        web(),
        &["--max-sessions-per-user", "1", "--idle-limit", "10s"],
    )
    .await;
    let mut page = Page::open(&server, BINARY).await;
    let id = server.mint("app").await;
    let refused = Page::open_with(&server, TEXT, id).await;
    assert_eq!(exit_of(refused).reason, EndReason::Limit);
    assert_eq!(page.exit().await.reason, EndReason::Idle);
    let idle_soon = matches!(page.notices[0], Notice::IdleSoon { .. });
    assert!(idle_soon, "{:?}", page.notices);
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_ends_tells_those_who_are_there_and_ends_the_shells_of_those_who_are_not() {
    let server = TestServer::start(web()).await;
    let mut here = Page::open(&server, BINARY).await;
    let away = Page::open(&server, TEXT).await;
    drop(away);
    let (cluster, exit) = soon("the shutdown", async {
        tokio::join!(server.shut_down(), here.exit())
    })
    .await;
    assert_eq!(exit.reason, EndReason::Shutdown);
    assert_eq!(cluster.processes(), [""; 0]);
    cluster.shutdown().await;
}
