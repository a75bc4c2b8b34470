//! `pods/log`, as kube's client sees it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::{pin::pin, time::Duration};

use common::{DEADLINE, client, cluster_with};
use fake_cluster::{Container, ContainerState, FakeCluster};
use futures_util::{AsyncBufReadExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1;
use kube::{Api, api::LogParams};
use tokio::time::timeout;

fn pods(cluster: &FakeCluster) -> Api<v1::Pod> {
    Api::namespaced(client(cluster), "default")
}

async fn words(cluster: &FakeCluster, params: &LogParams) -> String {
    match pods(cluster).logs("web-0", params).await {
        Err(kube::Error::Api(status)) => status.message.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn lines_by_time_and_number_and_of_the_run_before() {
    let second = Duration::from_secs(1);
    let container = Container::new("app")
        .printed_line(90 * second, "one")
        .printed_line(30 * second, "two");
    let cluster = cluster_with(container).await;
    cluster.print("default", "web-0", "app", "three\nfo");
    cluster.print("default", "web-0", "app", "ur\nunfinished");
    let log = async |params: LogParams| pods(&cluster).logs("web-0", &params).await.unwrap();
    let usual = LogParams::default;
    assert_eq!(log(usual()).await, "one\ntwo\nthree\nfour\n");
    let tail = LogParams {
        tail_lines: Some(1),
        ..usual()
    };
    assert_eq!(log(tail).await, "four\n");
    let since = LogParams {
        since_seconds: Some(60),
        ..usual()
    };
    assert_eq!(log(since).await, "two\nthree\nfour\n");
    let previous = || LogParams {
        previous: true,
        ..usual()
    };
    assert_eq!(
        words(&cluster, &previous()).await,
        "previous terminated container \"app\" in pod \"web-0\" not found"
    );
    assert!(cluster.restart("default", "web-0", "app", 3).await);
    assert_eq!(log(previous()).await, "one\ntwo\nthree\nfour\n");
    assert_eq!(log(usual()).await, "");
    cluster.shutdown().await;
}

#[tokio::test]
async fn what_waits_has_none_and_what_is_followed_ends_with_its_container() {
    let cluster = cluster_with(Container::new("app")).await;
    let waits = ContainerState::Waiting("ContainerCreating".to_owned());
    cluster
        .set_container_state("default", "web-0", "app", waits)
        .await;
    assert_eq!(
        words(&cluster, &LogParams::default()).await,
        "container \"app\" in pod \"web-0\" is waiting to start: ContainerCreating"
    );
    let other = LogParams {
        container: Some("other".to_owned()),
        ..LogParams::default()
    };
    let none = words(&cluster, &other).await;
    assert_eq!(none, "container other is not valid for pod web-0");
    let state = ContainerState::Running;
    cluster
        .set_container_state("default", "web-0", "app", state)
        .await;
    let follow = LogParams {
        follow: true,
        ..LogParams::default()
    };
    cluster.print("default", "web-0", "app", "one\n");
    let log = pods(&cluster).log_stream("web-0", &follow).await.unwrap();
    let mut lines = pin!(log.lines());
    assert_eq!(lines.try_next().await.unwrap().unwrap(), "one");
    cluster.print("default", "web-0", "app", "two\n");
    assert_eq!(lines.try_next().await.unwrap().unwrap(), "two");
    assert_eq!(cluster.log_readers(), 1);
    let state = ContainerState::Terminated(1);
    cluster
        .set_container_state("default", "web-0", "app", state)
        .await;
    let end = timeout(DEADLINE, lines.try_next()).await.unwrap();
    assert_eq!(end.unwrap(), None);
    cluster.shutdown().await;
}
