//! What stands in the way of a shell keeps its own words and its own reason: the cluster's rights and policies, proxies, and
//! containers that are not as one would wish.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{TestServer, soon, until, web};
use fake_cluster::{ApiEffect, Container, ContainerState, ExecEffect, Fault, Phase, Pod, Route};
use http::StatusCode;
use podshell_shared::{
    api::{ApiError, ContainerState as Shown, ErrorCode, PodList, Rights, Why},
    terminal::{EndReason, Exit},
};

/// What a body of an HTML answer has, and nobody is to see.
const SECRET: &str = "SECRETSECRET";

async fn end_of(server: &TestServer, id: &str) -> Exit {
    let mut terminal = server.open_with(id).await;
    terminal.end().await;
    terminal.exit.expect("an exit message")
}

fn refuse(code: u16, message: &str) -> ExecEffect {
    ExecEffect::Refuse {
        code,
        message: message.to_owned(),
    }
}

fn answer(code: u16, kind: &'static str, text: &str) -> ExecEffect {
    ExecEffect::Answer {
        code,
        kind,
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_refused_exec_keeps_its_own_words_and_has_its_own_reason() {
    let server = TestServer::start(web()).await;
    let html = "text/html; charset=utf-8";
    let page = format!("<!DOCTYPE html><html><body>Sign in, {SECRET}</body></html>");
    let policy = "ValidatingAdmissionPolicy 'no-shell' with binding 'no-shell' denied request: namespace payments takes no shells";
    let long = format!(
        "admission webhook \"w\" denied the request: {}",
        "because ".repeat(2000)
    );
    for (effect, reason, words) in [
        // By a policy that says why it refuses, and by one that does not.
        (
            refuse(403, &format!("pods \"web-0\" is forbidden: {policy}")),
            EndReason::Denied,
            "takes no shells",
        ),
        (
            refuse(422, &format!("pods \"web-0\" is invalid: : {policy}")),
            EndReason::Denied,
            "takes no shells",
        ),
        (
            refuse(
                400,
                "admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nblocked by\x1b[31m a policy\n",
            ),
            EndReason::Denied,
            "denied the request: blocked by [31m a policy",
        ),
        (refuse(403, &long), EndReason::Denied, "because because"),
        // By a right that is missing.
        (
            refuse(
                403,
                "pods \"web-0\" is forbidden: User \"ann\" cannot create resource \"pods/exec\"",
            ),
            EndReason::Forbidden,
            "cannot create resource",
        ),
        // By a proxy.
        (
            answer(403, html, &page),
            EndReason::ProxyRefused,
            "403 Forbidden, with an HTML page",
        ),
        (
            answer(200, html, &page),
            EndReason::ProxyRefused,
            "200 OK, with an HTML page",
        ),
        (
            answer(302, "text/plain", ""),
            EndReason::ProxyRefused,
            "302 Found",
        ),
        (
            answer(502, "text/plain", &page),
            EndReason::ProxyRefused,
            "502 Bad Gateway, with an HTML page",
        ),
        (
            answer(
                403,
                "text/plain",
                "Blocked by the web application firewall\n",
            ),
            EndReason::ProxyRefused,
            "Blocked by the web application firewall",
        ),
        (
            answer(403, "text/plain", ""),
            EndReason::ProxyRefused,
            "403 Forbidden, without a word",
        ),
        (
            answer(401, "application/json", "{\"error\":\"login_required\"}"),
            EndReason::ProxyRefused,
            "login_required",
        ),
        // By a proxy that makes an ordinary request of it.
        (
            refuse(400, "Upgrade request required"),
            EndReason::NoUpgrade,
            "Upgrade request required",
        ),
        // By a kubelet.
        (
            answer(500, "text/plain", "container not found (\"app\")\n"),
            EndReason::ContainerEnded,
            "container not found (\"app\")",
        ),
        // And otherwise.
        (
            refuse(
                500,
                "Internal error occurred: error dialing backend: dial tcp 10.0.0.1:10250: connect: no route to host",
            ),
            EndReason::ClusterLost,
            "no route to host",
        ),
    ] {
        let id = server.mint("app").await;
        server.cluster.inject(Fault::exec(effect.clone()));
        let exit = end_of(&server, &id).await;
        server.cluster.clear_faults();
        assert_eq!(exit.reason, reason, "{effect:?}: {exit:?}");
        let detail = exit.detail.unwrap_or_default();
        assert!(detail.contains(words), "{words}: {detail}");
        assert!(exit.message.contains(words), "{words}: {}", exit.message);
        for text in [&exit.message, &detail] {
            assert!(!text.contains(SECRET), "{text}");
            assert!(
                !text.contains(char::is_control) && text.len() < 5000,
                "{text:?}"
            );
            assert!(!text.contains("exec protocol"), "{text}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_container_that_ended_since_its_id_was_minted() {
    let server = TestServer::start(web()).await;
    for protocol in [fake_cluster::Protocol::V4, fake_cluster::Protocol::V5] {
        let id = server.mint("app").await;
        let ended = ContainerState::Terminated(3);
        assert!(
            server
                .cluster
                .set_container_state("default", "web-0", "app", ended)
                .await
        );
        server
            .cluster
            .inject(Fault::exec(ExecEffect::Protocols(vec![protocol])));
        let exit = end_of(&server, &id).await;
        server.cluster.clear_faults();
        assert_eq!(exit.reason, EndReason::ContainerEnded, "{exit:?}");
        assert!(
            exit.message.contains("has ended (Error, exit code 3)"),
            "{exit:?}"
        );
        let runs = ContainerState::Running;
        assert!(
            server
                .cluster
                .set_container_state("default", "web-0", "app", runs)
                .await
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn no_library_speaks_to_people() {
    let server = TestServer::start(web()).await;
    for mid_frame in [false, true] {
        let cut = ExecEffect::Cut {
            after: 10_000,
            mid_frame,
        };
        server.cluster.inject(Fault::exec(cut).once());
        let mut terminal = server.open("app").await;
        terminal.type_text("seq 1 100000\r").await;
        terminal.end().await;
        let exit = terminal.exit.unwrap();
        assert_eq!(exit.reason, EndReason::ClusterLost);
        assert_eq!(
            exit.message,
            "The connection to the container was lost: it was broken off."
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn who_may_not_ask_whether_they_may_has_a_shell_if_they_may() {
    let server = TestServer::start_with(web(), &["--review-every", "1s"]).await;
    let reviews = "selfsubjectaccessreviews";
    server
        .cluster
        .deny("create", reviews, None, None, "hardened");
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    // It is asked again and again, and refused each time.
    let asked = server.cluster.calls(Route::AccessReview);
    until("more reviews", || {
        server.cluster.calls(Route::AccessReview) >= asked + 4
    })
    .await;
    terminal.type_text("echo $((6*7)); exit\r").await;
    terminal.see("42").await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::Exited);

    // What they ask about decides.
    server
        .cluster
        .deny("create", "pods", Some("exec"), None, "not you");
    let exit = end_of(&server, &server.mint("app").await).await;
    assert_eq!(exit.reason, EndReason::Forbidden);
    assert!(exit.message.contains("not you"), "{exit:?}");
    server.stop().await;
}

#[tokio::test]
async fn shells_that_path_does_not_lead_to() {
    let odd = |name: &str, path: &str| {
        Pod::new("default", name).container(Container::new("app").path(path))
    };
    let cluster = web()
        .pod(odd("literal", "/opt/bin:$PATH"))
        .pod(odd("empty", ""));
    let server = TestServer::start(cluster).await;
    for pod in ["literal", "empty"] {
        let path = format!("/api/v1/pod/default/{pod}/shell/app");
        for shell in ["", "?shell=sh"] {
            let id = server.mint_at(&format!("{path}{shell}")).await;
            let mut terminal = server.open_with(&id).await;
            // Typed before there is one.
            terminal.type_text("echo $((6*7)) in $0; exit\r").await;
            terminal.see("42 in /bin/").await;
            terminal.end().await;
            assert_eq!(terminal.exit.unwrap().reason, EndReason::Exited);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_runtime_that_can_not_start_a_shell_says_why() {
    let server = TestServer::start(web()).await;
    let words = "OCI runtime exec failed: exec failed: unable to start container process: error closing exec fds: open /proc/self/fd: no such file or directory: unknown";
    server
        .cluster
        .inject(Fault::exec(ExecEffect::Fails(words.to_owned())));
    let exit = end_of(&server, &server.mint("app").await).await;
    server.cluster.clear_faults();
    assert_eq!(exit.reason, EndReason::NotStarted, "{exit:?}");
    assert!(exit.detail.unwrap().contains(words));
    // It was tried once: another shell would fare no better.
    assert_eq!(server.cluster.execs().len(), 1);

    let exit = end_of(&server, &server.mint("bare").await).await;
    assert_eq!(exit.reason, EndReason::NoShell);
    let detail = exit.detail.unwrap();
    assert!(detail.contains("\"/bin/bash\""), "{detail}");
    server.stop().await;
}

#[tokio::test]
async fn shells_that_only_some_images_have() {
    let bare = Pod::new("default", "sh").container(Container::new("app").only(&["sh"]));
    let server = TestServer::start(web().pod(bare)).await;
    let path = "/api/v1/pod/default/sh/shell/app?shell=";
    for shell in ["ash", "bash", "fish"] {
        let exit = end_of(&server, &server.mint_at(&format!("{path}{shell}")).await).await;
        assert_eq!(exit.reason, EndReason::NoShell, "{exit:?}");
        assert!(
            exit.message.contains(&format!("has no {shell}")),
            "{exit:?}"
        );
    }
    let (status, body) = server.get(&format!("{path}tcsh")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    assert!(
        body.contains("unknown-shell") && body.contains("zsh"),
        "{body}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_servers_list_of_shells_is_tried_in_its_order() {
    let server = TestServer::start_with(web(), &["--shells", "fish,bash,sh"]).await;
    for (container, name) in [("app", "bash"), ("plain", "sh"), ("bash-only", "bash")] {
        let mut terminal = server.open(container).await;
        terminal.type_text("echo I am $0; exit\r").await;
        terminal.see(&format!("I am {name}\r\n")).await;
        terminal.end().await;
    }
    let exit = end_of(&server, &server.mint("bare").await).await;
    assert_eq!(exit.reason, EndReason::NoShell);
    assert!(
        exit.message.contains("no fish and no bash and no sh"),
        "{exit:?}"
    );
    let (status, body) = server
        .get("/api/v1/pod/default/web-0/shell/app?shell=zsh")
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    assert!(body.contains("turned-off"), "{body}");
    server.stop().await;
}

#[tokio::test]
async fn the_default_container_of_a_pod() {
    let named = |named: &str| {
        Pod::new("default", "mesh")
            .annotation("kubectl.kubernetes.io/default-container", named)
            .container(Container::new("istio-proxy").without_shell())
            .container(Container::new("app"))
    };
    let server = TestServer::start(web().pod(named("app"))).await;
    let id = server.mint_at("/api/pod/mesh/shell").await;
    let mut terminal = server.open_with(&id).await;
    terminal.see_prompt().await;
    terminal.type_text("exit\r").await;
    terminal.end().await;
    assert_eq!(server.cluster.execs().last().unwrap().container, "app");

    let default = async || {
        let (_, body) = server.get("/api/v1/pods").await;
        let list: PodList = serde_json::from_str(&body).unwrap();
        let mesh = list
            .pods
            .into_iter()
            .find(|pod| pod.name == "mesh")
            .unwrap();
        mesh.default_container
    };
    assert_eq!(default().await.as_deref(), Some("app"));
    let (status, body) = server.get("/api/v1/pod/default/mesh").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let one: podshell_shared::api::Pod = serde_json::from_str(&body).unwrap();
    assert_eq!(one.default_container.as_deref(), Some("app"));
    let (status, body) = server.get("/api/v1/pod/default/none").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    // One that is not there is none.
    server.cluster.add_pod(named("gone"));
    soon("the list as it is now", async {
        while default().await.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn an_evicted_pod_says_so() {
    let evicted = Pod::new("default", "evicted")
        .phase(Phase::Failed)
        .reason("Evicted", "The node was low on resource: memory.")
        .container(Container::new("app").unseen());
    let server = TestServer::start(web().pod(evicted)).await;
    let (_, body) = server.get("/api/v1/pods").await;
    let list: PodList = serde_json::from_str(&body).unwrap();
    let pod = list.pods.iter().find(|pod| pod.name == "evicted").unwrap();
    assert_eq!(pod.status, "Evicted");
    let why = Why::Said {
        reason: "Evicted".to_owned(),
        message: "The node was low on resource: memory.".to_owned(),
    };
    assert_eq!(pod.why, Some(why));
    let waits = Shown::Waiting {
        reason: "Evicted".to_owned(),
    };
    assert_eq!(pod.containers[0].state, waits);
    let (status, body) = server.get("/api/v1/pod/default/evicted/shell/app").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let error: ApiError = serde_json::from_str(&body).unwrap();
    assert_eq!(error.code, ErrorCode::NotRunning);
    let why = "Evicted: The node was low on resource: memory.";
    assert_eq!(error.detail.as_deref(), Some(why));
    server.stop().await;
}

#[tokio::test]
async fn what_answers_in_the_clusters_place_is_told_for_other_calls_too() {
    let server = TestServer::start(web()).await;
    let page = || ApiEffect::Refuse {
        code: 403,
        message: format!("<html>{SECRET}</html>"),
    };
    for (route, path) in [
        (Route::GetPod, "/api/v1/pod/default/web-0/shell/app"),
        (Route::ListPods, "/api/v1/pods"),
    ] {
        server.cluster.inject(Fault::api(route, page()));
        let (status, body) = server.get(path).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY, "{body}");
        assert!(
            body.contains("proxy-refused") && !body.contains(SECRET),
            "{body}"
        );
    }
    server.stop().await;
}

/// Which rights of exec, attach, log and debug are told.
async fn rights(server: &TestServer, namespace: &str) -> [bool; 4] {
    let (status, body) = server.get(&format!("/api/v1/rights/{namespace}")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let Rights {
        exec,
        attach,
        log,
        debug,
    } = serde_json::from_str(&body).unwrap();
    [exec, attach, log, debug]
}

#[tokio::test]
async fn what_one_may_do_in_a_namespace_is_told_before_it_is_tried() {
    let server = TestServer::start(web()).await;
    assert_eq!(rights(&server, "default").await, [true; 4]);
    // Each verb that it takes counts.
    let pods = |verb, what| {
        server
            .cluster
            .deny(verb, "pods", Some(what), "default", "not you");
    };
    pods("create", "exec");
    assert_eq!(rights(&server, "default").await, [false, true, true, true]);
    pods("get", "attach");
    pods("get", "log");
    pods("patch", "ephemeralcontainers");
    assert_eq!(rights(&server, "default").await, [false; 4]);
    assert_eq!(rights(&server, "shop").await, [true; 4]);
    server.cluster.allow_all();

    // Who may not ask tries.
    let reviews = "selfsubjectaccessreviews";
    server.cluster.deny("create", reviews, None, None, "");
    assert_eq!(rights(&server, "default").await, [true; 4]);
    let (status, body) = server.get("/api/v1/rights/No.Name").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_turned_off_nobody_may_do() {
    let flags = ["--read-only", "--logs=false", "--hidden-namespaces=secret"];
    let server = TestServer::start_with(web(), &flags).await;
    assert_eq!(
        rights(&server, "default").await,
        [false, true, false, false]
    );
    let (status, _) = server.get("/api/v1/rights/secret").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    server.stop().await;
}
