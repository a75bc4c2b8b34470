//! The HTTP side: what the API answers, and how errors look.

mod common;

use std::time::Duration;

use common::{TestServer, web};
use fake_cluster::{ApiEffect, Container, ContainerState, FakeCluster, Fault, Phase, Pod, Route};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::header::CONTENT_SECURITY_POLICY;
use insta::assert_snapshot;
use podshell_shared::api::PodList;

const MINT: &str = "/api/v1/pod/default/web-0/shell/app";

#[tokio::test]
async fn errors_have_one_shape() {
    let cluster = web().pod(Pod::new("default", "late").phase(Phase::Pending).container(
        Container::new("app").state(ContainerState::Waiting("ContainerCreating".to_owned())),
    ));
    let server = TestServer::start(cluster).await;
    let body = async |path: &str| {
        let (status, body) = server.get(path).await;
        format!("{} {body}", status.as_u16())
    };
    let mint = "/api/v1/pod";
    assert_snapshot!(body(&format!("{mint}/default/web-9/shell/app")).await, @r#"404 {"code":"no-pod","message":"There is no pod \"web-9\" in namespace \"default\".","hint":"It may have been deleted or renamed. Go back to the list of pods."}"#);
    assert_snapshot!(body(&format!("{mint}/nowhere/web-0/shell/app")).await, @r#"404 {"code":"no-namespace","message":"There is no namespace \"nowhere\" in this cluster.","hint":"It may have been deleted or renamed. Go back to the list of pods."}"#);
    assert_snapshot!(body(&format!("{mint}/default/web-0/shell/nope")).await, @r#"404 {"code":"no-container","message":"Pod \"web-0\" has no container \"nope\"; it has app, plain, bare, bash-only.","hint":"Choose one of the containers that the pod has."}"#);
    assert_snapshot!(body(&format!("{mint}/default/late/shell/app")).await, @r#"409 {"code":"not-running","message":"Container \"app\" of pod \"late\" is not running: it waits (ContainerCreating).","detail":"ContainerCreating","hint":"A shell needs a running container. Wait until it runs, or choose another one."}"#);
    assert_snapshot!(body(&format!("{mint}/default/..%2F..%2Fsecrets/shell/app")).await, @r#"400 {"code":"bad-name","message":"\"../../secrets\" can't be the name of anything in Kubernetes.","hint":"Names have lower-case letters, digits, '-' and '.' only, and a letter or digit at each end."}"#);
    assert_snapshot!(body(&format!("{mint}/default//shell/app")).await, @r#"400 {"code":"bad-name","message":"\"\" can't be the name of anything in Kubernetes.","hint":"Names have lower-case letters, digits, '-' and '.' only, and a letter or digit at each end."}"#);
    assert_snapshot!(body(&format!("{mint}/default/web-0./shell/app")).await, @r#"400 {"code":"bad-name","message":"\"web-0.\" can't be the name of anything in Kubernetes.","hint":"Names have lower-case letters, digits, '-' and '.' only, and a letter or digit at each end."}"#);
    assert_snapshot!(body(&format!("{mint}//web-0/shell/app")).await, @r#"400 {"code":"bad-name","message":"\"\" can't be the name of anything in Kubernetes.","hint":"Names of namespaces and containers have up to 63 lower-case letters, digits and '-', and a letter or digit at each end."}"#);
    assert_snapshot!(body(&format!("{mint}/a.b/web-0/shell/app")).await, @r#"400 {"code":"bad-name","message":"\"a.b\" can't be the name of anything in Kubernetes.","hint":"Names of namespaces and containers have up to 63 lower-case letters, digits and '-', and a letter or digit at each end."}"#);
    assert_snapshot!(body(&format!("{mint}/default/web-0/shell/-")).await, @r#"400 {"code":"bad-name","message":"\"-\" can't be the name of anything in Kubernetes.","hint":"Names of namespaces and containers have up to 63 lower-case letters, digits and '-', and a letter or digit at each end."}"#);
    assert_snapshot!(body("/api/pod/web-0/shell?namespace=").await, @r#"400 {"code":"bad-name","message":"\"\" can't be the name of anything in Kubernetes.","hint":"Names of namespaces and containers have up to 63 lower-case letters, digits and '-', and a letter or digit at each end."}"#);
    assert_snapshot!(body("/api/v1/nothing").await, @r#"404 {"code":"no-such-route","message":"There is nothing at this address."}"#);
    server
        .cluster
        .deny("create", "pods", Some("exec"), "default", "not on Mondays");
    assert_snapshot!(body(MINT).await, @r#"403 {"code":"forbidden","message":"You may not open a shell in namespace \"default\": the right to create pods/exec is missing. (not on Mondays)","detail":"default: create pods/exec (not on Mondays)","hint":"Ask your cluster administrator for a Role with the verbs get and create on pods/exec."}"#);
    server.cluster.allow_all();
    let refuse = ApiEffect::Refuse {
        code: 403,
        message: "pods is forbidden".to_owned(),
    };
    server.cluster.inject(Fault::api(Route::ListPods, refuse));
    assert_snapshot!(body("/api/v1/pods").await, @r#"403 {"code":"forbidden","message":"The cluster refused: pods is forbidden","detail":"pods is forbidden","hint":"Name a namespace whose pods you may list, or ask your cluster administrator for the right to list all."}"#);
    server.stop().await;
}

#[tokio::test]
async fn who_mints_too_often_is_refused_before_a_turn_at_the_cluster() {
    let server = TestServer::start_with(web(), &["--mints-per-minute", "64"]).await;
    let silent = ApiEffect::Delay(Duration::MAX);
    server.cluster.inject(Fault::api(Route::GetPod, silent));
    // More than have a turn at once, and whoever has one gets no answer.
    let mut minting: FuturesUnordered<_> = (0..80).map(|_| server.get(MINT)).collect();
    let (status, body) = minting.next().await.unwrap();
    assert_eq!(status, 429, "{body}");
    drop(minting);
    server.cluster.clear_faults();
    server.stop().await;
}

#[tokio::test]
async fn the_seeds_own_route_mints_too() {
    let server = TestServer::start(web()).await;
    for query in [
        "",
        "?namespace=default",
        "?namespace=default&container=&shell=",
        "?namespace=default&container=plain&shell=sh",
    ] {
        let (status, body) = server.get(&format!("/api/pod/web-0/shell{query}")).await;
        assert_eq!(status, 200, "{query}: {body}");
        let id = body
            .strip_prefix(r#"{"id":""#)
            .and_then(|rest| rest.strip_suffix(r#""}"#));
        assert!(id.is_some_and(|id| !id.contains('.')), "{body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pods_by_namespace_and_name() {
    let cluster = FakeCluster::builder()
        .pod(Pod::new("b", "two").container(Container::new("x").image("img:1")))
        .pod(
            Pod::new("a", "one")
                .label("app", "shop")
                .container(Container::new("app").restarts(2))
                .init_container(Container::new("init").state(ContainerState::Terminated(0))),
        );
    let server = TestServer::start(cluster).await;
    let (status, body) = server.get("/api/v1/pods").await;
    assert_eq!(status, 200, "{body}");
    let list: PodList = serde_json::from_str(&body).unwrap();
    assert_eq!((list.cluster.as_str(), list.demo), ("fake", false));
    let names: Vec<_> = list
        .pods
        .iter()
        .map(|pod| (&*pod.namespace, &*pod.name))
        .collect();
    assert_eq!(names, [("a", "one"), ("b", "two")]);
    let one = &list.pods[0];
    assert_eq!(one.labels, ["app=shop"]);
    assert_eq!(one.readiness(), (1, 1));
    let containers: Vec<_> = one
        .containers
        .iter()
        .map(|c| (&*c.name, c.restarts))
        .collect();
    assert_eq!(containers, [("app", 2), ("init", 0)]);
    server.stop().await;
}

#[tokio::test]
async fn one_namespace_for_who_may_list_no_other() {
    let server = TestServer::start(web().pod(Pod::new("other", "two"))).await;
    let refuse = ApiEffect::Refuse {
        code: 403,
        message: "pods is forbidden".to_owned(),
    };
    // The list of all namespaces; the next is that of the kubeconfig's own.
    server
        .cluster
        .inject(Fault::api(Route::ListPods, refuse).once());
    let (status, body) = server.get("/api/v1/pods").await;
    assert_eq!(status, 200, "{body}");
    let list: PodList = serde_json::from_str(&body).unwrap();
    let names: Vec<_> = list.pods.iter().map(|pod| &*pod.name).collect();
    assert_eq!(
        (list.namespaces, names),
        (vec!["default".to_owned()], vec!["web-0"])
    );
    server.stop().await;
}

#[tokio::test]
async fn everything_under_a_base_path() {
    let server = TestServer::start_with(web(), &["--base-path", "/tools/shell"]).await;
    let (status, body) = server.get("/api/v1/pods").await;
    assert_eq!(status, 200, "{body}");
    let answer = server.send(server.anonymous("/healthz")).await;
    assert_eq!(answer.status, 200);
    let page = format!("http://{}/tools/shell/#token=", server.host);
    assert!(server.link.starts_with(&page), "{}", server.link);
    let mut terminal = server.open("app").await;
    terminal.type_text("exit 4\r").await;
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().code, Some(4));
    server.stop().await;
}

#[tokio::test]
async fn answers_forbid_what_they_do_not_need() {
    let server = TestServer::start(web()).await;
    let answer = server.send(server.request("/api/v1/pods")).await;
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header(CONTENT_SECURITY_POLICY.as_str()).contains("frame-ancestors 'none'"));
    server.stop().await;
}

/// What the API's clients are told of it: a change here is one of theirs, too.
#[tokio::test]
async fn the_api_describes_itself() {
    let server = TestServer::start(web()).await;
    let answer = server.send(server.anonymous("/api/v1/openapi.json")).await;
    assert_eq!(answer.status, 200);
    let mut described: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    described["info"]["version"] = "…".into();
    insta::assert_json_snapshot!(described);
    server.stop().await;
}

#[tokio::test]
async fn a_cluster_is_called_as_it_is_to_be_and_marked() {
    let server = TestServer::start(web()).await;
    let (_, me) = server.get("/api/v1/me").await;
    assert_eq!(
        me,
        r#"{"groups":[],"canSignOut":false,"cluster":"fake","kept":900}"#
    );
    server.stop().await;

    let flags = ["--cluster-name= EU 1 ", "--cluster-mark=production"];
    let server = TestServer::start_with(web(), &flags).await;
    let (_, me) = server.get("/api/v1/me").await;
    assert_eq!(
        me,
        r#"{"groups":[],"canSignOut":false,"cluster":"EU 1","mark":"production","kept":900}"#
    );
    let (_, pods) = server.get("/api/v1/pods").await;
    assert!(pods.contains(r#""cluster":"EU 1""#), "{pods}");
    server.stop().await;
}
