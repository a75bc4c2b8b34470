//! Lists, gets, watches and access reviews, as kube's client sees them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::{pin::pin, time::Duration};

use common::{DEADLINE, client, cluster};
use fake_cluster::{
    ApiEffect, Container, ContainerState, FakeCluster, Fault, Phase, Pod, Route, demo,
};
use futures_util::{Stream, StreamExt};
use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    core::v1,
};
use kube::{
    Api,
    api::{ListParams, PostParams, WatchParams},
    core::WatchEvent,
};
use tokio::time::timeout;

fn pods(cluster: &FakeCluster) -> Api<v1::Pod> {
    Api::namespaced(client(cluster), "default")
}

fn status_of(error: kube::Error) -> kube::core::Status {
    match error {
        kube::Error::Api(status) => *status,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn lists_and_gets_pods() {
    let cluster = cluster().await;
    cluster.add_pod(Pod::new("shop", "db-0").container(Container::new("postgres")));

    let client = client(&cluster);
    let all = Api::<v1::Pod>::all(client.clone());
    let listed = all.list(&ListParams::default()).await.unwrap();
    assert!(listed.metadata.resource_version.is_some());
    assert_eq!(names(&listed.items), ["web-0", "db-0"]);

    let only = ListParams::default().fields("metadata.name=db-0");
    assert_eq!(names(&all.list(&only).await.unwrap().items), ["db-0"]);
    let default = pods(&cluster);
    let listed = default.list(&ListParams::default()).await.unwrap();
    assert_eq!(names(&listed.items), ["web-0"]);

    let pod = default.get("web-0").await.unwrap();
    let status = pod.status.unwrap();
    assert_eq!(status.phase.as_deref(), Some("Running"));
    let container = &status.container_statuses.unwrap()[0];
    assert!(container.ready);
    assert_eq!(container.image, "registry.example/app:1.0");

    let namespaces = Api::<v1::Namespace>::all(client.clone());
    let listed = namespaces.list(&ListParams::default()).await.unwrap();
    let found: Vec<_> = listed
        .items
        .iter()
        .map(|n| n.metadata.name.clone())
        .collect();
    assert_eq!(found, [Some("default".to_owned()), Some("shop".to_owned())]);
    assert_eq!(client.apiserver_version().await.unwrap().major, "1");
}

#[tokio::test]
async fn images_have_ids_and_terminals_are_said() {
    let cluster = cluster().await;
    let image = |name: &str, image: &str| Container::new(name).image(image);
    let waiting = ContainerState::Waiting("ImagePullBackOff".to_owned());
    cluster.add_pod(
        Pod::new("default", "web-1")
            .container(image("a", "localhost:5000/app"))
            .container(image("b", "app:2").main("cat", &[], true))
            .container(image("c", "app:1").main("cat", &[], false))
            .container(image("d", "app:2"))
            .container(image("e", "app:3").state(waiting).message("no such image")),
    );
    let pod = pods(&cluster).get("web-1").await.unwrap();
    let containers = pod.spec.unwrap().containers;
    let terminals: Vec<_> = containers.iter().map(|c| (c.stdin, c.tty)).collect();
    let yes = Some(true);
    let expected = [
        (None, None),
        (yes, yes),
        (yes, None),
        (None, None),
        (None, None),
    ];
    assert_eq!(terminals, expected);

    let statuses = pod.status.unwrap().container_statuses.unwrap();
    let ids: Vec<_> = statuses
        .iter()
        .map(|status| status.image_id.as_str())
        .collect();
    let (name, digest) = ids[0].split_once("@sha256:").unwrap();
    assert_eq!((name, digest.len()), ("localhost:5000/app", 64));
    assert!(ids[1].starts_with("app@sha256:") && ids[1] == ids[3] && ids[1] != ids[2]);
    assert_eq!(ids[4], "", "never started");
    let waiting = statuses[4]
        .state
        .as_ref()
        .unwrap()
        .waiting
        .as_ref()
        .unwrap();
    assert_eq!(waiting.message.as_deref(), Some("no such image"));
}

fn names(pods: &[v1::Pod]) -> Vec<&str> {
    pods.iter()
        .map(|pod| pod.metadata.name.as_deref().unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let cluster = cluster().await;
    let error = pods(&cluster).get("nope").await.unwrap_err();
    let status = status_of(error);
    assert_eq!(status.message, r#"pods "nope" not found"#);
    assert_eq!((status.code, status.reason.as_str()), (404, "NotFound"));

    let namespaces = Api::<v1::Namespace>::all(client(&cluster));
    let status = status_of(namespaces.get("nope").await.unwrap_err());
    assert_eq!(status.message, r#"namespaces "nope" not found"#);
}

async fn next(
    events: &mut (impl Stream<Item = kube::Result<WatchEvent<v1::Pod>>> + Unpin),
) -> WatchEvent<v1::Pod> {
    let event = timeout(DEADLINE, events.next()).await.unwrap();
    event.unwrap().unwrap()
}

#[tokio::test]
async fn a_watch_sees_pods_come_change_and_go() {
    let cluster = cluster().await;
    let pods = pods(&cluster);
    let listed = pods.list(&ListParams::default()).await.unwrap();
    let version = listed.metadata.resource_version.unwrap();
    let mut events = pin!(pods.watch(&WatchParams::default(), &version).await.unwrap());

    cluster.add_pod(Pod::new("shop", "elsewhere").container(Container::new("app")));
    cluster.add_pod(Pod::new("default", "web-1").container(Container::new("app")));
    let WatchEvent::Added(pod) = next(&mut events).await else {
        panic!("not added");
    };
    assert_eq!(pod.metadata.name.as_deref(), Some("web-1"));

    assert!(cluster.set_phase("default", "web-1", Phase::Failed).await);
    let WatchEvent::Modified(pod) = next(&mut events).await else {
        panic!("not modified");
    };
    assert_eq!(pod.status.unwrap().phase.as_deref(), Some("Failed"));

    assert!(cluster.delete_pod("default", "web-1").await);
    let WatchEvent::Modified(pod) = next(&mut events).await else {
        panic!("not modified");
    };
    assert!(pod.metadata.deletion_timestamp.is_some());
    assert!(matches!(next(&mut events).await, WatchEvent::Deleted(_)));
    assert!(!cluster.delete_pod("default", "web-1").await);

    // A watch without a version begins with what there is.
    let mut present = pin!(pods.watch(&WatchParams::default(), "0").await.unwrap());
    assert!(matches!(next(&mut present).await, WatchEvent::Added(_)));

    // And every watch ends with the cluster.
    cluster.shutdown().await;
    let ended = timeout(DEADLINE, events.next()).await.unwrap();
    assert!(matches!(ended, None | Some(Err(_))), "{ended:?}");
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_gone() {
    let cluster = cluster().await;
    let pods = pods(&cluster);
    let listed = pods.list(&ListParams::default()).await.unwrap();
    let version = listed.metadata.resource_version.unwrap();
    let mut events = pin!(pods.watch(&WatchParams::default(), &version).await.unwrap());
    cluster.forget_history();
    let WatchEvent::Error(error) = next(&mut events).await else {
        panic!("no error");
    };
    assert_eq!(error.code, 410);
    let end = timeout(DEADLINE, events.next()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
}

async fn review(cluster: &FakeCluster, verb: &str, namespace: &str) -> (bool, Option<String>) {
    review_of(cluster, verb, "exec", namespace).await
}

async fn review_of(
    cluster: &FakeCluster,
    verb: &str,
    subresource: &str,
    namespace: &str,
) -> (bool, Option<String>) {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some(verb.to_owned()),
                resource: Some("pods".to_owned()),
                subresource: Some(subresource.to_owned()),
                namespace: Some(namespace.to_owned()),
                name: Some("web-0".to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews = Api::all(client(cluster));
    let answer = reviews.create(&PostParams::default(), &review).await;
    let status = answer.unwrap().status.unwrap();
    (status.allowed, status.reason)
}

#[tokio::test]
async fn access_is_allowed_unless_denied() {
    let cluster = cluster().await;
    assert_eq!(review(&cluster, "create", "default").await, (true, None));
    cluster.deny("create", "pods", Some("exec"), "default", "no shells here");
    cluster.deny("list", "pods", None, None, "");
    let denied = (false, Some("no shells here".to_owned()));
    assert_eq!(review(&cluster, "create", "default").await, denied);
    assert_eq!(review(&cluster, "create", "shop").await, (true, None));
    assert_eq!(review(&cluster, "get", "default").await, (true, None));

    for (verb, subresource) in [("create", "attach"), ("patch", "ephemeralcontainers")] {
        let review = async || review_of(&cluster, verb, subresource, "default").await;
        assert_eq!(review().await, (true, None));
        cluster.deny(verb, "pods", Some(subresource), None, "no");
        assert_eq!(review().await, (false, Some("no".to_owned())));
    }

    let error = pods(&cluster).list(&ListParams::default()).await;
    let status = status_of(error.unwrap_err());
    assert_eq!(
        status.message,
        "pods is forbidden: User \"kubernetes-admin\" cannot list resource \"pods\" in API group \"\" \
         in the namespace \"default\""
    );
    cluster.allow_all();
    assert_eq!(review(&cluster, "create", "default").await, (true, None));
}

#[tokio::test]
async fn routes_refuse_and_delay() {
    let cluster = cluster().await;
    let pods = pods(&cluster);
    let refuse = ApiEffect::Refuse {
        code: 500,
        message: "etcdserver: request timed out".to_owned(),
    };
    cluster.inject(Fault::api(Route::GetPod, refuse).once());
    let status = status_of(pods.get("web-0").await.unwrap_err());
    assert_eq!(
        (status.code, status.reason.as_str()),
        (500, "InternalError")
    );
    pods.get("web-0").await.unwrap();

    cluster.inject(Fault::api(Route::ListPods, ApiEffect::Delay(Duration::MAX)));
    let all = ListParams::default();
    let listed = pods.list(&all);
    assert!(timeout(Duration::from_millis(200), listed).await.is_err());
    cluster.clear_faults();
    pods.list(&ListParams::default()).await.unwrap();
}

#[tokio::test]
async fn the_demo_shows_every_state() {
    let cluster = demo().start().await.unwrap();
    let pods = Api::<v1::Pod>::all(client(&cluster));
    let listed = pods.list(&ListParams::default()).await.unwrap().items;
    let states: Vec<_> = listed
        .iter()
        .flat_map(|pod| {
            pod.status
                .as_ref()
                .unwrap()
                .container_statuses
                .as_ref()
                .unwrap()
        })
        .map(|status| status.state.as_ref().unwrap())
        .collect();
    let waits = |reason: &str| {
        states
            .iter()
            .filter_map(|state| state.waiting.as_ref()?.reason.as_deref())
            .any(|its| its == reason)
    };
    for reason in ["ContainerCreating", "CrashLoopBackOff", "ImagePullBackOff"] {
        assert!(waits(reason), "{reason}");
    }
    assert!(states.iter().any(|state| state.terminated.is_some()));
    assert!(states.iter().any(|state| state.running.is_some()));

    let state = ContainerState::Running;
    let set = cluster.set_container_state("jobs", "mailer-5f4b8c7d9-k4r7z", "mailer", state);
    assert!(set.await);
}

/// Asks as no library does it: gives the status, the headers and the body.
async fn get(
    cluster: &FakeCluster,
    path: &str,
    packed: bool,
) -> (http::StatusCode, http::HeaderMap, Vec<u8>) {
    let mut request = http::Request::get(path);
    if packed {
        request = request.header("accept-encoding", "gzip");
    }
    let request = request.body(kube::client::Body::empty()).unwrap();
    let answer = client(cluster).send(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = body.collect_bytes().await.unwrap();
    (parts.status, parts.headers, body.to_vec())
}

#[tokio::test]
async fn a_list_comes_by_pages_of_one_version() {
    let cluster = FakeCluster::builder().crowd(45).start().await.unwrap();
    let pods = Api::<v1::Pod>::all(client(&cluster));
    let all = pods.list(&ListParams::default()).await.unwrap();
    let mut params = ListParams::default().limit(20);
    let (mut paged, mut versions, mut left) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let page = pods.list(&params).await.unwrap();
        paged.extend(page.items);
        versions.push(page.metadata.resource_version);
        left.push(page.metadata.remaining_item_count);
        let Some(rest) = page.metadata.continue_ else {
            break;
        };
        // What changes meanwhile changes nothing of that.
        cluster.add_pod(Pod::new("zoo", "late"));
        params = ListParams::default().limit(20).continue_token(&rest);
    }
    assert_eq!(left, [Some(25), Some(6), None]);
    assert!(versions.iter().all(|version| *version == versions[0]));
    assert_eq!(names(&paged)[..45], names(&all.items));
    let odd = pods
        .list(&ListParams::default().continue_token("odd"))
        .await;
    assert_eq!(status_of(odd.unwrap_err()).code, 400);
    // A version that is forgotten has no next page.
    let page = pods.list(&ListParams::default().limit(20)).await.unwrap();
    cluster.forget_history();
    let rest = page.metadata.continue_.unwrap();
    let next = pods
        .list(&ListParams::default().continue_token(&rest))
        .await;
    assert_eq!(status_of(next.unwrap_err()).code, 410);
}

#[tokio::test]
async fn long_lists_are_packed_for_who_unpacks_them() {
    let cluster = FakeCluster::builder().crowd(100).start().await.unwrap();
    let (_, headers, whole) = get(&cluster, "/api/v1/pods", false).await;
    assert!(whole.len() > 500_000 && !headers.contains_key("content-encoding"));
    let (_, headers, packed) = get(&cluster, "/api/v1/pods", true).await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert!(
        packed.len() * 5 < whole.len(),
        "{} of {}",
        packed.len(),
        whole.len()
    );
    let (_, headers, _) = get(&cluster, "/api/v1/pods?limit=2", true).await;
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn a_watch_has_bookmarks_a_name_and_may_be_cut() {
    let cluster = cluster().await;
    let pods = pods(&cluster);
    let listed = pods.list(&ListParams::default()).await.unwrap();
    let version = listed.metadata.resource_version.unwrap();
    let mut events = pin!(pods.watch(&WatchParams::default(), &version).await.unwrap());
    assert_eq!(cluster.watchers(), ["kubernetes-admin"]);
    // Nothing that is watched.
    cluster.add_pod(Pod::new("shop", "elsewhere").container(Container::new("app")));
    let WatchEvent::Bookmark(bookmark) = next(&mut events).await else {
        panic!("no bookmark");
    };
    assert_ne!(bookmark.metadata.resource_version, version);
    cluster.cut_watches();
    let broken = timeout(DEADLINE, events.next()).await.unwrap();
    // As an end or as an error: kube has both.
    assert!(matches!(broken, None | Some(Err(_))), "{broken:?}");
    assert!(cluster.watchers().is_empty());
}

#[tokio::test]
async fn a_crowd_changes_as_often_as_it_is_to() {
    let cluster = FakeCluster::builder().crowd(30).start().await.unwrap();
    let pods = Api::<v1::Pod>::all(client(&cluster));
    let listed = pods.list(&ListParams::default()).await.unwrap();
    let version = listed.metadata.resource_version.unwrap();
    let mut events = pin!(pods.watch(&WatchParams::default(), &version).await.unwrap());
    cluster.change_crowd(30, 200);
    let (mut modified, mut others) = (0, 0);
    while modified < 40 {
        match next(&mut events).await {
            WatchEvent::Modified(_) => modified += 1,
            _ => others += 1,
        }
    }
    assert!(others > 1 && others < 20, "{others}");
}
