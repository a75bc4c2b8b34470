//! `/readyz`, which anyone may ask: it is neither the API server's time nor the log's room that they get.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{TestServer, kubeconfig, process::Podshell, soon, until, web};
use fake_cluster::{ApiEffect, Fault, Route};
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet, time::Instant};

#[tokio::test]
async fn readiness_is_asked_for_once_for_all() {
    let cluster = web().start().await.unwrap();
    let file = kubeconfig(&cluster);
    let flags = ["--kubeconfig", file.path().to_str().unwrap()];
    let server = Podshell::start(&flags).await;
    let host = server.address.host.clone();
    // `count` requests over `clients` connections: the answers' status codes
    let ask = async |clients: usize, count: usize| {
        let mut asking = JoinSet::new();
        for _ in 0..clients {
            let host = host.clone();
            asking.spawn(async move {
                let client = Client::builder(TokioExecutor::new()).build_http();
                let mut statuses = Vec::new();
                for _ in 0..count / clients {
                    let request = Request::get(format!("http://{host}/readyz"));
                    let request = request.body(Empty::<&[u8]>::new()).unwrap();
                    let response = client.request(request).await.unwrap();
                    statuses.push(response.status().as_u16());
                    response.into_body().collect().await.unwrap();
                }
                statuses
            });
        }
        let mut statuses: Vec<_> = soon("all answers", asking.join_all())
            .await
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(statuses.len(), count);
        statuses.dedup();
        statuses
    };
    let ready = async |status| {
        soon("the cluster's state", async {
            while ask(1, 1).await != [status] {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    let asked = cluster.calls(Route::Version);
    let begun = Instant::now();
    assert_eq!(ask(8, 1000).await, [200]);
    let most = |begun: Instant| 2 + begun.elapsed().as_secs() / 3;
    let calls = cluster.calls(Route::Version) - asked;
    assert!((1..=most(begun)).contains(&calls), "{calls}");
    assert_eq!(server.log(), [""; 0]);
    // The same when there is none.
    cluster.inject(Fault::api(
        Route::Version,
        ApiEffect::Refuse {
            code: 500,
            message: "on fire".to_owned(),
        },
    ));
    ready(503).await;
    let (asked, begun) = (cluster.calls(Route::Version), Instant::now());
    assert_eq!(ask(8, 1000).await, [503]);
    let calls = cluster.calls(Route::Version) - asked;
    assert!(calls <= most(begun), "{calls}");
    until("a line", || !server.log().is_empty()).await;
    let log = server.log();
    assert!(log.len() == 1 && log[0].contains("not ready"), "{log:?}");
    cluster.clear_faults();
    ready(200).await;
    until("a line", || server.log().len() > 1).await;
    let log = server.log();
    assert!(log.len() == 2 && log[1].contains("ready again"), "{log:?}");
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_silent_cluster_is_asked_once_at_a_time() {
    let server = TestServer::start(web()).await;
    let silent = Fault::api(Route::Version, ApiEffect::Delay(Duration::MAX));
    server.cluster.inject(silent);
    let asked = server.cluster.calls(Route::Version);
    let begun = Instant::now();
    // One asks and does not wait for the answer: that makes it no faster for the others, and the cluster is
    // not asked a second time.
    let mut hasty = TcpStream::connect(&server.host).await.unwrap();
    let ask = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\n\r\n", server.host);
    hasty.write_all(ask.as_bytes()).await.unwrap();
    let calls = || server.cluster.calls(Route::Version) - asked;
    until("the question", || calls() == 1).await;
    drop(hasty);
    let answers: Vec<_> = (0..20)
        .map(|_| server.send(server.anonymous("/readyz")))
        .collect();
    for answer in futures_util::future::join_all(answers).await {
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("not-ready"), "{}", answer.body);
    }
    assert_eq!(calls(), 1);
    assert!(begun.elapsed() < Duration::from_secs(9));
    server.stop().await;
}
