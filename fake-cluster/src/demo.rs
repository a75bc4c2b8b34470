//! The cluster behind `podshell --demo`: a few pods in which each thing the page can show happens.

use std::time::Duration;

use crate::{Builder, Container, ContainerState, FakeCluster, Phase, Pod};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a web server says, to attach to.
const LOG: &str = "n=0; while sleep 2; do n=$((n+1)); echo \"GET /items/$n 200\"; done";

/// A cluster with pods in several namespaces: with one container and with several, with and without bash, without any
/// shell, starting, crashing, done; with a shell or a log to attach to.
#[must_use]
pub fn demo() -> Builder {
    let web = |name: &str, age: Duration| {
        Pod::new("shop", name)
            .label("app", "web")
            .age(age)
            .init_container(Container::new("migrate").image("shop/migrate:2.4.1"))
            .container(Container::new("app").image("shop/web:2.4.1").main(
                "sh",
                &["-c", LOG],
                false,
            ))
            .container(Container::new("sidecar").image("envoyproxy/envoy:v1.36.0"))
    };
    FakeCluster::builder()
        .pod(
            Pod::new("default", "welcome")
                .label("app", "welcome")
                .age(12 * MINUTE)
                .container(
                    Container::new("shell")
                        .image("debian:12")
                        .main("sh", &[], true),
                ),
        )
        .pod(
            Pod::new("default", "busybox")
                .label("app", "busybox")
                .age(3 * HOUR)
                .container(
                    Container::new("busybox")
                        .image("busybox:1.37")
                        .without_bash(),
                ),
        )
        .pod(web("web-0", 6 * DAY))
        .pod(web("web-1", 6 * DAY + 2 * MINUTE).node("node-2"))
        .pod(
            Pod::new("shop", "db-0")
                .label("app", "db")
                .age(41 * DAY)
                .node("node-2")
                .container(Container::new("postgres").image("postgres:18.1")),
        )
        .pod(
            Pod::new("shop", "payments-7c9d5b6f4-x2x8q")
                .label("app", "payments")
                .age(2 * DAY)
                .container(
                    Container::new("payments")
                        .image("gcr.io/distroless/static:nonroot")
                        .without_shell(),
                ),
        )
        .pod(
            Pod::new("shop", "web-2")
                .label("app", "web")
                .age(Duration::from_secs(8))
                .phase(Phase::Pending)
                .container(Container::new("app").image("shop/web:2.5.0")),
        )
        .pod(
            Pod::new("jobs", "mailer-5f4b8c7d9-k4r7z")
                .label("app", "mailer")
                .age(5 * HOUR)
                .node("node-2")
                .container(
                    Container::new("mailer")
                        .image("shop/mailer:0.9.0")
                        .restarts(61)
                        .state(ContainerState::Waiting("CrashLoopBackOff".to_owned())),
                ),
        )
        .pod(
            Pod::new("jobs", "backup-29384620-h6w2m")
                .label("job-name", "backup-29384620")
                .age(9 * HOUR)
                .phase(Phase::Succeeded)
                .container(Container::new("backup").image("shop/backup:1.2.0")),
        )
}
