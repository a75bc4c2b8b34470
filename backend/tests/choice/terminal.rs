//! Credential plugins that ask somebody on the terminal on which we were started.

use std::fs;

use fake_cluster::FakeCluster;
use pty_process::Pty;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    Case, SECRET,
    binary::Podshell,
    plugins::{KEY, VERSION, credential, pod, until_gone, until_written, with_pod},
};

const TOKEN: &str = "s3cr3t-token";

/// Waits until a program asks something on the terminal.
async fn expect(terminal: &mut Pty, question: &str) {
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains(question) {
        assert_ne!(terminal.read_buf(&mut shown).await.unwrap(), 0);
    }
}

/// A plugin that is this script, run for `cluster` in this mode.
fn case(cluster: &FakeCluster, mode: &str, script: &str) -> Case {
    let exec = json!({"apiVersion": VERSION, "command": "./plugin", "interactiveMode": mode});
    let text = json!({
        "current-context": "away",
        "clusters": [{"name": "far", "cluster": {"server": cluster.url()}}],
        "users": [{"name": "me", "user": {"exec": exec}}],
        "contexts": [{"name": "away", "context": {"cluster": "far", "user": "me"}}],
    });
    let case = Case::serves("a plugin that asks", &[]).plugin(script);
    case.named(&text.to_string()).with("PODSHELL_TOKEN", KEY)
}

#[tokio::test]
async fn a_plugin_asks_on_the_terminal_that_it_was_started_on_and_never_later() {
    let cluster = with_pod().await;
    let print = credential(&json!({"token": TOKEN}));
    let ask = format!(
        "echo \"$KUBERNETES_EXEC_INFO\" > told; printf 'Code: ' >&0; read -r code; \
         [ \"$code\" = 4711 ] || exit 3; echo '{print}'"
    );
    for mode in ["IfAvailable", "Always"] {
        cluster.add_user(TOKEN, "me", &[]);
        let case = case(&cluster, mode, &ask);
        let (mut terminal, mut podshell) =
            Podshell::spawn_on_terminal(case.home.path(), &case.variables);
        expect(&mut terminal, "Code: ").await;
        terminal.write_all(b"4711\n").await.unwrap();
        podshell.started().await;
        let address = podshell.address();
        let (status, body) = pod(&address).await;
        assert_eq!(status, 200, "{mode}: {body}");
        let told = fs::read_to_string(case.home.path().join("told")).unwrap();
        assert!(told.contains("\"interactive\":true"), "{mode}: {told}");

        // Nobody looks at the terminal any more.
        cluster.remove_user(TOKEN);
        let (status, body) = pod(&address).await;
        assert_ne!(status, 200, "{mode}: {body}");
        let ended = podshell.end().await;
        assert!(ended.status.success(), "{mode}: {ended:?}");
        let said = format!("{}{}{body}", ended.stdout, ended.stderr);
        assert!(!said.contains(SECRET), "{mode}: {said}");
        assert!(body.contains("credential plugin"), "{mode}: {body}");
    }
}

/// As the terminal has it: the key is a signal for both.
#[tokio::test]
async fn ctrl_c_ends_a_plugin_that_asks_and_whoever_started_it() {
    let cluster = with_pod().await;
    let script = "echo $$ > id; printf 'Code: ' >&0; exec sleep 300";
    let case = case(&cluster, "IfAvailable", script);
    let (mut terminal, podshell) = Podshell::spawn_on_terminal(case.home.path(), &case.variables);
    expect(&mut terminal, "Code: ").await;
    let plugin = until_written(&case.home.path().join("id")).await;
    terminal.write_all(b"\x03").await.unwrap();
    let ended = podshell.end().await;
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    until_gone(plugin).await;
}
