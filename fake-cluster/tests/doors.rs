//! Who is let in: on a port whoever has the token and is no web page, in memory whoever has the connector.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use common::{DEADLINE, address, cluster, raw_request};
use fake_cluster::{Connector, Container, FakeCluster, Pod, StartError};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Sends a request by hand; the answer's status and body.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> (u16, String) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = loop {
        let read = timeout(DEADLINE, stream.read_buf(&mut answer)).await;
        assert!(read.unwrap().unwrap() > 0, "ended without an answer");
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let wanted = name.eq_ignore_ascii_case("content-length");
        wanted.then(|| value.parse::<usize>().unwrap())
    });
    while answer.len() < end + length.unwrap_or(0) {
        let read = timeout(DEADLINE, stream.read_buf(&mut answer)).await;
        assert!(read.unwrap().unwrap() > 0, "ended within its answer");
    }
    // After an upgrade there may be frames.
    let body = String::from_utf8_lossy(&answer[end..]).into_owned();
    (status, body)
}

/// A list and an exec, with nothing but what the case changes between them and an answer.
fn requests(cluster: &FakeCluster) -> [String; 2] {
    let exec = raw_request(cluster, &["true"]);
    let list = format!(
        "GET /api/v1/pods HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        address(cluster),
        cluster.token()
    );
    [list, exec]
}

#[tokio::test]
async fn a_port_is_open_to_no_stranger() {
    let cluster = cluster().await;
    let (host, token) = (address(&cluster), cluster.token());
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let other = format!("Authorization: Bearer {}\r\n", "0".repeat(token.len()));
    let short = format!("Authorization: Bearer {}\r\n", &token[1..]);
    let basic = format!("Authorization: Basic {token}\r\n");
    let twice = format!("{bearer}{other}");
    let page = format!("{bearer}Origin: https://evil.example\r\n");
    let own_page = format!("{bearer}Origin: http://{host}\r\n");
    let no_page = format!("{bearer}Origin: null\r\n");
    let named = format!("Host: {host}\r\n");
    let port = host.split(':').next_back().unwrap();
    let localhost = format!("Host: localhost:{port}\r\n");
    let rebound = format!("Host: rebind.evil.example:{port}\r\n");
    let both = format!("{named}{rebound}");
    let cases = [
        (&bearer, "", 401),
        (&bearer, &*other, 401),
        (&bearer, &*short, 401),
        (&bearer, &*basic, 401),
        (&bearer, "Authorization: Bearer \r\n", 401),
        (&bearer, &*twice, 401),
        (&bearer, &*page, 403),
        (&bearer, &*own_page, 403),
        (&bearer, &*no_page, 403),
        (&named, &*rebound, 421),
        (&named, &*localhost, 421),
        (&named, "Host: 127.0.0.1\r\n", 421),
        (&named, "Host: null\r\n", 421),
        (&named, &*both, 421),
        (&named, "", 421),
    ];
    for request in requests(&cluster) {
        for (instead_of, header, code) in cases {
            assert!(request.contains(instead_of));
            let request = request.replace(instead_of.as_str(), header);
            let stream = TcpStream::connect(&host).await.unwrap();
            let (status, body) = ask(stream, &request).await;
            assert_eq!(status, code, "{request}");
            // As an API server answers.
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["kind"], "Status", "{body}");
            assert_eq!(body["code"], code, "{body}");
            if code == 401 {
                assert_eq!(body["reason"], "Unauthorized");
                assert_eq!(body["message"], "Unauthorized");
            }
        }
        // The request line's host counts before the header's.
        let request = request.replacen("GET /", "GET http://rebind.evil.example/", 1);
        let stream = TcpStream::connect(&host).await.unwrap();
        assert_eq!(ask(stream, &request).await.0, 421, "{request}");
    }
    for path in ["/version", "/api/v1/namespaces/default", "/no/such/thing"] {
        let request = format!("GET {path} HTTP/1.1\r\n{named}\r\n");
        let stream = TcpStream::connect(&host).await.unwrap();
        assert_eq!(ask(stream, &request).await.0, 401, "{path}");
    }
    assert!(cluster.execs().is_empty(), "{:?}", cluster.execs());
    let [list, exec] = requests(&cluster);
    let stream = TcpStream::connect(&host).await.unwrap();
    assert_eq!(ask(stream, &list).await.0, 200);
    let stream = TcpStream::connect(&host).await.unwrap();
    assert_eq!(ask(stream, &exec).await.0, 101);
}

#[tokio::test]
async fn every_start_has_a_token_of_its_own() {
    let (first, second) = (cluster().await, cluster().await);
    assert_eq!(first.token().len(), 64);
    assert_ne!(first.token(), second.token());
    // What holds it does not show it by the way.
    let shown = format!("{first:?}");
    assert!(!shown.contains(first.token()));
}

fn in_memory() -> Result<(FakeCluster, Connector), StartError> {
    FakeCluster::builder()
        .pod(Pod::new("default", "web-0").container(Container::new("app")))
        .start_in_memory()
}

/// Reads until `text` has come.
async fn expect(stream: &mut (impl AsyncRead + Unpin), text: &str) {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        let read = timeout(DEADLINE, stream.read_buf(&mut seen)).await;
        let read = read.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&seen)));
        assert!(read.unwrap() > 0, "{}", String::from_utf8_lossy(&seen));
    }
}

#[tokio::test]
async fn in_memory_an_exec_runs() {
    let (cluster, connector) = in_memory().unwrap();
    assert_eq!(connector.url(), cluster.url());
    assert_eq!(connector.token(), cluster.token());
    let mut stream = connector.connect().await.unwrap();
    let request = raw_request(&cluster, &["sh", "-c", "echo $((6*7)); exec cat"]);
    stream.write_all(request.as_bytes()).await.unwrap();
    expect(&mut stream, "42\r\n").await;
    assert_eq!(cluster.live_processes(), 1);

    // A second connection beside it.
    let [list, _] = requests(&cluster);
    let other = connector.clone().connect().await.unwrap();
    let (status, body) = ask(other, &list).await;
    assert_eq!(status, 200);
    assert!(body.contains("web-0"), "{body}");

    cluster.shutdown().await;
    let mut rest = Vec::new();
    let ended = timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
    // A reset would do as well.
    let _ = ended.unwrap();
    let refused = connector.connect().await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn in_memory_the_same_is_refused() {
    let (cluster, connector) = in_memory().unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n", cluster.token());
    for request in requests(&cluster) {
        for (changed, code) in [
            (request.replace(&bearer, ""), 401),
            (request.replace("\r\n\r\n", "\r\nOrigin: null\r\n\r\n"), 403),
            (request.replace(&address(&cluster), "evil.example"), 421),
        ] {
            let stream = connector.connect().await.unwrap();
            assert_eq!(ask(stream, &changed).await.0, code, "{changed}");
        }
    }
    assert!(cluster.execs().is_empty());
}

#[tokio::test]
async fn in_memory_dropping_it_kills_its_processes() {
    let (cluster, connector) = in_memory().unwrap();
    let mut stream = connector.connect().await.unwrap();
    let request = raw_request(&cluster, &["sh", "-c", "echo $$ is here; exec sleep 1000"]);
    stream.write_all(request.as_bytes()).await.unwrap();
    expect(&mut stream, " is here").await;
    let processes = cluster.processes();
    let [process] = &processes[..] else {
        panic!("{processes:?}");
    };
    let id = process.split_whitespace().next().unwrap().to_owned();
    assert!(std::fs::exists(format!("/proc/{id}")).unwrap());
    drop(cluster);
    // The connector that is left keeps nothing alive.
    let gone = async {
        while std::fs::exists(format!("/proc/{id}")).unwrap() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, gone).await.unwrap();
    assert!(connector.connect().await.is_err());
}
