//! Attach to a main process: shared by all who attach, and not ended by their leaving.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::Duration;

use common::{
    BOTH, DEADLINE, Exec, V4, V5, client, cluster, cluster_with, exit_code, tty, until_exec,
};
use fake_cluster::{Container, ContainerState, ExecEffect, ExecState, FakeCluster, Fault, Mode};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// A shell on a terminal.
fn shell() -> Container {
    Container::new("app").main("sh", &[], true)
}

#[tokio::test]
async fn clients_share_the_main_process() {
    let cluster = cluster_with(shell()).await;
    for (first, second) in [(V4, V5), (V5, V4)] {
        let mut first = Exec::attach(&cluster, first, "app", true).await;
        let mut second = Exec::attach(&cluster, second, "app", true).await;
        first.type_in("mark=$((6*7)); echo =$mark=\n").await;
        first.expect("=42=\r\n").await;
        second.expect("=42=\r\n").await;
        second.type_in("echo $((mark+1))\n").await;
        first.expect("43\r\n").await;
        second.expect("43\r\n").await;
        assert_eq!(cluster.live_processes(), 1);
    }
    let record = &cluster.execs()[0];
    assert_eq!(record.mode, Mode::Attach);
    assert!(record.command.is_empty() && record.tty);
}

#[tokio::test]
async fn leaving_does_not_stop_it() {
    let cluster = cluster_with(shell()).await;
    let mut exec = Exec::attach(&cluster, V4, "app", true).await;
    exec.type_in("word=kept; echo se''t\n").await;
    exec.expect("set\r\n").await;
    exec.send_message(Message::Close(None)).await;
    exec.end().await;
    until_exec(&cluster, |exec| exec.state == ExecState::Left).await;
    let mut exec = Exec::attach(&cluster, V4, "app", true).await;
    exec.type_in("echo =$word=\n").await;
    exec.expect("=kept=").await;
    // What was written before is not said again.
    assert!(!exec.text().contains("set\r\n"), "{}", exec.text());
}

#[tokio::test]
async fn a_terminal_is_resized() {
    let cluster = cluster_with(shell()).await;
    let mut exec = Exec::attach(&cluster, V4, "app", true).await;
    exec.resize(132, 43).await;
    exec.type_in("stty size\n").await;
    exec.expect("43 132\r\n").await;
    assert_eq!(cluster.execs()[0].sizes.len(), 1);
}

#[tokio::test]
async fn pipes_keep_stdout_and_stderr_apart() {
    let script = "while read -r line; do echo \"out $line\"; echo \"err $line\" >&2; done";
    let cluster = cluster_with(Container::new("app").main("sh", &["-c", script], false)).await;
    let mut exec = Exec::attach(&cluster, V4, "app", false).await;
    exec.type_in("one\n").await;
    while exec.stderr.is_empty() || exec.stdout.is_empty() {
        assert!(exec.read().await);
    }
    assert_eq!(
        (exec.text().as_str(), exec.stderr.as_slice()),
        ("out one\n", &b"err one\n"[..])
    );

    // A terminal that is asked for is not there, and costs the client stderr.
    let mut other = Exec::attach(&cluster, V4, "app", true).await;
    other.resize(80, 24).await;
    other.type_in("two\n").await;
    other.expect("out two\n").await;
    while !exec.stderr.ends_with(b"err two\n") {
        assert!(exec.read().await);
    }
    assert!(other.stderr.is_empty());
    assert!(cluster.execs()[1].sizes.is_empty());
}

#[tokio::test]
async fn closing_stdin_ends_the_attach_alone() {
    let cluster = cluster_with(Container::new("app").main("cat", &[], false)).await;
    let mut first = Exec::attach(&cluster, V5, "app", false).await;
    let mut second = Exec::attach(&cluster, V5, "app", false).await;
    first.send(255, &[0]).await;
    assert_eq!(exit_code(&first.end().await.unwrap()), 0);
    second.type_in("still here\n").await;
    second.expect("still here\n").await;
    assert!(first.text().is_empty());
    until_exec(&cluster, |exec| exec.state == ExecState::Running).await;
    assert_eq!(cluster.execs()[0].state, ExecState::Left);
}

/// Waits until the container is as a list of pods says.
async fn until_terminated(cluster: &FakeCluster) -> i32 {
    let client = client(cluster);
    let pods = kube::Api::<k8s_openapi::api::core::v1::Pod>::default_namespaced(client);
    let ended = async {
        loop {
            let status = pods.get("web-0").await.unwrap().status.unwrap();
            let state = status.container_statuses.unwrap().remove(0).state.unwrap();
            if let Some(terminated) = state.terminated {
                return terminated.exit_code;
            }
        }
    };
    timeout(DEADLINE, ended).await.unwrap()
}

#[tokio::test]
async fn its_end_is_the_containers() {
    let script = "echo ready; read -r line; echo bye >&2; echo bye; exit 3";
    let cluster = cluster_with(Container::new("app").main("sh", &["-c", script], false)).await;
    let mut first = Exec::attach(&cluster, V4, "app", false).await;
    first.expect("ready\n").await;
    let mut second = Exec::attach(&cluster, V5, "app", false).await;
    let mut shell = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    until_exec(&cluster, |exec| exec.state == ExecState::Running).await;
    second.type_in("go\n").await;
    for attach in [&mut first, &mut second] {
        // Whatever its code.
        assert_eq!(attach.end().await.unwrap()["status"], "Success");
        assert!(attach.text().ends_with("bye\n") && attach.stderr == b"bye\n");
    }
    assert_eq!(exit_code(&shell.end().await.unwrap()), 137);
    assert_eq!(until_terminated(&cluster).await, 3);
    let states: Vec<_> = cluster.execs().iter().map(|exec| exec.state).collect();
    let ended = ExecState::Ended;
    assert_eq!(states, [ended(3), ended(3), ended(137)]);
    let refused = Exec::try_attach(&cluster, V4, "app", false).await;
    let message = "container app not found in pod web-0_default".to_owned();
    assert_eq!(refused.err(), Some((500, message)));

    // A container that is started again has a new one.
    let state = ContainerState::Running;
    cluster
        .set_container_state("default", "web-0", "app", state)
        .await;
    let mut exec = Exec::attach(&cluster, V4, "app", false).await;
    exec.expect("ready\n").await;
}

#[tokio::test]
async fn a_main_process_says_nothing_unless_described() {
    let cluster = cluster().await;
    let mut exec = Exec::attach(&cluster, V4, "app", false).await;
    exec.type_in("anyone?\n").await;
    exec.send_message(Message::Ping("there?".into())).await;
    assert_eq!(exec.pong().await, b"there?");
    assert!(exec.text().is_empty());
    let (deleted, status) = tokio::join!(cluster.delete_pod("default", "web-0"), exec.end());
    assert!(deleted);
    assert_eq!(status.unwrap()["status"], "Success");
    assert_eq!(cluster.live_processes(), 0);
    assert_eq!(cluster.execs()[0].state, ExecState::Ended(137));
}

#[tokio::test]
async fn the_container_says_whether_there_is_a_terminal() {
    let cluster = cluster_with(shell()).await;
    let refused = Exec::try_attach(&cluster, V4, "app", false).await;
    let message =
        "rpc error: code = InvalidArgument desc = tty and stderr cannot both be true".to_owned();
    assert_eq!(refused.err(), Some((500, message.clone())));
    let mut exec = Exec::attach(&cluster, BOTH, "app", false).await;
    assert_eq!(
        exec.end().await.unwrap()["message"],
        format!("Internal error occurred: unable to upgrade connection: {message}")
    );
}

#[tokio::test]
async fn it_needs_its_own_right() {
    let cluster = cluster_with(shell()).await;
    for verb in ["get", "create"] {
        cluster.deny(verb, "pods", Some("attach"), "default", "look elsewhere");
        let refused = Exec::try_attach(&cluster, V4, "app", true).await;
        let (code, body) = refused.err().unwrap();
        assert_eq!(code, 403);
        let wanted = format!("cannot {verb} resource \\\"pods/attach\\\"");
        assert!(body.contains(&wanted), "{body}");
        cluster.allow_all();
    }
    let mut exec = Exec::open(&cluster, V4, &tty(&["true"])).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Success");
}

#[tokio::test]
async fn a_missing_main_program_is_reported_after_the_upgrade() {
    let cluster = cluster_with(Container::new("app").main("no-such-program", &[], true)).await;
    let mut exec = Exec::attach(&cluster, V4, "app", true).await;
    assert_eq!(
        exec.end().await.unwrap()["message"],
        "Internal error occurred: error attaching to container: exec: \"no-such-program\": \
         executable file not found in $PATH"
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_it() {
    let flood = "read -r go; while head -c 65536 /dev/zero; do echo -n x >> count; done";
    let cluster = cluster_with(Container::new("app").main("sh", &["-c", flood], false)).await;
    let mut slow = Exec::attach(&cluster, V4, "app", false).await;
    let mut quick = Exec::attach(&cluster, V4, "app", false).await;
    slow.type_in("go\n").await;
    // The other gets no more than the one that does not read lets through.
    let pause = Duration::from_millis(500);
    while timeout(pause, quick.read()).await.is_ok_and(|read| read) {
        assert!(
            quick.stdout.len() < 64 << 20,
            "{} bytes",
            quick.stdout.len()
        );
    }
    let stopped = quick.stdout.len();
    drop(slow);
    while quick.stdout.len() <= stopped + (1 << 20) {
        assert!(quick.read().await);
    }
}

#[tokio::test]
async fn faults_hold_for_attach() {
    let cluster = cluster_with(Container::new("app").main("cat", &[], false)).await;
    let cut = ExecEffect::Cut {
        after: 3,
        mid_frame: false,
    };
    cluster.inject(Fault::exec(cut).once());
    cluster.inject(Fault::exec(ExecEffect::ReadSize(2)).times(2));
    let mut exec = Exec::attach(&cluster, V4, "app", false).await;
    exec.type_in("abcdef\n").await;
    assert_eq!(exec.end().await, None);
    assert!(exec.broken);
    assert_eq!(
        (exec.text().as_str(), &exec.sizes[..]),
        ("abc", &[0, 2, 1][..])
    );
    let mut exec = Exec::attach(&cluster, V4, "app", false).await;
    exec.type_in("abcdef\n").await;
    exec.expect("abcdef\n").await;
    assert_eq!(exec.sizes, [0, 2, 2, 2, 1]);
}
