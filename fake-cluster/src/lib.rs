//! A Kubernetes API on this machine, just enough of it for Podshell: what the backend's tests run against, on a port of
//! loopback, and the cluster behind `podshell --demo`, which listens nowhere.
//!
//! It serves pods (get; list, by pages and packed; watch, with bookmarks), their logs, namespaces, the version, access
//! reviews, ephemeral containers, and `exec` and `attach` over WebSocket (`v5.channel.k8s.io`, `v4.channel.k8s.io`). A command asked for by `exec`, and a container's main process,
//! **really run on this machine**, as the user who runs the cluster, on a local terminal or on pipes: the "containers" are
//! no isolation whatever. Whoever may speak to the cluster may do all that this user may. Therefore
//!
//! - what people run is started [in memory](Builder::start_in_memory): only the process that has its [`Connector`] reaches it;
//! - a cluster [on a port](Builder::start), for tests and measurements, is on 127.0.0.1 only, and there other users and the
//!   pages in a browser can knock: each request needs a [token](FakeCluster::token) that is new at each start (else 401),
//!   must be addressed to the port as it is bound (else 421), and may have no `Origin` (else 403);
//! - a cluster kills everything it has started when it is shut down or dropped.
//!
//! (Containers without processes, for [`load`], are there as well.)
//!
//! Where a real API server or kubelet has habits that a client trips over, the cluster has them too: it does not join
//! fragmented WebSocket messages, it does not end a process whose connection has gone, a terminal has no size until the
//! client sends one, a program that is missing is reported after the upgrade, not before, an attach is told nothing of how
//! the main process ended, an ephemeral container has no status at first, and a log is answered when there is a first line.
//!
//! It needs a Unix; on Linux it also finds what has left its session or outlived its shell.
//!
//! It is not: a scheduler, TLS, or any API beyond those named. Whoever has the token is `kubernetes-admin`, who may
//! impersonate anyone; [other users](FakeCluster::add_user) have tokens of their own.
//!
//! ```no_run
//! # async fn example() -> Result<(), fake_cluster::StartError> {
//! use fake_cluster::{Container, ExecEffect, FakeCluster, Fault, Pod};
//!
//! let cluster = FakeCluster::builder()
//!     .pod(Pod::new("default", "web-0").container(Container::new("app")))
//!     .start()
//!     .await?;
//! cluster.inject(Fault::exec(ExecEffect::ReadSize(1)).once());
//! println!("{}", cluster.url());
//! cluster.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod access;
mod api;
mod cluster;
mod crowd;
mod demo;
mod door;
mod ephemeral;
mod exec;
mod fault;
mod guard;
mod list;
pub mod load;
mod logs;
mod main_process;
mod pod;
mod pod_security;
mod pods_log;
mod process;
mod record;
mod sandbox;
mod selection;
mod signals;
mod spawn;
mod status;
mod store;
mod users;
mod watch;

pub use crate::{
    cluster::{Builder, FakeCluster, StartError},
    demo::demo,
    door::Connector,
    fault::{ApiEffect, EphemeralEffect, ExecEffect, Fault, LogEffect, Route},
    pod::{Container, ContainerState, Phase, Pod},
    pod_security::PodSecurityStandard,
    record::{ExecRecord, ExecState, Mode, Protocol, Size},
};
