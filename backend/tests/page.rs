//! The page's own client against the server, by each of its transports.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use common::{TestServer, page::Page, web};
use podshell_client::transport::Transport;
use podshell_shared::terminal::EndReason;

#[tokio::test]
async fn a_shell_by_each_transport() {
    for transport in Transport::ALL {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        assert_eq!(page.client().transport(), transport, "no other is needed");
        page.see_prompt().await;
        page.resize(30, 100).await;
        page.type_in("stty size; printf '汉字''🙂\\n'\r").await;
        page.see("30 100").await;
        page.see("汉字🙂").await;
        page.type_in("exit 3\r").await;
        let exit = page.exit().await;
        assert_eq!((exit.reason, exit.code), (EndReason::Exited, Some(3)));
        server.stop().await;
    }
}

#[tokio::test]
async fn each_transport_goes_on_where_it_was_lost() {
    for transport in Transport::ALL {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        page.type_in("stty -echo; printf 'be''gin\\n'; seq 1 20000; read line; echo \"$line\"\r")
            .await;
        page.see("begin").await;
        for _ in 0..3 {
            page.step().await;
            page.reconnect().await;
        }
        page.see("20000\r\n").await;
        let (_, numbers) = page.screen.split_once("begin\r\n").unwrap();
        let expected: Vec<String> = (1..=20_000).map(|n| n.to_string()).collect();
        assert!(numbers.lines().eq(expected), "{transport:?}");
        // What was not on its way yet is sent by the next connection.
        page.type_in("what was typed\r").await;
        page.reconnect().await;
        page.see("what was typed").await;
        assert_eq!((page.missing, page.skipped), (0, 0));
        page.close().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn what_a_page_leaves_behind_ends_soon_by_each_transport() {
    for transport in Transport::ALL {
        let server = TestServer::start(web()).await;
        let mut page = Page::open(&server, transport).await;
        page.type_in("echo rea''dy; sleep 1000\r").await;
        page.see("ready").await;
        page.leave().await;
        drop(page);
        // 5 s, and not the 60 of a connection that was lost
        server.no_process_left().await;
        server.stop().await;
    }
}
