//! The cluster behind `podshell --demo`: a few pods in which each thing the page can show happens.

use std::time::Duration;

use crate::{Builder, Container, ContainerState, FakeCluster, Phase, Pod};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a web server says, to attach to.
const LOG: &str = "n=0; while sleep 2; do n=$((n+1)); echo \"GET /items/$n 200\"; done";

/// A cluster in which people meet what they meet in others.
///
/// There are pods in several namespaces: with one container and with several, with a sidecar, with and without bash, without
/// any shell, starting, crashing, done, without an image or a node; with a shell or a log to attach to.
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
                        .last_ended(1, 2 * MINUTE)
                        .printed_line(3 * MINUTE, "mailer 0.9.0")
                        .printed_line(3 * MINUTE, "reading the queue at amqp://queue.jobs:5672")
                        .printed_line(2 * MINUTE, "fatal: smtp.example: connection refused")
                        .printed_line_before(8 * MINUTE, "mailer 0.9.0")
                        .printed_line_before(7 * MINUTE, "fatal: smtp.example: connection refused")
                        .state(ContainerState::Waiting("CrashLoopBackOff".to_owned()))
                        .message("back-off 5m0s restarting failed container=mailer pod=mailer-5f4b8c7d9-k4r7z_jobs"),
                ),
        )
        .pod(
            Pod::new("jobs", "report-29384700-8vx4p")
                .label("job-name", "report-29384700")
                .age(26 * MINUTE)
                .phase(Phase::Pending)
                .unschedulable("0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.")
                .container(Container::new("report").image("shop/report:1.8.0").unseen()),
        )
        .pod(
            Pod::new("shop", "checkout-6b8f9d5c7-q2wzn")
                .label("app", "checkout")
                .age(18 * MINUTE)
                .phase(Phase::Pending)
                .container(
                    Container::new("checkout")
                        .image("shop/checkout:3.0.0")
                        .state(ContainerState::Waiting("ImagePullBackOff".to_owned()))
                        .message("Back-off pulling image \"shop/checkout:3.0.0\": ErrImagePull: failed to resolve reference: shop/checkout:3.0.0: not found"),
                ),
        )
        .pod(
            Pod::new("shop", "search-0")
                .label("app", "search")
                .age(40 * Duration::from_secs(1))
                .node("node-2")
                .phase(Phase::Pending)
                .init_container(
                    Container::new("index")
                        .image("shop/search-index:1.1.0")
                        .state(ContainerState::Running),
                )
                .container(Container::new("search").image("shop/search:1.1.0")),
        )
        .pod(
            Pod::new("shop", "cart-58d7c6b9f-mn4lt")
                .label("app", "cart")
                .age(3 * DAY)
                .init_container(
                    Container::new("proxy")
                        .image("envoyproxy/envoy:v1.36.0")
                        .sidecar(),
                )
                .container(Container::new("cart").image("shop/cart:2.0.3")),
        )
        .pod(
            Pod::new("jobs", "backup-29384620-h6w2m")
                .label("job-name", "backup-29384620")
                .age(9 * HOUR)
                .phase(Phase::Succeeded)
                .container(
                    Container::new("backup")
                        .image("shop/backup:1.2.0")
                        .printed_line(9 * HOUR, "dumping shop (41 tables)")
                        .printed_line(9 * HOUR - 4 * MINUTE, "1.2 GiB written, done"),
                ),
        )
}
