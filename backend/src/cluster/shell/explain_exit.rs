//! What the end of a connection to a container means for the user.

use std::{borrow::Cow, time::Duration};

use k8s_openapi::api::core::v1::Pod;
use podshell_shared::terminal::{EndReason, Exit};
use tokio::time::{Instant, sleep};

use super::refused;
use crate::{
    cluster::{Cluster, ClusterError, answer, pods, words},
    session::{Mode, ProcessEnd, Target, failed},
};

/// How long the API server may take to notice that a container is gone.
const NOTICE_TIME: Duration = Duration::from_secs(3);
/// How often the pod is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks at the pod where the end itself does not say all.
pub(super) async fn explain(cluster: &Cluster, target: &Target, ended: ProcessEnd) -> Exit {
    let time = match (target.mode, &ended) {
        // The container ends with its main process, and a shell of it by SIGKILL or SIGTERM.
        (_, ProcessEnd::Lost(_))
        | (Mode::Attach, ProcessEnd::Exited(_))
        | (Mode::Exec, ProcessEnd::Exited(137 | 143)) => Some(NOTICE_TIME),
        (Mode::Exec, ProcessEnd::Exited(128..)) => Some(Duration::ZERO),
        (_, ProcessEnd::Failed(why)) if words::say_that_it_is_gone(why) => Some(NOTICE_TIME),
        (_, ProcessEnd::Exited(_) | ProcessEnd::Failed(_)) => None,
    };
    if let Some(time) = time
        && let Some(exit) = look(cluster, target, time).await
    {
        return exit;
    }
    match (target.mode, ended) {
        (Mode::Exec, ProcessEnd::Exited(code)) => Exit {
            code: Some(code),
            ..failed(
                EndReason::Exited,
                format!("The shell ended with exit code {code}."),
            )
        },
        (Mode::Attach, ProcessEnd::Exited(_)) => {
            failed(EndReason::Exited, "The container's main process ended.")
        }
        (_, ProcessEnd::Failed(why)) if words::say_that_it_is_gone(&why) => {
            refused(&ClusterError::Gone(why))
        }
        (mode, ProcessEnd::Failed(why)) => {
            let what = match mode {
                Mode::Exec => "The shell could not be run",
                Mode::Attach => "The container's main process can't be attached to",
            };
            Exit {
                detail: Some(why.clone()),
                ..failed(EndReason::NotStarted, format!("{what}: {why}"))
            }
        }
        (_, ProcessEnd::Lost(why)) => failed(
            EndReason::ClusterLost,
            format!("The connection to the container was lost: {why}."),
        ),
    }
}

/// What it means for the user that there was no connection to begin with.
pub(super) async fn explain_refusal(
    cluster: &Cluster,
    target: &Target,
    error: &ClusterError,
) -> Exit {
    let seen = match error {
        ClusterError::Gone(_) => look(cluster, target, NOTICE_TIME).await,
        _ => None,
    };
    seen.unwrap_or_else(|| refused(error))
}

/// Whether the target's container has ended, as far as the cluster tells now.
pub(super) async fn is_gone(cluster: &Cluster, target: &Target) -> bool {
    look(cluster, target, Duration::ZERO).await.is_some()
}

/// Looks at the pod until it shows that the container ended; [`None`] if it does not in time.
async fn look(cluster: &Cluster, target: &Target, time: Duration) -> Option<Exit> {
    let until = Instant::now() + time;
    let mut run = None;
    loop {
        // Many may be lost at once.
        let turn = cluster.looks.acquire().await.ok()?;
        let looked = answer(cluster.pod_api(&target.namespace).get(&target.pod)).await;
        drop(turn);
        let seen = match looked {
            Err(ClusterError::Api { status: 404, .. }) => Some(failed(
                EndReason::PodGone,
                format!("Pod {:?} was deleted.", target.pod),
            )),
            Err(_) => return None,
            Ok(pod) => end_since(&mut run, pod, target),
        };
        if seen.is_some() || Instant::now() >= until {
            return seen;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The end of the target's container, if the pod shows one, or another run of it than the first that was seen: who restarts it
/// at once, as Kubernetes 1.37, shows its end for a tenth of a second.
fn end_since(first: &mut Option<String>, pod: Pod, target: &Target) -> Option<Exit> {
    let run = pods::run(&pod, &target.container).map(str::to_owned);
    let is_restarted = first.is_some() && run.is_some() && *first != run;
    *first = first.take().or(run);
    let pod = if is_restarted {
        pods::before_restart(pod, &target.container)
    } else {
        pod
    };
    end_in(pod, target)
}

/// The end of the target's container, if the pod shows one.
fn end_in(pod: Pod, target: &Target) -> Option<Exit> {
    if pod.metadata.deletion_timestamp.is_some() {
        let message = format!("Pod {:?} is being deleted.", target.pod);
        return Some(failed(EndReason::PodGone, message));
    }
    if target.mode == Mode::Attach
        && let Some(end) = pods::end_of(&pod, &target.container)
    {
        let code = end.exit_code;
        let reason = end.reason.as_deref().unwrap_or("Terminated");
        let message =
            format!("The container's main process ended with exit code {code} ({reason}).");
        return Some(Exit {
            code: Some(code),
            detail: Some(reason.to_owned()),
            ..failed(EndReason::Exited, message)
        });
    }
    let reason = if pods::is_over(&pod) {
        EndReason::PodGone
    } else {
        EndReason::ContainerEnded
    };
    let gone = pods::find_running(pod, Some(target.container.clone())).err()?;
    Some(Exit {
        detail: gone.detail().map(Cow::into_owned),
        ..failed(reason, gone.to_string())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(run: &str, last: &serde_json::Value) -> Pod {
        let status = json!({
            "name": "main", "image": "", "imageID": "", "ready": true, "restartCount": 0,
            "containerID": run, "state": {"running": {}}, "lastState": last,
        });
        let pod = json!({
            "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "main", "image": "bash"}]},
            "status": {"phase": "Running", "containerStatuses": [status]},
        });
        serde_json::from_value(pod).unwrap()
    }

    fn target(mode: Mode) -> Target {
        Target {
            namespace: "default".to_owned(),
            pod: "web".to_owned(),
            container: "main".to_owned(),
            shell: None,
            mode,
            windows: false,
            image: String::new(),
        }
    }

    #[test]
    fn a_container_that_was_restarted_between_two_looks_has_ended() {
        let ended = json!({"terminated": {"exitCode": 7, "reason": "Error"}});
        for (mode, reason, code) in [
            (Mode::Exec, EndReason::ContainerEnded, None),
            (Mode::Attach, EndReason::Exited, Some(7)),
        ] {
            let target = target(mode);
            let mut run = None;
            let mut look = |pod| end_since(&mut run, pod, &target);
            // What an earlier run came to is nothing of this one.
            assert!(look(pod("containerd://a", &ended)).is_none());
            assert!(look(pod("containerd://a", &ended)).is_none());
            let exit = look(pod("containerd://b", &ended)).unwrap();
            assert_eq!((exit.reason, exit.code), (reason, code));
        }
    }

    #[test]
    fn what_ended_in_a_pod_that_is_over_is_gone_with_it() {
        let ended = |phase: &str, reason: Option<&str>| {
            let status = json!({
                "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"terminated": {"exitCode": 137, "reason": "Error"}},
            });
            let pod = json!({
                "metadata": {"name": "web"},
                "spec": {"containers": [{"name": "main", "image": "bash"}]},
                "status": {"phase": phase, "reason": reason, "containerStatuses": [status]},
            });
            let pod = serde_json::from_value(pod).unwrap();
            end_in(pod, &target(Mode::Exec)).unwrap().reason
        };
        assert_eq!(ended("Running", None), EndReason::ContainerEnded);
        assert_eq!(ended("Running", Some("NodeLost")), EndReason::PodGone);
        assert_eq!(ended("Failed", Some("Evicted")), EndReason::PodGone);
        assert_eq!(ended("Succeeded", None), EndReason::PodGone);
    }
}
