//! Why a pod can't be entered or is not well, in Kubernetes' own words; and when it was restarted last.

use k8s_openapi::{
    api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus},
    jiff::{SignedDuration, Timestamp},
};
use podshell_shared::api::Why;

use crate::cluster::words;

/// The most that is told of it, in bytes: it comes with each change of the pod.
const MOST: usize = 200;
/// Why a container waits that every pod passes through.
const ORDINARY: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];
/// The reason whose message says less than how the container ended.
const CRASHES: &str = "CrashLoopBackOff";

/// The reason, if there is one to tell.
pub(super) fn why(pod: &Pod) -> Option<Why> {
    let status = pod.status.as_ref()?;
    let of_pod = || said(status.reason.as_deref(), status.message.as_deref());
    of_pod().or_else(|| unscheduled(status)).or_else(|| {
        lasting(status).find_map(|container| waits(container).or_else(|| fails(pod, container)))
    })
}

/// When a container of the pod was restarted last.
pub(super) fn restarted(pod: &Pod) -> Option<String> {
    let ends = lasting(pod.status.as_ref()?).filter_map(last_end);
    ends.max().map(|time| time.to_string())
}

/// When a container's last run but this one ended.
pub(super) fn last_end(container: &ContainerStatus) -> Option<Timestamp> {
    let last = container.last_state.as_ref()?.terminated.as_ref()?;
    last.finished_at.as_ref().map(|time| time.0)
}

/// The containers that a pod is made of, in the order in which they start.
fn lasting(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    let init = status.init_container_statuses.iter().flatten();
    init.chain(status.container_statuses.iter().flatten())
}

fn said(reason: Option<&str>, message: Option<&str>) -> Option<Why> {
    let message = words::fit_in(message?, MOST);
    let reason = words::fit_in(reason.unwrap_or_default(), MOST);
    (!message.is_empty()).then_some(Why::Said { reason, message })
}

fn unscheduled(status: &PodStatus) -> Option<Why> {
    let mut conditions = status.conditions.iter().flatten();
    let unmet = conditions.find(|one| one.type_ == "PodScheduled" && one.status == "False")?;
    said(unmet.reason.as_deref(), unmet.message.as_deref())
}

/// What a container says that waits for something out of the ordinary.
fn waits(container: &ContainerStatus) -> Option<Why> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    if ORDINARY.contains(&reason) {
        return None;
    }
    let said = || said(Some(reason), waiting.message.as_deref());
    let crashed = || {
        let last = container.last_state.as_ref()?.terminated.as_ref()?;
        Some(crashed(last, next_start(container)))
    };
    if reason == CRASHES {
        crashed().or_else(said)
    } else {
        said().or_else(crashed)
    }
}

/// How a container has failed that the kubelet is about to start again: between the end of a run and the next one, or the first
/// sight of a back-off, it is told as one that has ended.
fn fails(pod: &Pod, container: &ContainerStatus) -> Option<Why> {
    let end = container.state.as_ref()?.terminated.as_ref()?;
    let spec = pod.spec.as_ref()?;
    let init = spec.init_containers.iter().flatten();
    let mut all = init.chain(&spec.containers);
    let own = all.find(|one| one.name == container.name)?;
    let policy = own.restart_policy.as_ref().or(spec.restart_policy.as_ref());
    let lives = matches!(
        pod.status.as_ref()?.phase.as_deref(),
        Some("Pending" | "Running")
    ) && pod.metadata.deletion_timestamp.is_none();
    let failed = end.exit_code != 0 && policy.is_none_or(|policy| policy != "Never");
    (lives && failed).then(|| crashed(end, None))
}

fn crashed(end: &ContainerStateTerminated, again: Option<Timestamp>) -> Why {
    Why::Crashed {
        reason: words::fit_in(end.reason.as_deref().unwrap_or_default(), MOST),
        code: end.exit_code,
        again: again.map(|time| time.to_string()),
    }
}

/// When the kubelet starts a container again that crashes. It tells only for how long it holds it back, from the end of the last
/// run on: `back-off 2m40s restarting failed container=…`.
fn next_start(container: &ContainerStatus) -> Option<Timestamp> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let told = waiting.message.as_deref()?.strip_prefix("back-off ")?;
    let held_back: SignedDuration = told.split(' ').next()?.parse().ok()?;
    last_end(container)?.checked_add(held_back).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn with(status: &Value) -> Pod {
        serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap()
    }

    /// A container that waits, and how its last run ended.
    fn waits(reason: &str, message: &str, last: &Value) -> Value {
        json!({
            "name": "app", "image": "", "imageID": "", "ready": false, "restartCount": 1,
            "state": {"waiting": {"reason": reason, "message": message}},
            "lastState": {"terminated": last},
        })
    }

    #[test]
    fn the_pod_speaks_before_its_containers() {
        let said = |reason: &str, message: &str| {
            let (reason, message) = (reason.to_owned(), message.to_owned());
            Some(Why::Said { reason, message })
        };
        let crashed = |reason: &str, code| {
            let reason = reason.to_owned();
            let again = None;
            Some(Why::Crashed {
                reason,
                code,
                again,
            })
        };
        let unscheduled = json!([
            {"type": "Ready", "status": "False", "message": "of no interest"},
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available:\n2 Insufficient memory."},
        ]);
        let pull = || waits("ImagePullBackOff", "Back-off pulling image", &Value::Null);
        let ended = json!({"exitCode": 1, "reason": "Error"});
        let crash = || waits("CrashLoopBackOff", "back-off 5m0s restarting", &ended);
        let starts = || waits("ContainerCreating", "noise", &ended);
        for (status, why) in [
            (json!({}), None),
            (json!({"message": " "}), None),
            (
                json!({"message": "Said by nobody."}),
                said("", "Said by nobody."),
            ),
            (
                json!({"reason": "Evicted", "message": "The node was low.", "conditions": unscheduled, "containerStatuses": [pull()]}),
                said("Evicted", "The node was low."),
            ),
            (
                json!({"message": "", "conditions": unscheduled, "containerStatuses": [pull()]}),
                said(
                    "Unschedulable",
                    "0/2 nodes are available: 2 Insufficient memory.",
                ),
            ),
            (
                json!({"containerStatuses": [starts(), pull(), crash()]}),
                said("ImagePullBackOff", "Back-off pulling image"),
            ),
            (
                json!({"initContainerStatuses": [crash()], "containerStatuses": [pull()]}),
                crashed("Error", 1),
            ),
            (
                json!({"containerStatuses": [waits("CrashLoopBackOff", "back-off", &Value::Null)]}),
                said("CrashLoopBackOff", "back-off"),
            ),
            (
                json!({"containerStatuses": [waits("RunContainerError", "", &json!({"exitCode": 128}))]}),
                crashed("", 128),
            ),
            (
                json!({"containerStatuses": [waits("RunContainerError", "", &Value::Null)]}),
                None,
            ),
            (json!({"ephemeralContainerStatuses": [pull()]}), None),
        ] {
            assert_eq!(super::why(&with(&status)), why, "{status}");
        }
    }

    #[test]
    fn a_container_that_failed_and_is_to_be_restarted_crashes_before_the_kubelet_says_so() {
        let pod = |code: i32,
                   phase: &str,
                   policy: &str,
                   own: Option<&str>,
                   deleted: Option<&str>|
         -> Pod {
            let ended = json!({"terminated": {"exitCode": code, "reason": "Error"}});
            serde_json::from_value(json!({
                "metadata": {"deletionTimestamp": deleted},
                "spec": {"restartPolicy": policy, "containers": [{"name": "app", "restartPolicy": own}]},
                "status": {"phase": phase, "containerStatuses": [
                    {"name": "app", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": ended},
                ]},
            }))
            .unwrap()
        };
        let now = Some("2026-11-20T10:00:01Z");
        for (code, phase, policy, own, deleted, crashes) in [
            (1, "Running", "Always", None, None, true),
            (1, "Running", "OnFailure", None, None, true),
            // Of an init container the pod is pending still.
            (1, "Pending", "Always", None, None, true),
            (1, "Running", "Never", Some("Always"), None, true),
            (1, "Running", "Never", None, None, false),
            (1, "Running", "Always", Some("Never"), None, false),
            (1, "Failed", "OnFailure", None, None, false),
            // What is done says so itself.
            (0, "Running", "Always", None, None, false),
            (1, "Running", "Always", None, now, false),
        ] {
            let why = why(&pod(code, phase, policy, own, deleted));
            let is_crash = matches!(
                &why,
                Some(Why::Crashed {
                    code: 1,
                    again: None,
                    ..
                })
            );
            assert_eq!(
                is_crash, crashes,
                "{code} {phase} {policy} {own:?} {deleted:?}: {why:?}"
            );
        }
    }

    #[test]
    fn a_crashed_container_is_started_again_when_it_is_held_back_no_more() {
        let ended = json!({"exitCode": 1, "finishedAt": "2026-11-20T10:00:01Z"});
        for (message, ended, again) in [
            (
                "back-off 10s restarting failed container=app pod=web_shop(1)",
                &ended,
                Some("2026-11-20T10:00:11Z"),
            ),
            (
                "back-off 2m40s restarting failed container=app pod=web_shop(1)",
                &ended,
                Some("2026-11-20T10:02:41Z"),
            ),
            ("back-off 5m0s", &ended, Some("2026-11-20T10:05:01Z")),
            (
                "back-off 1h0m0.5s x",
                &ended,
                Some("2026-11-20T11:00:01.5Z"),
            ),
            ("back-off forever", &ended, None),
            ("back-off 999999999999999h", &ended, None),
            ("", &ended, None),
            ("back-off 10s", &json!({"exitCode": 1}), None),
        ] {
            let crash = waits("CrashLoopBackOff", message, ended);
            let why = why(&with(&json!({"containerStatuses": [crash]})));
            let Some(Why::Crashed { again: told, .. }) = why else {
                panic!("{why:?}");
            };
            assert_eq!(told.as_deref(), again, "{message}");
        }
    }

    #[test]
    fn no_more_is_told_than_a_line() {
        let long = with(&json!({"message": "Ünschedulable ".repeat(100)}));
        let Some(Why::Said { message: told, .. }) = why(&long) else {
            panic!("nothing")
        };
        assert!(told.ends_with('…') && told.len() <= MOST + '…'.len_utf8());
    }

    #[test]
    fn the_latest_restart_of_all_is_told() {
        let last = |time: Value| waits("", "", &json!({"exitCode": 1, "finishedAt": time}));
        let pod = with(&json!({
            "initContainerStatuses": [last(json!("2026-11-20T10:00:01Z"))],
            "containerStatuses": [
                last(json!("2026-11-20T10:00:02Z")), last(Value::Null), last(json!("2026-11-20T10:00:00Z")),
                waits("", "", &Value::Null),
            ],
        }));
        assert_eq!(restarted(&pod).as_deref(), Some("2026-11-20T10:00:02Z"));
        assert_eq!(restarted(&with(&json!({}))), None);
    }
}
