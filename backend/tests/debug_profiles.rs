//! Debug containers start everywhere: with what the namespace allows, as somebody who fits the pod, or it is said why not.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{TestServer, soon, web};
use fake_cluster::{
    ApiEffect, Builder, Container, ContainerState, FakeCluster, Fault, Phase, Pod,
    PodSecurityStandard, Route,
};
use http::{Method, StatusCode};
use podshell_shared::api::{
    ApiError, DebugContainer, DebugOptions, DebugProfile, DebugState, ErrorCode,
};
use serde_json::json;

/// What a namespace enforces, and the profile that comes of it.
const NAMESPACES: [(&str, PodSecurityStandard, DebugProfile); 3] = [
    (
        "open",
        PodSecurityStandard::Privileged,
        DebugProfile::General,
    ),
    (
        "usual",
        PodSecurityStandard::Baseline,
        DebugProfile::Baseline,
    ),
    (
        "strict",
        PodSecurityStandard::Restricted,
        DebugProfile::Restricted,
    ),
];
const PODS: [&str; 4] = ["distroless", "scratch", "crashing", "read-only"];

/// A pod of each kind in each namespace.
fn matrix() -> Builder {
    let mut cluster = FakeCluster::builder();
    for (namespace, standard, _) in NAMESPACES {
        for name in PODS {
            let container = Container::new("app").without_shell();
            let container = match name {
                "distroless" => {
                    container.security(serde_json::from_value(json!({"runAsUser": 65532})).unwrap())
                }
                "crashing" => container
                    .restarts(7)
                    .state(ContainerState::Waiting("CrashLoopBackOff".to_owned())),
                "read-only" => container.security(
                    serde_json::from_value(json!({"readOnlyRootFilesystem": true})).unwrap(),
                ),
                _ => container,
            };
            let mut pod = Pod::new(namespace, name).container(container);
            if standard == PodSecurityStandard::Restricted || name == "distroless" {
                let strict =
                    json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
                pod = pod.security(serde_json::from_value(strict).unwrap());
            }
            cluster = cluster.pod(pod);
        }
    }
    cluster
}

async fn start(flags: &[&str]) -> TestServer {
    let server = TestServer::start_with(matrix(), flags).await;
    for (namespace, standard, _) in NAMESPACES {
        server.cluster.enforce(namespace, standard);
    }
    server
}

async fn post(server: &TestServer, path: &str) -> (StatusCode, String) {
    let mut request = server.request(path);
    *request.method_mut() = Method::POST;
    let answer = server.send(request).await;
    (answer.status, answer.body)
}

async fn added(server: &TestServer, path: &str) -> DebugContainer {
    let (status, body) = post(server, path).await;
    assert_eq!(status, StatusCode::CREATED, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

async fn refused(server: &TestServer, path: &str) -> (StatusCode, ApiError) {
    let (status, body) = post(server, path).await;
    (status, serde_json::from_str(&body).expect(&body))
}

/// Waits until it runs, opens a shell in it, and lets that say something.
async fn has_a_shell(server: &TestServer, namespace: &str, pod: &str, container: &str) {
    let path = format!("/api/v1/pod/{namespace}/{pod}/debug/{container}");
    soon("its start", async {
        loop {
            let (_, body) = server.get(&path).await;
            match serde_json::from_str(&body).unwrap() {
                DebugState::Running => break,
                DebugState::Waiting { reason, message } => {
                    assert!(!reason.ends_with("Error"), "{path}: {reason} {message}");
                }
                DebugState::Ended { reason, message } => panic!("{path}: {reason} {message}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let shell = format!("/api/v1/pod/{namespace}/{pod}/shell/{container}");
    let id = server.mint_at(&shell).await;
    let mut terminal = server.open_with(&id).await;
    terminal.type_text("echo $((6*7)); exit\r").await;
    terminal.see("42").await;
    terminal.end().await;
}

/// Debugs each of the pods, and expects that the profile fits the namespace.
async fn all_have_a_shell(server: &TestServer) {
    for (namespace, _, expected) in NAMESPACES {
        for pod in PODS {
            let path = format!("/api/v1/pod/{namespace}/{pod}/debug/app");
            let debug = added(server, &path).await;
            assert_eq!(debug.profile, Some(expected), "{path}");
            has_a_shell(server, namespace, pod, &debug.container).await;
        }
    }
}

#[tokio::test]
async fn a_shell_beside_every_container_in_every_namespace() {
    let server = start(&[]).await;
    all_have_a_shell(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn the_same_for_who_may_not_see_what_namespaces_enforce() {
    let server = start(&[]).await;
    server.cluster.deny("get", "namespaces", None, None, "no");
    all_have_a_shell(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn the_profile_that_was_chosen_and_no_other() {
    let flags = [
        "--debug-profiles",
        "general,restricted,sysadmin",
        "--audit=true",
    ];
    let server = start(&flags).await;
    let (status, body) = server.get("/api/v1/debug").await;
    assert_eq!(status, StatusCode::OK);
    let options: DebugOptions = serde_json::from_str(&body).unwrap();
    assert_eq!(
        options.profiles,
        [
            DebugProfile::General,
            DebugProfile::Restricted,
            DebugProfile::Sysadmin
        ]
    );
    let open = "/api/v1/pod/open/scratch/debug/app";
    let strict = "/api/v1/pod/strict/scratch/debug/app";
    for (path, status, code, words) in [
        (
            format!("{open}?profile=legacy"),
            400,
            ErrorCode::UnknownProfile,
            "sysadmin",
        ),
        (
            format!("{open}?profile=netadmin"),
            403,
            ErrorCode::TurnedOff,
            "netadmin",
        ),
        (
            format!("{strict}?profile=sysadmin"),
            403,
            ErrorCode::PodSecurity,
            "privileged",
        ),
        (
            format!("{strict}?profile=general"),
            403,
            ErrorCode::PodSecurity,
            "SYS_PTRACE",
        ),
    ] {
        let (got, error) = refused(&server, &path).await;
        assert_eq!(
            (got.as_u16(), error.code),
            (status, code),
            "{path}: {error:?}"
        );
        assert!(error.message.contains(words), "{error:?}");
    }
    let plain = added(&server, open).await;
    // Another profile is another container, and what is there is used again.
    let admin = added(&server, &format!("{open}?profile=sysadmin")).await;
    assert_eq!(admin.profile, Some(DebugProfile::Sysadmin));
    assert_ne!(admin.container, plain.container);
    let (status, body) = post(&server, &format!("{open}?profile=sysadmin")).await;
    assert_eq!(status, StatusCode::OK);
    let again: DebugContainer = serde_json::from_str(&body).unwrap();
    assert_eq!((again.container, again.profile), (admin.container, None));
    let events = server.events.see_all("debug-container", 2).await;
    let profiles: Vec<_> = events
        .iter()
        .map(|event| event["profile"].clone())
        .collect();
    assert_eq!(profiles, [json!("general"), json!("sysadmin")]);
    server.stop().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_said() {
    let with = |pod: Pod| pod.container(Container::new("app").without_shell());
    let cluster = web()
        .pod(with(Pod::new("default", "ended").phase(Phase::Succeeded)))
        .pod(with(
            Pod::new("default", "evicted")
                .phase(Phase::Failed)
                .reason("Evicted", "The node was low on resource: memory."),
        ))
        .pod(with(
            Pod::new("default", "homeless")
                .phase(Phase::Pending)
                .unscheduled(),
        ))
        .pod(with(Pod::new("default", "going")));
    let server = TestServer::start(cluster).await;
    assert!(server.cluster.begin_delete("default", "going"));
    for (pod, why) in [
        ("ended", "has ended (Succeeded)"),
        (
            "evicted",
            "has ended (Evicted: The node was low on resource: memory.)",
        ),
        ("homeless", "has no node yet"),
        ("going", "is being deleted"),
    ] {
        let (status, error) =
            refused(&server, &format!("/api/v1/pod/default/{pod}/debug/app")).await;
        assert_eq!(
            (status, error.code),
            (StatusCode::CONFLICT, ErrorCode::PodUnfit),
            "{error:?}"
        );
        assert_eq!(error.detail.as_deref(), Some(why));
    }
    let bare = "/api/v1/pod/default/web-0/debug/bare";
    for (code, message, expected, hint) in [
        (
            403,
            "admission webhook \"guard.example.com\" denied the request: images come from registry.example.com",
            ErrorCode::Denied,
            "policies",
        ),
        (
            403,
            "pods \"web-0\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true (container \"app\" must set securityContext.runAsNonRoot=true)",
            ErrorCode::PodSecurity,
            "make the pod anew",
        ),
        (
            403,
            "pods \"web-0\" is forbidden: User \"ann\" cannot patch resource \"pods/ephemeralcontainers\"",
            ErrorCode::Forbidden,
            "right",
        ),
    ] {
        let message = message.to_owned();
        let refuse = ApiEffect::Refuse {
            code,
            message: message.clone(),
        };
        server
            .cluster
            .inject(Fault::api(Route::EphemeralContainers, refuse));
        let (_, error) = refused(&server, bare).await;
        server.cluster.clear_faults();
        assert_eq!(error.code, expected, "{error:?}");
        assert_eq!(error.detail.as_deref(), Some(&*message));
        assert!(error.hint.unwrap().contains(hint));
    }
    server.stop().await;
}

#[tokio::test]
async fn none_where_they_are_turned_off() {
    let server = start(&["--debug-containers", "false"]).await;
    let (_, body) = server.get("/api/v1/debug").await;
    assert_eq!(body, r#"{"profiles":[]}"#);
    let (status, error) = refused(&server, "/api/v1/pod/open/scratch/debug/app").await;
    assert_eq!(
        (status, error.code),
        (StatusCode::FORBIDDEN, ErrorCode::TurnedOff)
    );
    server.stop().await;
}
