//! Credential plugins, as programs that do all that programs do.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use fake_cluster::{FakeCluster, Pod};
use futures_util::future::join_all;
use http::{Request, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Case, SECRET,
    api_server::{ApiServer, Authority},
    binary::Podshell,
    check,
};

const TOKEN: &str = "s3cr3t-token";
const SERVES: &str = "serves cluster \"away\", the current context";
/// For scripts.
pub(super) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(super) const VERSION: &str = "client.authentication.k8s.io/v1";

/// A kubeconfig whose user's credentials a plugin gives: `more` is how it is run.
fn of(server: &ApiServer, authority: &Authority, more: &Value) -> String {
    let mut exec = json!({
        "apiVersion": VERSION, "command": "./plugin", "args": null, "env": null,
        "interactiveMode": "IfAvailable", "provideClusterInfo": null,
    });
    for (key, value) in more.as_object().unwrap() {
        exec[key] = value.clone();
    }
    let cluster = json!({
        "server": server.url("localhost"),
        "certificate-authority-data": authority.own.data(),
    });
    json!({
        "current-context": "away",
        "clusters": [{"name": "far", "cluster": cluster}],
        "users": [{"name": "me", "user": {"exec": exec}}],
        "contexts": [{"name": "away", "context": {"cluster": "far", "user": "me"}}],
    })
    .to_string()
}

/// What a plugin prints.
pub(super) fn credential(status: &Value) -> String {
    json!({"apiVersion": VERSION, "kind": "ExecCredential", "status": status}).to_string()
}

impl Case {
    /// With a plugin that is this script of a shell.
    pub(super) fn plugin(self, script: &str) -> Self {
        let path = self.file(
            "plugin",
            &format!("#!/bin/sh\necho run >> runs\n{script}\n"),
        );
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// With one that prints this.
    fn gives(self, status: &Value) -> Self {
        let text = credential(status);
        self.plugin(&format!("cat <<'E'\n{text}\nE"))
    }
}

#[tokio::test]
async fn a_plugin_is_run_once_and_gives_a_token_a_certificate_or_both() {
    let authority = Authority::new();
    let own = authority.server("localhost", false);
    let server = ApiServer::start(&own, TOKEN, Some(&authority.own)).await;
    let client = authority.client("me");
    let text = of(&server, &authority, &json!({}));
    let certificate = json!({
        "clientCertificateData": client.certificate, "clientKeyData": client.key, "token": null,
    });
    let mut both = certificate.clone();
    both["token"] = TOKEN.into();
    let cases = [json!({"token": TOKEN}), certificate, both].map(|status| {
        Case::serves("credentials", &[SERVES])
            .gives(&status)
            .named(&text)
    });
    for case in cases {
        let folder = case.check().await;
        let runs = fs::read_to_string(folder.path().join("runs"));
        assert_eq!(runs.unwrap(), "run\n");
    }
    let seen = server.seen.lock().unwrap().clone();
    let bearer = format!("Bearer {TOKEN}");
    for expected in [(bearer.clone(), 0), (String::new(), 1), (bearer, 1)] {
        assert!(seen.contains(&expected), "{seen:?}");
    }
}

#[tokio::test]
async fn a_plugin_is_told_what_is_wanted_of_it() {
    let authority = Authority::new();
    let server = ApiServer::start(&authority.server("localhost", false), TOKEN, None).await;
    let how = json!({
        "args": ["one", null, "three"],
        "env": [{"name": "GIVEN", "value": "given"}, {"name": "EMPTY", "value": null}],
        "provideClusterInfo": true,
    });
    let text = of(&server, &authority, &how);
    let print = credential(&json!({"token": TOKEN}));
    let case = Case::serves("a plugin that looks", &[SERVES]).named(&text);
    let case = case.plugin(&format!(
        "echo \"$KUBERNETES_EXEC_INFO\" > told; echo \"$#|$1|$2|$3|$GIVEN|${{EMPTY-unset}}\" > given; cat > stdin; echo '{print}'"
    ));
    let folder = case.check().await;
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("given"), "3|one||three|given|\n");
    // There is no terminal, and nothing of ours to read.
    assert_eq!(read("stdin"), "");
    let told: Value = serde_json::from_str(&read("told")).unwrap();
    assert_eq!(told["apiVersion"], VERSION);
    assert_eq!(told["kind"], "ExecCredential");
    assert_eq!(told["spec"]["interactive"], false);
    let cluster = &told["spec"]["cluster"];
    assert_eq!(cluster["server"], server.url("localhost"));
    assert_eq!(cluster["certificate-authority-data"], authority.own.data());
    assert_eq!(cluster["proxy-url"], Value::Null);
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_what_it_printed() {
    let authority = Authority::new();
    let server = ApiServer::start(&authority.server("localhost", false), TOKEN, None).await;
    let text = of(&server, &authority, &json!({}));
    let with = |how: Value| of(&server, &authority, &how);
    let fails = |what, says: &[&str]| Case::fails(what, says);
    check([
        fails(
            "one that fails",
            &[
                "its credential plugin",
                "failed (exit status: 3)",
                "expired, sign in",
            ],
        )
        .plugin("echo s3cr3t; echo expired, sign in >&2; exit 3")
        .named(&text),
        fails("one that dies", &["failed (signal: 9"])
            .plugin("kill -9 $$")
            .named(&text),
        fails("one that says nothing", &["is no ExecCredential"])
            .plugin("true")
            .named(&text),
        fails("one that babbles", &["is no ExecCredential"])
            .plugin("echo '{\"s3cr3t\": '")
            .named(&text),
        fails("one that babbles for ever", &["is longer than 1 MiB"])
            .plugin("exec yes s3cr3t")
            .named(&text),
        fails(
            "one without credentials",
            &["neither a token nor a certificate"],
        )
        .gives(&json!({"token": ""}))
        .named(&text),
        fails("one with half a certificate", &["without its key"])
            .gives(&json!({"clientCertificateData": "s3cr3t"}))
            .named(&text),
        fails(
            "one with no certificate",
            &["gave a certificate that can't be used"],
        )
        .gives(&json!({"clientCertificateData": "s3cr3t", "clientKeyData": "s3cr3t"}))
        .named(&text),
        fails("one with an odd token", &["its token has characters"])
            .gives(&json!({"token": "s3cr3t\nmore"}))
            .named(&text),
        fails("one with an odd time", &["no time of RFC 3339"])
            .gives(&json!({"token": TOKEN, "expirationTimestamp": "s3cr3t"}))
            .named(&text),
        fails("one of another version", &["speaks another version"])
            .gives(&json!({"token": TOKEN}))
            .named(&with(
                json!({"apiVersion": "client.authentication.k8s.io/v1beta1"}),
            )),
        fails(
            "one that is refused",
            &["The cluster refused: Unauthorized", "credentials"],
        )
        .gives(&json!({"token": "s3cr3t"}))
        .named(&text),
        fails(
            "a version that nobody knows",
            &["is to speak \"client.authentication.k8s.io/v1alpha1\""],
        )
        .named(&with(
            json!({"apiVersion": "client.authentication.k8s.io/v1alpha1"}),
        )),
        fails(
            "one that is not installed",
            &[
                "\"no-such-plugin\" is not installed",
                "PATH. Get it at a.test",
            ],
        )
        .named(&with(
            json!({"command": "no-such-plugin", "installHint": "Get it at a.test\n"}),
        )),
        fails(
            "one that can't be run",
            &["can't be run: Permission denied"],
        )
        .also("text", "s3cr3t")
        .named(&with(json!({"command": "./text"}))),
        fails("one that has to ask", &["has to ask on a terminal"])
            .gives(&json!({"token": TOKEN}))
            .named(&with(json!({"interactiveMode": "Always"}))),
    ])
    .await;
}

/// It may wait for a browser, or for ever.
#[tokio::test]
async fn a_plugin_that_hangs_ends_with_whoever_started_it() {
    let authority = Authority::new();
    let server = ApiServer::start(&authority.server("localhost", false), TOKEN, None).await;
    for signal in [Signal::INT, Signal::TERM] {
        for script in [
            "echo $$ > id; exec sleep 300",
            "sleep 300 & echo $! > id; wait",
        ] {
            let case = Case::serves("one that hangs", &[]).plugin(script);
            let path = case.file("named", &of(&server, &authority, &json!({})));
            let started = Podshell::spawn(case.home.path(), &[], &[("KUBECONFIG", path.into())]);
            let id = case.home.path().join("id");
            let plugin = until_written(&id).await;
            let begun = Instant::now();
            kill_process(
                Pid::from_raw(started.id().try_into().unwrap()).unwrap(),
                signal,
            )
            .unwrap();
            let outcome = started.end().await;
            assert!(
                begun.elapsed() < Duration::from_secs(2),
                "{:?}",
                begun.elapsed()
            );
            let code = 128 + signal.as_raw();
            assert_eq!(outcome.status.code(), Some(code), "{outcome:?}");
            until_gone(plugin).await;
        }
    }
}

pub(super) async fn with_pod() -> FakeCluster {
    let pod = Pod::new("default", "web-0");
    FakeCluster::builder().pod(pod).start().await.unwrap()
}

/// A server whose plugin gives what the file `token` holds, as one that the cluster knows; the file `hang` makes it hang.
async fn with_plugin(cluster: &FakeCluster, home: &TempDir) -> (Podshell, String) {
    let path = home.path().join("plugin");
    let print = credential(&json!({"token": "@"})).replace('@', "'$(cat token)'");
    let script = format!(
        "#!/bin/sh\ncd '{}'; echo run >> runs\nif [ -e hang ]; then echo $$ > id; exec sleep 300; fi\necho '{print}'\n",
        home.path().display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let text = json!({
        "current-context": "away",
        "clusters": [{"name": "far", "cluster": {"server": cluster.url()}}],
        "users": [{"name": "me", "user": {"exec": {"apiVersion": VERSION, "command": path}}}],
        "contexts": [{"name": "away", "context": {"cluster": "far", "user": "me"}}],
    });
    fs::write(home.path().join("config"), text.to_string()).unwrap();
    let variables = [
        ("KUBECONFIG", home.path().join("config").into()),
        ("PODSHELL_TOKEN", KEY.into()),
    ];
    let server = Podshell::start(home.path(), &[], &variables).await;
    let address = server.address();
    (server, address)
}

/// Asks for a pod, which the cluster is asked for each time: the status and the body.
pub(super) async fn pod(address: &str) -> (u16, String) {
    let request = Request::get(format!("http://{address}/api/v1/pod/default/web-0"));
    let request = request.header(AUTHORIZATION, format!("Bearer {KEY}"));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = request.body(Empty::<&[u8]>::new()).unwrap();
    let answer = client.request(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn runs(home: &TempDir) -> usize {
    let runs = fs::read_to_string(home.path().join("runs"));
    runs.unwrap_or_default().lines().count()
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_asked_for_anew() {
    let cluster = with_pod().await;
    let home = TempDir::new().unwrap();
    let give = |token: &str| {
        cluster.add_user(token, "me", &[]);
        fs::write(home.path().join("token"), token).unwrap();
    };
    give("s3cr3t-first");
    let (server, address) = with_plugin(&cluster, &home).await;
    assert_eq!(pod(&address).await.0, 200);
    assert_eq!(runs(&home), 1);
    cluster.remove_user("s3cr3t-first");
    give("s3cr3t-second");
    // All who were refused the old one go on with the new one.
    let asked = join_all((0..8).map(|_| pod(&address))).await;
    for (status, body) in asked {
        assert_eq!(status, 200, "{body}");
    }
    assert_eq!(runs(&home), 2);
    // One that stays refused is not asked for again and again.
    cluster.remove_user("s3cr3t-second");
    for _ in 0..5 {
        let (status, body) = pod(&address).await;
        assert!(status != 200 && !body.contains(SECRET), "{body}");
    }
    assert_eq!(runs(&home), 2);
    let outcome = server.end().await;
    assert!(
        outcome.status.success() && !outcome.stderr.contains(SECRET),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_plugin_that_hangs_when_it_is_run_anew_holds_up_nothing_else() {
    let cluster = with_pod().await;
    let home = TempDir::new().unwrap();
    cluster.add_user("s3cr3t-first", "me", &[]);
    fs::write(home.path().join("token"), "s3cr3t-first").unwrap();
    let (server, address) = with_plugin(&cluster, &home).await;
    fs::write(home.path().join("hang"), "").unwrap();
    cluster.remove_user("s3cr3t-first");
    let asking = || async { pod(&address).await };
    let asked = join_all([asking(), asking(), asking(), asking()]).await;
    for (status, body) in asked {
        assert!(
            status != 200 && body.contains("did not answer within 10 seconds"),
            "{status} {body}"
        );
    }
    assert_eq!(runs(&home), 2);
    let plugin = until_written(&home.path().join("id")).await;
    let begun = Instant::now();
    let outcome = server.end().await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert!(outcome.status.success(), "{outcome:?}");
    until_gone(plugin).await;
}

pub(super) async fn until_written(path: &Path) -> Pid {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.ends_with('\n') {
            return Pid::from_raw(text.trim().parse().unwrap()).unwrap();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the plugin does not start"
        );
        tokio::task::yield_now().await;
    }
}

pub(super) async fn until_gone(process: Pid) {
    let begun = Instant::now();
    while test_kill_process(process).is_ok() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the plugin goes on"
        );
        tokio::task::yield_now().await;
    }
}
