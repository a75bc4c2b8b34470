//! Debug containers: ephemeral containers that bring a shell to a container without one.

mod profile;

use aws_lc_rs::rand;
use k8s_openapi::{
    api::core::v1::{EphemeralContainer, Namespace, Pod},
    jiff::{SignedDuration, Timestamp},
};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use podshell_shared::api::{ContainerKind, ContainerState, DebugProfile, DebugState};
use serde_json::{Value, json};

use self::profile::Outcome;
use super::{
    Cluster, ClusterError, Right,
    access_review::{self, Where},
    answer, pods, words,
};

/// What the names of our debug containers begin with.
const PREFIX: &str = "debug-";
/// How many random characters follow.
const RANDOM: usize = 5;
const CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Where somebody may write who owns nothing in an image.
const HOME: &str = "/tmp";
/// The label by which a namespace says which Pod Security Standard holds in it.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// A container that has ended before, and has not run for so long since, may end again before another is beside it. Kubernetes
/// waits as long before it starts one anew that ended soon.
const SETTLED: SignedDuration = SignedDuration::from_secs(10);
/// Why a container waits that will not start, however long.
const STUCK: [&str; 3] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// A debug container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debug {
    /// Its name.
    pub container: String,
    /// The profile that it was added with now; [`None`] if it was found.
    pub added: Option<DebugProfile>,
}

/// Which profile a debug container is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profiles {
    /// This one.
    Chosen(DebugProfile),
    /// The first of these that the cluster allows, which give less and less.
    Automatic(Vec<DebugProfile>),
}

/// Where a debug container is put.
struct Place<'a> {
    namespace: &'a str,
    pod: &'a str,
    /// The container whose processes it is to see; [`None`] if that has none that could be seen.
    target: Option<&'a str>,
    image: &'a str,
}

impl Cluster {
    /// Adds a container with `image` to a pod, which sees the processes of one of its containers if that runs. It stays for
    /// as long as the pod, so one that is there already is used again.
    ///
    /// # Errors
    ///
    /// If there is no such container, nothing can be added to the pod, the identity may not do this, the namespace does not
    /// allow any of the profiles, or the API server refuses, fails, or is silent for 10 s.
    pub async fn add_debug_container(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        image: &str,
        profiles: &Profiles,
    ) -> Result<Debug, ClusterError> {
        let (found, allowed) = tokio::join!(
            self.pod(namespace, pod),
            access_review::check(
                self,
                Right::Debug,
                Where {
                    namespace,
                    pod: Some(pod),
                }
            )
        );
        let found = found?;
        let place = Place {
            namespace,
            pod,
            target: target(&found, container, Timestamp::now())?,
            image,
        };
        let chosen = match profiles {
            Profiles::Chosen(profile) => Some(profile::apply(*profile, &found, container)),
            Profiles::Automatic(_) => None,
        };
        if let Some(container) = find(&found, &place, chosen.as_ref()) {
            return Ok(Debug {
                container,
                added: None,
            });
        }
        allowed?;
        let mut refused = None;
        for profile in self.to_try(namespace, profiles).await {
            let outcome = profile::apply(profile, &found, container);
            match self.patch(&place, outcome).await {
                Err(ClusterError::Denied(words)) if words::are_of_pod_security(&words) => {
                    refused = Some(ClusterError::PodSecurity {
                        namespace: namespace.to_owned(),
                        profile,
                        words,
                    });
                }
                patched => {
                    return Ok(Debug {
                        container: patched?,
                        added: Some(profile),
                    });
                }
            }
        }
        Err(refused.unwrap_or_else(|| ClusterError::PodUnfit {
            pod: pod.to_owned(),
            why: "may have no debug container of any profile".to_owned(),
        }))
    }

    /// The profiles to try, one after the other: without those that the namespace is known not to allow.
    async fn to_try(&self, namespace: &str, profiles: &Profiles) -> Vec<DebugProfile> {
        let all = match profiles {
            Profiles::Chosen(profile) => return vec![*profile],
            Profiles::Automatic(all) => all,
        };
        if all.len() < 2 {
            return all.clone();
        }
        // Who may not see it is told by the refusals, as is where the cluster itself has a rule for all namespaces.
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let enforced = answer(namespaces.get(namespace)).await.ok();
        let enforced = enforced
            .and_then(|namespace| namespace.metadata.labels)
            .and_then(|mut labels| labels.remove(ENFORCE));
        let is_too_much = |profile: &DebugProfile| match enforced.as_deref() {
            Some("restricted") => *profile != DebugProfile::Restricted,
            Some("baseline") => {
                ![DebugProfile::Baseline, DebugProfile::Restricted].contains(profile)
            }
            _ => false,
        };
        let fit: Vec<_> = all
            .iter()
            .copied()
            .filter(|one| !is_too_much(one))
            .collect();
        if fit.is_empty() { all.clone() } else { fit }
    }

    /// Adds the container, and gives its name.
    async fn patch(&self, place: &Place<'_>, outcome: Outcome) -> Result<String, ClusterError> {
        let name = random_name();
        let patch = json!({"spec": {"ephemeralContainers": [described(&name, place, outcome)]}});
        let pods = self.pod_api(place.namespace);
        let params = PatchParams::default();
        let patch = Patch::Strategic(&patch);
        answer(pods.patch_ephemeral_containers(place.pod, &params, &patch)).await?;
        Ok(name)
    }

    /// What a debug container is doing.
    ///
    /// # Errors
    ///
    /// If there is none of this name, or the API server refuses, fails, or is silent for 10 s.
    pub async fn debug_state(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
    ) -> Result<DebugState, ClusterError> {
        let found = self.pod(namespace, pod).await?;
        if ephemeral(&found).any(|one| one.name == container) {
            return Ok(state(&found, container));
        }
        let there = pods::summary(found).containers;
        Err(ClusterError::NoContainer {
            pod: pod.to_owned(),
            container: container.to_owned(),
            there: there.into_iter().map(|one| one.name).collect(),
        })
    }
}

fn ephemeral(pod: &Pod) -> impl Iterator<Item = &EphemeralContainer> {
    let containers = pod.spec.as_ref().map(|spec| &spec.ephemeral_containers);
    containers.into_iter().flatten().flatten()
}

/// A debug container as the API server is told of it.
fn described(name: &str, place: &Place<'_>, outcome: Outcome) -> Value {
    let mut container = json!({
        "name": name,
        "image": place.image,
        // It waits on its terminal, whatever the image.
        "command": ["sh"],
        "stdin": true,
        "tty": true,
    });
    if let Some(target) = place.target {
        container["targetContainerName"] = target.into();
    }
    if let Some(security) = outcome.security {
        container["securityContext"] = json!(security);
    }
    if outcome.needs_home {
        container["env"] = json!([{"name": "HOME", "value": HOME}]);
        container["workingDir"] = HOME.into();
    }
    container
}

/// Whose processes a debug container beside `container` is to see. With those of one that crashes it would be killed, and
/// beside one that does not run, or was itself added, it would not start.
fn target<'a>(
    pod: &Pod,
    container: &'a str,
    now: Timestamp,
) -> Result<Option<&'a str>, ClusterError> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let shown = pods::summary(pod.clone());
    let Some(found) = shown.containers.iter().find(|one| one.name == container) else {
        return Err(ClusterError::NoContainer {
            pod: name.to_owned(),
            container: container.to_owned(),
            there: shown.containers.into_iter().map(|one| one.name).collect(),
        });
    };
    if let Some(why) = unfit(pod) {
        return Err(ClusterError::PodUnfit {
            pod: name.to_owned(),
            why,
        });
    }
    let is_seen = found.state == ContainerState::Running
        && found.kind != ContainerKind::Ephemeral
        && !may_crash_again(pod, container, now);
    Ok(is_seen.then_some(container))
}

/// Whether a container that runs has just been started anew.
fn may_crash_again(pod: &Pod, container: &str, now: Timestamp) -> bool {
    let runs = || {
        let status = pods::status(pod, container)?;
        status.last_state.as_ref()?.terminated.as_ref()?;
        let since = &status.state.as_ref()?.running.as_ref()?.started_at;
        Some(now.duration_since(since.as_ref()?.0))
    };
    runs().is_some_and(|runs| runs < SETTLED)
}

/// Why nothing can be added to a pod, behind "it". An API server would add it all the same, and it would wait for ever.
fn unfit(pod: &Pod) -> Option<String> {
    if let Some(phase) = pods::last_phase(pod) {
        let why = pods::reason_and_message(pod).unwrap_or_else(|| phase.to_owned());
        return Some(format!("has ended ({why})"));
    }
    if pod.metadata.deletion_timestamp.is_some() {
        return Some("is being deleted".to_owned());
    }
    let has_node = pod
        .spec
        .as_ref()
        .is_some_and(|spec| spec.node_name.is_some());
    (!has_node).then(|| "has no node yet".to_owned())
}

/// One of ours for the same target that has not ended; and if a profile was chosen, one with that.
fn find(pod: &Pod, place: &Place<'_>, chosen: Option<&Outcome>) -> Option<String> {
    let of_pod = ephemeral(pod).filter(|one| {
        is_ours(&one.name)
            && one.target_container_name.as_deref() == place.target
            && one.image.as_deref() == Some(place.image)
    });
    of_pod
        .filter(|one| {
            chosen.is_none_or(|chosen| {
                let security = one.security_context.clone().unwrap_or_default();
                security == chosen.security.clone().unwrap_or_default()
            })
        })
        .map(|one| one.name.clone())
        .find(|name| match state(pod, name) {
            DebugState::Running => true,
            DebugState::Waiting { reason, .. } => !STUCK.contains(&reason.as_str()),
            DebugState::Ended { .. } => false,
        })
}

fn is_ours(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).unwrap_or_default();
    random.len() == RANDOM && random.bytes().all(|byte| CHARACTERS.contains(&byte))
}

fn random_name() -> String {
    let mut bytes = [0; RANDOM];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    let random = bytes.map(|byte| char::from(CHARACTERS[usize::from(byte) % CHARACTERS.len()]));
    PREFIX.chars().chain(random).collect()
}

fn state(pod: &Pod, container: &str) -> DebugState {
    let state = pods::status(pod, container).and_then(|status| status.state.clone());
    let state = state.unwrap_or_default();
    if state.running.is_some() {
        DebugState::Running
    } else if let Some(end) = state.terminated {
        DebugState::Ended {
            reason: end.reason.unwrap_or_default(),
            message: words::fit(&end.message.unwrap_or_default()),
        }
    } else {
        let waiting = state.waiting.unwrap_or_default();
        DebugState::Waiting {
            reason: waiting.reason.unwrap_or_default(),
            message: words::fit(&waiting.message.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_others() {
        for _ in 0..100 {
            let name = random_name();
            assert!(is_ours(&name), "{name}");
        }
        for name in [
            "debug-",
            "debug-abcd",
            "debug-abcdef",
            "debug-ABCDE",
            "debugger-abcde",
            "app",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }

    fn place<'a>(target: Option<&'a str>, image: &'a str) -> Place<'a> {
        Place {
            namespace: "shop",
            pod: "web-0",
            target,
            image,
        }
    }

    fn status(name: &str, state: &Value) -> Value {
        json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state})
    }

    #[test]
    fn one_that_has_not_ended_is_found_again() {
        let stuck = json!({"waiting": {"reason": "CreateContainerConfigError"}});
        let pod: Pod = serde_json::from_value(json!({
            "spec": {"containers": [], "ephemeralContainers": [
                {"name": "debug-ended", "image": "busybox", "targetContainerName": "app"},
                {"name": "debug-stuck", "image": "busybox", "targetContainerName": "app"},
                {"name": "debug-other", "image": "busybox", "targetContainerName": "sidecar"},
                {"name": "debug-image", "image": "alpine", "targetContainerName": "app"},
                {"name": "debugger-runs", "image": "busybox", "targetContainerName": "app"},
                {"name": "debug-fresh", "image": "busybox", "targetContainerName": "app"},
                {"name": "debug-admin", "image": "busybox", "targetContainerName": "app",
                    "securityContext": {"privileged": true}},
                {"name": "debug-alone", "image": "busybox"},
            ]},
            "status": {"ephemeralContainerStatuses": [
                status("debug-ended", &json!({"terminated": {"exitCode": 0, "reason": "Completed"}})),
                status("debug-stuck", &stuck),
                status("debug-other", &json!({"running": {}})),
            ]},
        }))
        .unwrap();
        let find = |target, image, profile: Option<DebugProfile>| {
            let chosen = profile.map(|profile| profile::apply(profile, &pod, "app"));
            find(&pod, &place(target, image), chosen.as_ref())
        };
        for (target, image, profile, found) in [
            (Some("app"), "busybox", None, Some("debug-fresh")),
            (Some("sidecar"), "busybox", None, Some("debug-other")),
            (Some("db"), "busybox", None, None),
            (None, "busybox", None, Some("debug-alone")),
            (
                Some("app"),
                "busybox",
                Some(DebugProfile::Sysadmin),
                Some("debug-admin"),
            ),
            (
                Some("app"),
                "busybox",
                Some(DebugProfile::Baseline),
                Some("debug-fresh"),
            ),
            (Some("app"), "busybox", Some(DebugProfile::General), None),
        ] {
            assert_eq!(
                find(target, image, profile).as_deref(),
                found,
                "{target:?} {profile:?}"
            );
        }
        assert_eq!(state(&pod, "debug-other"), DebugState::Running);
        let ended = DebugState::Ended {
            reason: "Completed".to_owned(),
            message: String::new(),
        };
        assert_eq!(state(&pod, "debug-ended"), ended);
    }

    #[test]
    fn whose_processes_it_sees_and_where_there_can_be_none() {
        let pod = |metadata: Value, spec: Value, phase: &str, state: Value| -> Pod {
            let mut pod = json!({
                "metadata": {"name": "web-0"},
                "spec": {"nodeName": "n1", "containers": [{"name": "app"}]},
                "status": {"phase": phase, "containerStatuses": [status("app", &state)]},
            });
            for (part, more) in [("metadata", metadata), ("spec", spec)] {
                for (key, value) in more.as_object().unwrap() {
                    pod[part][key] = value.clone();
                }
            }
            serde_json::from_value(pod).unwrap()
        };
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let said = |pod: &Pod| target(pod, "app", now).map_err(|error| error.to_string());
        let nothing = || json!({});
        let running = || json!({"running": {}});
        let crashes = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let runs = pod(nothing(), nothing(), "Running", running());
        assert_eq!(said(&runs), Ok(Some("app")));
        let crashing = pod(nothing(), nothing(), "Running", crashes);
        assert_eq!(said(&crashing), Ok(None));
        // It runs for a moment each time.
        for (since, seen) in [("00:00:55", None), ("00:00:30", Some("app"))] {
            let running = json!({"running": {"startedAt": format!("2026-01-01T{since}Z")}});
            let mut again = pod(nothing(), nothing(), "Running", running);
            assert_eq!(said(&again), Ok(Some("app")), "it has not ended before");
            let status = again.status.as_mut().unwrap();
            let status = &mut status.container_statuses.as_mut().unwrap()[0];
            let ended = json!({"terminated": {"exitCode": 1}});
            status.last_state = serde_json::from_value(ended).unwrap();
            assert_eq!(said(&again), Ok(seen), "{since}");
        }
        let deleted = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        for (pod, why) in [
            (
                pod(deleted, nothing(), "Running", running()),
                "it is being deleted",
            ),
            (
                pod(nothing(), json!({"nodeName": null}), "Pending", nothing()),
                "it has no node yet",
            ),
            (
                pod(nothing(), nothing(), "Failed", nothing()),
                "it has ended (Failed)",
            ),
        ] {
            let said = said(&pod).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        let none = target(&runs, "none", now).unwrap_err();
        assert!(matches!(none, ClusterError::NoContainer { .. }), "{none}");
    }

    #[test]
    fn who_is_not_root_has_a_home() {
        let pod = Pod::default();
        let place = place(Some("app"), "busybox");
        let described = |profile| {
            let outcome = profile::apply(profile, &pod, "app");
            described("debug-abcde", &place, outcome)
        };
        let restricted = described(DebugProfile::Restricted);
        assert_eq!(restricted["workingDir"], "/tmp");
        assert_eq!(
            restricted["env"],
            json!([{"name": "HOME", "value": "/tmp"}])
        );
        let baseline = described(DebugProfile::Baseline);
        for part in ["workingDir", "env", "securityContext"] {
            assert_eq!(baseline.get(part), None, "{part}");
        }
        assert_eq!(baseline["targetContainerName"], "app");
    }
}
