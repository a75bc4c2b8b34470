//! What outlives what: connections, processes, pods, the cluster.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use common::{DEADLINE, Exec, V4, V5, cluster, exit_code, pipes, tty, until_exec};
use fake_cluster::{Container, ContainerState, ExecState, Pod};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn closing_the_connection_ends_nothing() {
    for protocol in [V4, V5] {
        let cluster = cluster().await;
        let mut exec = Exec::open(&cluster, protocol, &tty(&["sh"])).await;
        exec.type_in("sleep 1000 & echo star''ted\n").await;
        exec.expect("started").await;
        exec.send_message(Message::Close(None)).await;
        exec.end().await;
        let record = until_exec(&cluster, |exec| !exec.connected).await;
        assert_eq!(record.state, ExecState::Running);
        assert_eq!(cluster.live_processes(), 2, "shell and sleep");
        cluster.shutdown().await;
    }
}

#[tokio::test]
async fn a_pipe_ends_with_its_connection() {
    let cluster = cluster().await;
    let exec = Exec::open(&cluster, V4, &pipes(&["cat"])).await;
    until_exec(&cluster, |exec| exec.connected).await;
    drop(exec);
    until_exec(&cluster, |exec| exec.state == ExecState::Ended(0)).await;
    assert_eq!(cluster.live_processes(), 0);
}

#[tokio::test]
async fn deleting_a_pod_ends_its_execs_with_137() {
    let cluster = cluster().await;
    cluster.add_pod(Pod::new("default", "web-01").container(Container::new("app")));
    let mut other = Exec::try_open(&cluster, "default", "web-01", V4, &tty(&["cat"]))
        .await
        .ok()
        .unwrap();
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    exec.type_in("sleep 1000 & echo star''ted\n").await;
    exec.expect("started").await;
    let (deleted, status) = tokio::join!(cluster.delete_pod("default", "web-0"), exec.end());
    assert!(deleted);
    assert_eq!(exit_code(&status.unwrap()), 137);
    assert_eq!(exec.close_code, Some(1000));
    assert_eq!(cluster.live_processes(), 1, "the other pod's cat");
    other.type_in("still here\n").await;
    other.expect("still here").await;

    let refused = Exec::try_open(&cluster, "default", "web-0", V4, &tty(&["sh"])).await;
    assert_eq!(refused.err().unwrap().0, 404);
}

#[tokio::test]
async fn a_container_that_stops_ends_its_execs() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    until_exec(&cluster, |exec| exec.state == ExecState::Running).await;
    let state = ContainerState::Waiting("CrashLoopBackOff".to_owned());
    let set = cluster.set_container_state("default", "web-0", "app", state.clone());
    let (set, status) = tokio::join!(set, exec.end());
    assert!(set);
    assert_eq!(exit_code(&status.unwrap()), 137);
    let set = cluster.set_container_state("default", "web-0", "nope", state);
    assert!(!set.await);
}

/// Writes blocks of 64 KiB without end, and counts them in its home; Ctrl-C ends it with code 5.
const FLOOD: &str =
    "trap 'exit 5' INT; pwd; while head -c 65536 /dev/zero; do echo -n x >> count; done";

/// Where [`FLOOD`] counts the blocks it has written, once it has begun.
async fn flood(exec: &mut Exec) -> PathBuf {
    exec.expect("/home").await;
    let text = exec.text();
    Path::new(text.lines().next().unwrap()).join("count")
}

fn blocks(count: &Path) -> u64 {
    std::fs::metadata(count).map_or(0, |data| data.len())
}

/// Waits until the flood has come to a halt; how many blocks it has written.
async fn halted(count: &Path) -> u64 {
    let halted = async {
        let mut last = 0;
        let mut same = 0;
        while same < 10 {
            sleep(Duration::from_millis(50)).await;
            let now = blocks(count);
            same = if now == last && now > 0 { same + 1 } else { 0 };
            last = now;
        }
        last
    };
    timeout(DEADLINE, halted).await.unwrap()
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_program() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &pipes(&["sh", "-c", FLOOD])).await;
    let count = flood(&mut exec).await;
    let written = halted(&count).await;
    assert!(written * 65536 < 32 << 20, "{written} blocks of 64 KiB");
    // Reading sets it going again.
    while blocks(&count) <= written + 16 {
        assert!(exec.read().await);
    }
}

#[tokio::test]
async fn stdin_passes_a_blocked_output() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh", "-c", FLOOD])).await;
    let count = flood(&mut exec).await;
    halted(&count).await;
    // Nor does a pong that can't be sent hold it up.
    exec.send_message(Message::Ping("are you there".into()))
        .await;
    exec.type_in("\x03").await;
    until_exec(&cluster, |exec| exec.exit_code() == Some(5)).await;
}

/// Whether anything on this machine still has `marker` in its environment.
fn alive(marker: &str) -> bool {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok())
        .any(|environ| {
            environ
                .windows(marker.len())
                .any(|w| w == marker.as_bytes())
        })
}

/// Starts what is hard to get rid of; its directory.
async fn crowd(exec: &mut Exec) -> String {
    exec.type_in("trap '' HUP TERM; set -m; echo \"home=$HOME\"\n")
        .await;
    exec.type_in("setsid sleep 1000 & (trap '' HUP; sleep 1000) & sleep 1000 & echo star''ted\n")
        .await;
    exec.expect("started\r\n").await;
    let text = exec.text();
    // The shell's echo of its input says home=$HOME, without the slash.
    let (_, home) = text.split_once("home=/").unwrap();
    format!("/{}", home.lines().next().unwrap().trim_end())
}

#[tokio::test]
async fn nothing_outlives_the_cluster() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    let home = crowd(&mut exec).await;
    assert!(cluster.live_processes() >= 4);
    assert!(alive(&home));
    cluster.shutdown().await;
    assert!(!alive(&home));
    assert!(!Path::new(&home).exists());
    exec.end().await;
    assert!(exec.broken, "the connection is dropped");
}

#[tokio::test]
async fn nothing_outlives_a_dropped_cluster() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V5, &tty(&["sh"])).await;
    let home = crowd(&mut exec).await;
    drop(cluster);
    assert!(!alive(&home));
}
