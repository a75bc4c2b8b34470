//! Containers without processes: idle sessions by the thousand, exact output and input.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::Duration;

use common::{
    DEADLINE, Exec, V4, V5, address, cluster_with, exit_code, raw_request, tty, until_exec,
};
use fake_cluster::{
    Container, ContainerState, ExecEffect, ExecState, FakeCluster, Fault,
    load::{self, LINE, Sum},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

#[test]
fn the_text_is_the_same_however_it_is_cut() {
    let whole = load::bytes(7, 0..10_000);
    assert_eq!(whole.len(), 10_000);
    for size in [1_usize, 3, 63, 64, 65, 4096] {
        let parts: Vec<u8> = (0..10_000)
            .step_by(size)
            .flat_map(|start| load::bytes(7, start..(start + size as u64).min(10_000)))
            .collect();
        assert!(parts == whole, "by {size}");
    }
    assert!(load::bytes(8, 0..10_000) != whole);
    assert!(load::bytes(7, 5..5).is_empty());

    let lines = &whole[..100 * LINE];
    let text = std::str::from_utf8(lines).unwrap();
    assert_eq!(text.lines().count(), 100);
    for (number, line) in text.split_inclusive("\r\n").enumerate() {
        assert_eq!(line.len(), LINE);
        assert!(line.starts_with(&format!("{number:010} ")), "{line}");
    }
    for glyph in ["\"", "\\", "<", "猫", "🚀"] {
        assert!(text.contains(glyph), "{glyph}");
    }
}

/// An exec in a container that generates.
async fn generator(cluster: &FakeCluster) -> Exec {
    Exec::open(cluster, V4, &tty(&["sh", "-c", "whatever"])).await
}

#[tokio::test]
async fn output_is_exact() {
    let cluster = cluster_with(Container::new("app").generator()).await;
    let mut exec = generator(&cluster).await;
    let count = 50_000 * LINE as u64;
    exec.type_in(&format!("bytes {count} seed 42\n")).await;
    let mut expected = load::bytes(42, 0..count);
    let end = format!("sum {}\r\n", Sum::of(&expected));
    while exec.stdout.len() < expected.len() + end.len() {
        assert!(exec.read().await);
    }
    expected.extend(end.as_bytes());
    assert!(exec.stdout == expected);
    assert_eq!(cluster.live_processes(), 0);
    exec.type_in("nonsense\rexit 7\n").await;
    assert_eq!(exit_code(&exec.end().await.unwrap()), 7);
    assert!(exec.text().ends_with("? nonsense\r\n"), "{}", exec.text());
    assert_eq!(cluster.execs()[0].state, ExecState::Ended(7));
}

#[tokio::test]
async fn input_is_checked() {
    let cluster = cluster_with(Container::new("app").generator()).await;
    let mut exec = generator(&cluster).await;
    // All bytes, among them what ends lines.
    let input: Vec<u8> = (0..=255).cycle().take(100_003).collect();
    exec.type_in(&format!("take {}\n", input.len())).await;
    for part in input.chunks(997) {
        exec.send(0, part).await;
    }
    exec.type_in("take 0\nexit 0\n").await;
    assert_eq!(exit_code(&exec.end().await.unwrap()), 0);
    let expected = format!("sum {}\r\nsum {}\r\n", Sum::of(&input), Sum::default());
    assert_eq!(exec.text(), expected);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_it_up() {
    let cluster = cluster_with(Container::new("app").generator()).await;
    let mut exec = generator(&cluster).await;
    let count = u64::MAX / 2;
    exec.type_in(&format!("bytes {count} seed 1\n")).await;
    exec.expect("0000000001 ").await;
    // An end that no memory could reach, and a cluster that still ends.
    exec.send_message(Message::Ping("there?".into())).await;
    exec.type_in("nothing\n").await;
    cluster.shutdown().await;
}

#[tokio::test]
async fn closing_stdin_ends_it() {
    for container in [
        Container::new("app").generator(),
        Container::new("app").idle(""),
    ] {
        let cluster = cluster_with(container).await;
        let mut exec = Exec::open(&cluster, V5, &tty(&["sh"])).await;
        exec.send(255, &[0]).await;
        assert_eq!(exec.end().await.unwrap()["status"], "Success");
    }
}

#[tokio::test]
async fn idle_ones_prompt_echo_and_leave_with_their_client() {
    let cluster = cluster_with(Container::new("app").idle("$ ")).await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    exec.expect("$ ").await;
    exec.type_in("hello\r").await;
    exec.expect("$ hello\r").await;
    exec.resize(80, 24).await;
    exec.send_message(Message::Ping("there?".into())).await;
    assert_eq!(exec.pong().await, b"there?");
    drop(exec);
    let record = until_exec(&cluster, |exec| exec.state == ExecState::Left).await;
    assert!(!record.connected);
    assert_eq!((record.stdin_bytes, record.sizes.len()), (6, 1));

    // Faults hold for them as well.
    cluster.inject(Fault::exec(ExecEffect::NoShell).once());
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Failure");
    cluster.inject(Fault::exec(ExecEffect::Stall { after: 1 }));
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    exec.expect("$").await;
    let silent = timeout(Duration::from_millis(100), exec.read()).await;
    assert!(silent.is_err());
}

#[tokio::test]
async fn they_are_killed_with_their_container() {
    for container in [
        Container::new("app").generator(),
        Container::new("app").idle(""),
    ] {
        let cluster = cluster_with(container).await;
        let mut waiting = Exec::open(&cluster, V4, &tty(&["sh"])).await;
        let mut busy = Exec::open(&cluster, V4, &tty(&["sh"])).await;
        busy.type_in(&format!("bytes {} seed 1\n", u64::MAX)).await;
        busy.expect("1").await;
        let state = ContainerState::Terminated(1);
        let set = cluster.set_container_state("default", "web-0", "app", state);
        let (_, waiting, busy) = tokio::join!(set, waiting.end(), busy.end());
        assert_eq!(exit_code(&waiting.unwrap()), 137);
        assert_eq!(exit_code(&busy.unwrap()), 137);
    }
}

/// Opens an exec by hand and waits for its prompt: a client that costs next to nothing.
async fn open(cluster: &FakeCluster) -> TcpStream {
    let mut stream = TcpStream::connect(address(cluster)).await.unwrap();
    let request = raw_request(cluster, &["sh"]);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let mut length = 0;
    while !answer[..length].ends_with(b"$ ") {
        let count = stream.read(&mut answer[length..]).await.unwrap();
        assert!(count > 0);
        length += count;
    }
    stream
}

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let size = line.unwrap().split_ascii_whitespace().nth(1).unwrap();
    size.parse::<usize>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_idle_ones_cost_little() {
    const SESSIONS: usize = 3000;
    let cluster = cluster_with(Container::new("app").idle("$ ")).await;
    let first = open(&cluster).await;
    let before = resident();
    let opening = async {
        let mut streams = Vec::new();
        for _ in 0..SESSIONS {
            streams.push(open(&cluster).await);
        }
        streams
    };
    let mut streams = timeout(DEADLINE, opening).await.unwrap();
    let each = resident().saturating_sub(before) / SESSIONS;
    println!("{each} bytes per session");
    assert!(each < 16 << 10, "{each} bytes per session");
    let connected = cluster.execs().iter().filter(|exec| exec.connected).count();
    assert_eq!(connected, SESSIONS + 1);

    // Each of them answers.
    for stream in &mut streams {
        // A masked ping without payload.
        stream.write_all(&[0x89, 0x80, 1, 2, 3, 4]).await.unwrap();
    }
    for stream in &mut streams {
        let mut pong = [0; 2];
        timeout(DEADLINE, stream.read_exact(&mut pong))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(pong, [0x8a, 0]);
    }
    drop((first, streams));
    let mut execs = cluster.watch_execs();
    let left = execs.wait_for(|all| all.iter().all(|exec| exec.state == ExecState::Left));
    timeout(DEADLINE, left).await.unwrap().unwrap();
}
