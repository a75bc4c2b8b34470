//! What kubectl's STATUS column says of a pod (`printPod` in kubernetes/pkg/printers/internalversion/printers.go).

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};

use super::{NODE_LOST, is_sidecar};

/// Why a pod is not even looked at by a scheduler.
const GATED: &str = "SchedulingGated";
/// What every container of a pod waits for until the init containers are done.
const INITIALIZING: &str = "PodInitializing";

/// The column for `pod`.
pub(super) fn column(pod: &Pod) -> String {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| told(status.phase.as_ref()));
    let reason = status.and_then(|status| told(status.reason.as_ref()));
    if pod.metadata.deletion_timestamp.is_some() {
        if reason == Some(NODE_LOST) {
            return "Unknown".to_owned();
        }
        if !matches!(phase, Some("Succeeded" | "Failed")) {
            return "Terminating".to_owned();
        }
    }
    let is_gated = status.is_some_and(|status| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|one| one.type_ == "PodScheduled" && one.reason.as_deref() == Some(GATED))
    });
    let initializing = initializing(pod);
    let is_initialized = |status: &&PodStatus| initializing.is_none() || has(status, "Initialized");
    let of_containers = status.filter(is_initialized).and_then(of_containers);
    let of_pod = || {
        let of_pod = if is_gated {
            Some(GATED)
        } else {
            reason.or(phase)
        };
        // An API server gives every pod a phase.
        of_pod.unwrap_or("Unknown").to_owned()
    };
    of_containers.or(initializing).unwrap_or_else(of_pod)
}

/// What the first init container says that is neither done nor, as a sidecar, started.
fn initializing(pod: &Pod) -> Option<String> {
    let init = pod.spec.as_ref()?.init_containers.as_deref()?;
    let statuses = pod.status.as_ref()?.init_container_statuses.iter();
    let is_started = |status: &ContainerStatus| {
        let state = status.state.as_ref();
        let ended = state.and_then(|state| state.terminated.as_ref());
        let is_sidecar = init
            .iter()
            .any(|one| one.name == status.name && is_sidecar(one));
        ended.is_some_and(|end| end.exit_code == 0) || (is_sidecar && status.started == Some(true))
    };
    let (place, status) = statuses
        .flatten()
        .enumerate()
        .find(|(_, status)| !is_started(status))?;
    let state = status.state.as_ref();
    if let Some(end) = state.and_then(|state| state.terminated.as_ref()) {
        return Some(format!("Init:{}", how_it_ended(end)));
    }
    let waiting = state.and_then(|state| state.waiting.as_ref());
    let why = waiting.and_then(|waiting| told(waiting.reason.as_ref()));
    Some(match why {
        Some(why) if why != INITIALIZING => format!("Init:{why}"),
        _ => format!("Init:{place}/{}", init.len()),
    })
}

/// What the first of the regular containers says that has something to say.
fn of_containers(status: &PodStatus) -> Option<String> {
    let containers = || status.container_statuses.iter().flatten();
    let said = containers().find_map(|container| {
        let state = container.state.as_ref()?;
        let waiting = state.waiting.as_ref();
        let waits = waiting.and_then(|waiting| told(waiting.reason.as_ref()));
        let ended = || state.terminated.as_ref().map(how_it_ended);
        waits.map(str::to_owned).or_else(ended)
    })?;
    let runs = |container: &ContainerStatus| {
        let state = container.state.as_ref();
        container.ready && state.is_some_and(|state| state.running.is_some())
    };
    // One that is done does not speak for those that go on.
    if said == "Completed" && containers().any(runs) {
        let is_ready = has(status, "Ready");
        return Some(if is_ready { "Running" } else { "NotReady" }.to_owned());
    }
    Some(said)
}

fn how_it_ended(end: &ContainerStateTerminated) -> String {
    match (told(end.reason.as_ref()), end.signal) {
        (Some(reason), _) => reason.to_owned(),
        (None, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        (None, _) => format!("ExitCode:{}", end.exit_code),
    }
}

fn has(status: &PodStatus, condition: &str) -> bool {
    let mut conditions = status.conditions.iter().flatten();
    conditions.any(|one| one.type_ == condition && one.status == "True")
}

fn told(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn waits(reason: &str) -> Value {
        json!({"waiting": {"reason": reason}})
    }

    fn ended(reason: &str, code: i32, signal: i32) -> Value {
        json!({"terminated": {"reason": reason, "exitCode": code, "signal": signal}})
    }

    /// One that runs is ready, and a sidecar that runs has started.
    fn statuses(prefix: &str, states: &[Value]) -> Vec<Value> {
        let status = |(place, state): (usize, &Value)| {
            let runs = state.get("running").is_some();
            json!({
                "name": format!("{prefix}{place}"), "image": "", "imageID": "", "restartCount": 0,
                "ready": runs, "started": runs, "state": state,
            })
        };
        states.iter().enumerate().map(status).collect()
    }

    /// A pod in this phase; its init containers, of which the first may be a sidecar; its others; and what else its status has.
    fn pod(phase: &str, init: &[Value], sidecar: bool, states: &[Value], more: &Value) -> Pod {
        let named = |prefix: &str, count: usize| -> Vec<Value> {
            let names = (0..count).map(|place| json!({"name": format!("{prefix}{place}")}));
            names.collect()
        };
        let mut init_spec = named("i", init.len());
        if sidecar {
            init_spec[0]["restartPolicy"] = "Always".into();
        }
        let mut status = json!({
            "phase": phase,
            "initContainerStatuses": statuses("i", init),
            "containerStatuses": statuses("c", states),
        });
        for (key, value) in more.as_object().unwrap() {
            status[key] = value.clone();
        }
        serde_json::from_value(json!({
            "metadata": {"name": "web-0"},
            "spec": {"containers": named("c", states.len()), "initContainers": init_spec},
            "status": status,
        }))
        .unwrap()
    }

    fn condition(kind: &str, status: &str, reason: &str) -> Value {
        json!({"conditions": [{"type": kind, "status": status, "reason": reason}]})
    }

    #[test]
    fn of_a_pod_without_init_containers() {
        let runs = || json!({"running": {}});
        let done = || ended("Completed", 0, 0);
        let none = || json!({});
        let ready = || condition("Ready", "True", "");
        for (phase, states, more, column) in [
            ("Running", vec![runs(), runs()], none(), "Running"),
            ("Pending", vec![], none(), "Pending"),
            ("", vec![], none(), "Unknown"),
            (
                "Pending",
                vec![waits("ContainerCreating")],
                none(),
                "ContainerCreating",
            ),
            ("Pending", vec![waits("")], none(), "Pending"),
            (
                "Pending",
                vec![waits("ImagePullBackOff"), waits("ContainerCreating")],
                none(),
                // The first has the last word.
                "ImagePullBackOff",
            ),
            (
                "Running",
                vec![runs(), waits("CrashLoopBackOff")],
                none(),
                "CrashLoopBackOff",
            ),
            ("Running", vec![ended("Error", 1, 0)], none(), "Error"),
            (
                "Running",
                vec![ended("OOMKilled", 137, 9)],
                none(),
                "OOMKilled",
            ),
            ("Failed", vec![ended("", 3, 0)], none(), "ExitCode:3"),
            ("Failed", vec![ended("", 137, 9)], none(), "Signal:9"),
            ("Succeeded", vec![done()], none(), "Completed"),
            ("Succeeded", vec![], none(), "Succeeded"),
            ("Running", vec![done(), runs()], ready(), "Running"),
            ("Running", vec![done(), runs()], none(), "NotReady"),
            ("Running", vec![done(), done()], ready(), "Completed"),
            ("Running", vec![runs(), done()], none(), "NotReady"),
            (
                "Failed",
                vec![],
                json!({"reason": "Evicted", "message": "The node was low on resource: memory."}),
                "Evicted",
            ),
            (
                "Failed",
                vec![ended("ContainerStatusUnknown", 137, 0)],
                json!({"reason": "Evicted"}),
                "ContainerStatusUnknown",
            ),
            ("Failed", vec![], json!({"reason": ""}), "Failed"),
            (
                "Running",
                vec![runs()],
                json!({"reason": "NodeLost"}),
                "NodeLost",
            ),
            (
                "Pending",
                vec![],
                condition("PodScheduled", "False", GATED),
                "SchedulingGated",
            ),
            (
                "Pending",
                vec![],
                condition("PodScheduled", "False", "Unschedulable"),
                "Pending",
            ),
        ] {
            let pod = pod(phase, &[], false, &states, &more);
            assert_eq!(super::column(&pod), column, "{phase} {states:?} {more}");
        }
    }

    #[test]
    fn of_a_pod_with_init_containers() {
        let runs = || json!({"running": {}});
        let done = || ended("Completed", 0, 0);
        let later = || waits(INITIALIZING);
        for (init, sidecar, column) in [
            (vec![runs()], false, "Init:0/1"),
            (vec![later(), later()], false, "Init:0/2"),
            (vec![done(), runs()], false, "Init:1/2"),
            (vec![json!({}), later()], false, "Init:0/2"),
            (vec![done(), done()], false, INITIALIZING),
            (
                vec![done(), waits("CrashLoopBackOff")],
                false,
                "Init:CrashLoopBackOff",
            ),
            (vec![waits("ErrImagePull")], false, "Init:ErrImagePull"),
            (vec![ended("", 3, 0)], false, "Init:ExitCode:3"),
            (vec![ended("", 137, 9)], false, "Init:Signal:9"),
            (vec![ended("Error", 1, 0)], false, "Init:Error"),
            // A sidecar goes on.
            (vec![runs(), later()], true, "Init:1/2"),
            (vec![runs(), done()], true, INITIALIZING),
            (vec![later(), later()], true, "Init:0/2"),
            (
                vec![waits("CrashLoopBackOff"), later()],
                true,
                "Init:CrashLoopBackOff",
            ),
        ] {
            let pod = pod("Pending", &init, sidecar, &[later()], &json!({}));
            assert_eq!(super::column(&pod), column, "{init:?} {sidecar}");
        }
        // One that was initialized goes by its containers, whatever became of a sidecar since.
        let crashed = [waits("CrashLoopBackOff")];
        let initialized = condition("Initialized", "True", "");
        for (state, column) in [
            (waits("ErrImagePull"), "ErrImagePull"),
            // They say nothing.
            (runs(), "Init:CrashLoopBackOff"),
        ] {
            let pod = pod("Running", &crashed, true, &[state], &initialized);
            assert_eq!(super::column(&pod), column);
        }
    }

    #[test]
    fn of_a_pod_that_is_deleted() {
        let runs = [json!({"running": {}})];
        for (phase, states, more, column) in [
            ("Running", &runs[..], json!({}), "Terminating"),
            (
                "Pending",
                &[waits("ErrImagePull")],
                json!({}),
                "Terminating",
            ),
            ("Running", &runs, json!({"reason": "NodeLost"}), "Unknown"),
            ("Failed", &[], json!({"reason": "Evicted"}), "Evicted"),
            (
                "Succeeded",
                &[ended("Completed", 0, 0)],
                json!({}),
                "Completed",
            ),
        ] {
            let mut pod = pod(phase, &[], false, states, &more);
            pod.metadata.deletion_timestamp =
                serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
            assert_eq!(super::column(&pod), column, "{phase} {more}");
        }
    }

    #[test]
    fn of_a_pod_with_hardly_anything() {
        for pod in [
            json!({}),
            json!({"status": {}}),
            json!({"spec": {"containers": []}}),
        ] {
            assert_eq!(column(&serde_json::from_value(pod).unwrap()), "Unknown");
        }
    }
}
