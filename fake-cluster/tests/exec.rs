//! Exec over a terminal and over pipes, on both protocols, and every way it is refused.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use common::{BOTH, Exec, V4, V5, cluster, cluster_with, exit_code, pipes, tty, until_exec};
use fake_cluster::{Container, ExecState, FakeCluster, Phase, Pod, Protocol, Size};
use serde_json::Value;

#[tokio::test]
async fn a_terminal_echoes_runs_and_resizes() {
    for protocol in [V4, V5] {
        let cluster = cluster().await;
        let mut exec = Exec::open(&cluster, protocol, &tty(&["sh"])).await;
        assert_eq!(exec.protocol, protocol);
        exec.type_in("stty size\n").await;
        exec.expect("0 0").await;
        exec.resize(132, 43).await;
        exec.type_in("stty size; echo $((6*7))\n").await;
        exec.expect("43 132").await;
        exec.expect("42\r\n").await;
        exec.type_in("exit 3\n").await;
        let status = exec.end().await.unwrap();
        assert_eq!(exit_code(&status), 3);
        assert_eq!(exec.close_code, Some(1000));

        let record = until_exec(&cluster, |exec| !exec.connected).await;
        assert_eq!(record.state, ExecState::Ended(3));
        let size = Size {
            width: 132,
            height: 43,
        };
        assert_eq!(record.sizes, [size]);
        assert_eq!(record.stdin_bytes, 10 + 25 + 7);
        assert_eq!(record.command, ["sh"]);
        assert!(record.tty);
    }
}

#[tokio::test]
async fn v5_is_preferred_whatever_the_order() {
    let cluster = cluster().await;
    let offer = format!("{V4}, {V5}");
    for offer in [BOTH, &offer] {
        let mut exec = Exec::open(&cluster, offer, &tty(&["true"])).await;
        assert_eq!(exec.protocol, V5);
        assert_eq!(exec.end().await.unwrap()["status"], "Success");
        assert_eq!(exec.sizes.first(), Some(&0), "the streams are announced");
    }
}

#[tokio::test]
async fn unknown_protocols_are_refused() {
    let cluster = FakeCluster::builder()
        .pod(Pod::new("default", "web-0").container(Container::new("app")))
        .protocols(&[Protocol::V4])
        .start()
        .await
        .unwrap();
    let query = tty(&["sh"]);
    let refused = Exec::try_open(&cluster, "default", "web-0", V5, &query).await;
    assert_eq!(refused.err(), Some((403, String::new())));
    let mut exec = Exec::open(&cluster, BOTH, &tty(&["true"])).await;
    assert_eq!(exec.protocol, V4);
    exec.end().await;
}

#[tokio::test]
async fn pipes_keep_stdout_and_stderr_apart() {
    let cluster = cluster().await;
    let script = "cat; echo oops >&2; exit 7";
    let mut exec = Exec::open(&cluster, V5, &pipes(&["sh", "-c", script])).await;
    exec.type_in("hello").await;
    exec.send(255, &[0]).await;
    let status = exec.end().await.unwrap();
    assert_eq!(
        (exec.stdout.as_slice(), exec.stderr.as_slice()),
        (&b"hello"[..], &b"oops\n"[..])
    );
    assert_eq!(exit_code(&status), 7);
    assert!(cluster.execs()[0].stdin_closed);
}

#[tokio::test]
async fn a_large_output_arrives_whole() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["seq", "200000"])).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Success");
    let expected: String = (1..=200_000).map(|n| format!("{n}\r\n")).collect();
    assert!(exec.text() == expected, "{} bytes", exec.stdout.len());
    assert!(exec.sizes.iter().all(|size| *size <= 8 << 10));
}

#[tokio::test]
async fn a_background_job_does_not_hold_up_the_end() {
    let cluster = cluster().await;
    let script = "trap '' HUP; sleep 1000 & echo done";
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh", "-c", script])).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Success");
    assert_eq!(exec.text(), "done\r\n");
    assert_eq!(cluster.live_processes(), 1, "the job lives on");
}

#[tokio::test]
async fn the_environment_is_a_containers() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["env"])).await;
    exec.end().await;
    let text = exec.text();
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    assert_eq!(names, ["HOME", "HOSTNAME", "PATH"], "{text}");
    assert!(text.contains("HOSTNAME=web-0\r\n"), "{text}");
}

#[tokio::test]
async fn pipes_speak_line_by_line() {
    let cluster = cluster().await;
    let script = "while read -r line; do echo \"got $line\"; done; echo over";
    let mut exec = Exec::open(&cluster, V5, &pipes(&["sh", "-c", script])).await;
    for line in ["one", "two", "three"] {
        exec.type_in(&format!("{line}\n")).await;
        exec.expect(&format!("got {line}\n")).await;
    }
    exec.send(255, &[0]).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Success");
    assert!(exec.text().ends_with("over\n"), "{}", exec.text());
}

/// Kills the processes of the session that its stdin names, by builtins alone.
const SWEEP: &str = r#"
    read -r session
    for process in /proc/[0-9]*; do
        { read -r stat < "$process/stat"; } 2>/dev/null || continue
        set -- ${stat##*) }
        if [ "$4" = "$session" ]; then
            kill -9 "${process#/proc/}" && echo "killed ${process#/proc/}"
        fi
    done
"#;

#[tokio::test]
async fn one_exec_sees_and_ends_the_processes_of_another() {
    let cluster = cluster().await;
    let mut shell = Exec::open(&cluster, V4, &tty(&["sh"])).await;
    shell
        .type_in("sleep 1000 & echo pid=$$.; sleep 1000\n")
        .await;
    // Not the echo of what was typed, in which no digit follows.
    while !shell.text().contains(".\r\n") {
        assert!(shell.read().await);
    }
    let text = shell.text();
    let pid = text.split("pid=").find_map(|rest| {
        let (pid, _) = rest.split_once('.')?;
        pid.parse::<u32>().ok()
    });
    let all_started = async {
        while cluster.live_processes() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(common::DEADLINE, all_started)
        .await
        .unwrap();

    let mut sweep = Exec::open(&cluster, V4, &pipes(&["sh", "-c", SWEEP])).await;
    sweep.type_in(&format!("{}\n", pid.unwrap())).await;
    assert_eq!(sweep.end().await.unwrap()["status"], "Success");
    assert_eq!(sweep.text().lines().count(), 3, "{}", sweep.text());
    assert_eq!(exit_code(&shell.end().await.unwrap()), 137);
    assert_eq!(cluster.live_processes(), 0);
}

/// The message a container runtime gives, and the Status around it.
async fn not_started(cluster: &FakeCluster, protocol: &str, command: &str) -> Value {
    let mut exec = Exec::open(cluster, protocol, &tty(&[command])).await;
    let status = exec.end().await.unwrap();
    assert_eq!(status["status"], "Failure");
    assert_eq!(status["reason"], "InternalError");
    assert_eq!(status["code"], 500);
    let record = until_exec(cluster, |exec| !exec.connected).await;
    assert_eq!(record.state, ExecState::NotStarted);
    status["message"].clone()
}

#[tokio::test]
async fn a_missing_program_is_reported_after_the_upgrade() {
    let cluster = cluster_with(Container::new("app").without_bash()).await;
    let id = "0".repeat(64);
    let kubelet = format!(
        "Internal error occurred: error executing command in container: failed to exec in container: \
         failed to start exec \"{id}\": OCI runtime exec failed: exec failed: \
         unable to start container process: exec: \"bash\": executable file not found in $PATH: unknown"
    );
    assert_eq!(not_started(&cluster, V4, "bash").await, kubelet);
    let message = not_started(&cluster, V5, "/bin/bash").await;
    let message = message.as_str().unwrap();
    assert!(
        message.starts_with("Internal error occurred: Internal error occurred: error executing")
    );
    assert!(message.contains(r#"exec: "/bin/bash": stat /bin/bash: no such file or directory"#));

    let script = "command -v bash || echo no bash; command -v ls";
    let mut exec = Exec::open(&cluster, V4, &tty(&["sh", "-c", script])).await;
    exec.end().await;
    assert!(exec.text().starts_with("no bash\r\n"), "{}", exec.text());
    assert!(exec.text().ends_with("/ls\r\n"), "{}", exec.text());
}

#[tokio::test]
async fn containers_have_only_their_programs() {
    let cluster = cluster_with(Container::new("app").without_shell()).await;
    not_started(&cluster, V4, "sh").await;
    cluster.add_pod(Pod::new("default", "web-0").container(Container::new("app").only(&["bash"])));
    not_started(&cluster, V4, "sh").await;
    let mut exec = Exec::open(&cluster, V4, &tty(&["bash", "-c", "exit 4"])).await;
    assert_eq!(exit_code(&exec.end().await.unwrap()), 4);

    let scripted = Container::new("app").run("sh", &["-c", "printf scripted"]);
    cluster.add_pod(Pod::new("default", "web-0").container(scripted));
    let mut exec = Exec::open(&cluster, V4, &tty(&["powershell"])).await;
    exec.end().await;
    assert_eq!(exec.text(), "scripted");
}

#[tokio::test]
async fn fragments_are_not_joined() {
    let cluster = cluster().await;
    let mut exec = Exec::open(&cluster, V4, &pipes(&["sh", "-c", "head -c 4"])).await;
    // The second frame's first byte is taken for a channel: one that isn't there, then stdin.
    exec.send_fragmented(&[b"\0ab", b"cd", b"\0ef"]).await;
    assert_eq!(exec.end().await.unwrap()["status"], "Success");
    assert_eq!(exec.text(), "abef");
}

#[tokio::test]
async fn refusals_are_worded_as_by_an_api_server() {
    let cluster = FakeCluster::builder()
        .pod(
            Pod::new("default", "web-0")
                .container(Container::new("app"))
                .container(Container::new("sidecar"))
                .init_container(Container::new("init")),
        )
        .pod(
            Pod::new("default", "web-1")
                .phase(Phase::Pending)
                .container(Container::new("app")),
        )
        .start()
        .await
        .unwrap();
    let query = "&stdin=true&stdout=true&tty=true&command=sh";
    let refusal = async |pod: &str, query: &str| {
        let refused = Exec::try_open(&cluster, "default", pod, V4, query).await;
        let (code, body) = refused.err().unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (&body["kind"], &body["code"]),
            (&"Status".into(), &code.into())
        );
        (code, body["message"].as_str().unwrap().to_owned())
    };
    let expect = |code: u16, message: &str| (code, message.to_owned());
    assert_eq!(
        refusal("nope", query).await,
        expect(404, r#"pods "nope" not found"#)
    );
    assert_eq!(
        refusal("web-0", &format!("container=nope{query}")).await,
        expect(400, "container nope is not valid for pod web-0")
    );
    assert_eq!(
        refusal("web-0", query).await,
        expect(
            400,
            "a container name must be specified for pod web-0, choose one of: [init app sidecar]"
        )
    );
    assert_eq!(cluster.execs()[0].state, ExecState::Refused(404));

    // The only container is taken unnamed, but does not run: the kubelet's own answer, or the API server's word for it.
    let refused = Exec::try_open(&cluster, "default", "web-1", V4, query).await;
    let message = r#"container not found ("app")"#;
    assert_eq!(refused.err(), Some(expect(500, message)));
    let mut exec = Exec::try_open(&cluster, "default", "web-1", V5, query)
        .await
        .ok()
        .unwrap();
    assert_eq!(
        exec.end().await.unwrap()["message"],
        format!("Internal error occurred: unable to upgrade connection: {message}")
    );

    cluster.deny(
        "create",
        "pods",
        Some("exec"),
        "default",
        "ask the platform team",
    );
    assert_eq!(
        refusal("web-0", &format!("container=app{query}")).await,
        expect(
            403,
            "pods \"web-0\" is forbidden: User \"kubernetes-admin\" cannot create resource \"pods/exec\" \
             in API group \"\" in the namespace \"default\": ask the platform team"
        )
    );
}
