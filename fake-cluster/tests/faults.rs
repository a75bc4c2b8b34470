//! Every fault that can be injected into an exec does what it says.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::{Duration, Instant};

use common::{
    BOTH, DEADLINE, Exec, V4, V5, address, cluster, exit_code, raw_request, tty, until_exec,
};
use fake_cluster::{ExecEffect, ExecState, FakeCluster, Fault, Protocol};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn refuses_the_next_exec_alone() {
    let cluster = cluster().await;
    let effect = ExecEffect::Refuse {
        code: 502,
        message: "error dialing backend".to_owned(),
    };
    cluster.inject(Fault::exec_in("other", effect.clone()));
    cluster.inject(Fault::exec_in("app", effect).once());
    let query = tty(&["true"]);
    let refused = Exec::try_open(&cluster, "default", "web-0", V4, &query).await;
    let (code, body) = refused.err().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (code, &body["message"]),
        (502, &"error dialing backend".into())
    );
    let mut exec = Exec::open(&cluster, V4, &query).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Success");
}

#[tokio::test]
async fn delays_the_upgrade_and_the_output() {
    let cluster = cluster().await;
    let delay = Duration::from_millis(300);
    cluster.inject(Fault::exec(ExecEffect::DelayUpgrade(delay)).once());
    let start = Instant::now();
    let mut exec = Exec::open(&cluster, V4, &tty(&["echo", "late"])).await;
    assert!(start.elapsed() >= delay);
    exec.end().await;

    cluster.inject(Fault::exec(ExecEffect::DelayOutput(delay)));
    for effect in [None, Some(ExecEffect::NoShell)] {
        if let Some(effect) = effect {
            cluster.inject(Fault::exec(effect));
        }
        let start = Instant::now();
        let mut exec = Exec::open(&cluster, V4, &tty(&["echo", "late"])).await;
        assert!(exec.read().await);
        assert_eq!(exec.sizes, [0], "the announcement alone is not delayed");
        assert!(exec.read().await);
        assert!(start.elapsed() >= delay);
        assert!(exec.end().await.is_some());
    }
}

#[tokio::test]
async fn cuts_after_so_many_bytes() {
    let cluster = cluster().await;
    for after in [0, 1, 10_000] {
        let cut = ExecEffect::Cut {
            after,
            mid_frame: false,
        };
        cluster.inject(Fault::exec(cut).once());
        let mut exec = Exec::open(&cluster, V4, &tty(&["yes"])).await;
        assert_eq!(exec.end().await, None);
        assert!(exec.broken);
        assert_eq!(exec.stdout.len(), after);
        let record = until_exec(&cluster, |exec| !exec.connected).await;
        assert_eq!(record.state, ExecState::Running, "the process lives on");
    }
}

/// Upgrades by hand; what follows the answer's head is returned.
async fn raw_exec(cluster: &FakeCluster, command: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(cluster)).await.unwrap();
    let request = raw_request(cluster, &[command]);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    // A reset instead of an orderly end would do as well.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut all))
        .await
        .unwrap();
    let head = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    all.split_off(head + 4)
}

#[tokio::test]
async fn cuts_in_the_middle_of_a_frame() {
    let cluster = cluster().await;
    let cut = ExecEffect::Cut {
        after: 5,
        mid_frame: true,
    };
    cluster.inject(Fault::exec(cut));
    let bytes = raw_exec(&cluster, "yes").await;
    // The announcement, then a frame of seven bytes that brings six.
    assert_eq!(bytes, b"\x82\x01\x01\x82\x07\x01y\r\ny\r");
}

#[tokio::test]
async fn stalls_with_the_connection_open() {
    let cluster = cluster().await;
    cluster.inject(Fault::exec(ExecEffect::Stall { after: 3 }));
    let mut exec = Exec::open(&cluster, V4, &tty(&["cat"])).await;
    exec.type_in("abcdef\n").await;
    exec.expect("abc").await;
    exec.send_message(Message::Ping("are you there".into()))
        .await;
    exec.type_in("more\n").await;
    let silent = timeout(Duration::from_millis(300), exec.read()).await;
    assert!(silent.is_err(), "neither pong nor output");
    assert_eq!(exec.text(), "abc");
    let record = &cluster.execs()[0];
    assert!(record.connected);
    assert_eq!(record.stdin_bytes, 7, "nothing more is read");
}

#[tokio::test]
async fn stalls_from_the_start() {
    let cluster = cluster().await;
    cluster.inject(Fault::exec(ExecEffect::Stall { after: 0 }));
    let mut exec = Exec::open(&cluster, V4, &tty(&["echo", "hello"])).await;
    assert!(exec.read().await);
    assert_eq!(exec.sizes, [0], "the streams are ready");
    until_exec(&cluster, |exec| exec.state == ExecState::Ended(0)).await;
    exec.send_message(Message::Ping("are you there".into()))
        .await;
    exec.type_in("more\n").await;
    let silent = timeout(Duration::from_millis(300), exec.read()).await;
    assert!(silent.is_err(), "neither pong, output nor status");
    let record = &cluster.execs()[0];
    assert!(record.connected);
    assert_eq!(record.stdin_bytes, 0, "nothing is read");
}

#[tokio::test]
async fn reads_one_byte_at_a_time() {
    let cluster = cluster().await;
    cluster.inject(Fault::exec(ExecEffect::ReadSize(1)));
    let mut exec = Exec::open(&cluster, V4, &tty(&["printf", "%s", "猫🐈"])).await;
    exec.end().await;
    assert_eq!(exec.text(), "猫🐈");
    assert_eq!(exec.sizes, [0, 1, 1, 1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn has_no_shell_or_ends_with_a_code() {
    let cluster = cluster().await;
    cluster.inject(Fault::exec(ExecEffect::NoShell).once());
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    let status = exec.end().await.unwrap();
    let message = status["message"].as_str().unwrap();
    assert!(message.contains(r#"exec: "sh": executable file not found in $PATH"#));

    cluster.inject(Fault::exec(ExecEffect::ExitCode(126)).times(2));
    for protocol in [V4, V5] {
        let mut exec = Exec::open(&cluster, protocol, &tty(&["sh"])).await;
        assert_eq!(exit_code(&exec.end().await.unwrap()), 126);
    }
    let mut exec = Exec::open(&cluster, V4, &tty(&["true"])).await;
    assert_eq!(exit_code(&exec.end().await.unwrap()), 0);
}

#[tokio::test]
async fn supports_fewer_protocols() {
    let cluster = cluster().await;
    for (protocol, name) in [(Protocol::V4, V4), (Protocol::V5, V5)] {
        cluster.inject(Fault::exec(ExecEffect::Protocols(vec![protocol])).once());
        let mut exec = Exec::open(&cluster, BOTH, &tty(&["true"])).await;
        assert_eq!(exec.protocol, name);
        exec.end().await;
        assert_eq!(cluster.execs().last().unwrap().protocol, Some(protocol));
    }
}
