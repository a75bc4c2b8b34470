//! Debug containers: ephemeral containers that bring a shell to a container without one.

use aws_lc_rs::rand;
use k8s_openapi::api::core::v1::{EphemeralContainer, Pod};
use kube::api::{Patch, PatchParams};
use podshell_shared::api::DebugState;
use serde_json::json;

use super::{
    Cluster, ClusterError, Right,
    access_review::{self, Where},
    answer, pods,
};

/// What the names of our debug containers begin with.
const PREFIX: &str = "debug-";
/// How many random characters follow.
const RANDOM: usize = 5;
const CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A debug container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debug {
    /// Its name.
    pub container: String,
    /// Whether it was added now, not found.
    pub is_new: bool,
}

impl Cluster {
    /// Adds a container with `image` to a pod, which sees the processes of one of its containers. It
    /// stays for as long as the pod, so one that is there already is used again.
    ///
    /// # Errors
    ///
    /// If the pod or container does not run, the identity may not do this, or the API server refuses,
    /// fails, or is silent for 10 s.
    pub async fn add_debug_container(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        image: &str,
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
        let old = find(&found, container, image);
        pods::find_running(found, Some(container.to_owned()))?;
        if let Some(container) = old {
            return Ok(Debug {
                container,
                is_new: false,
            });
        }
        allowed?;
        let name = random_name();
        // It waits on its terminal, whatever the image.
        let patch = json!({"spec": {"ephemeralContainers": [{
            "name": name,
            "image": image,
            "command": ["sh"],
            "stdin": true,
            "tty": true,
            "targetContainerName": container,
        }]}});
        let pods = self.pod_api(namespace);
        let params = PatchParams::default();
        let patch = Patch::Strategic(&patch);
        answer(pods.patch_ephemeral_containers(pod, &params, &patch)).await?;
        Ok(Debug {
            container: name,
            is_new: true,
        })
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

/// One of ours for `container` that has not ended.
fn find(pod: &Pod, container: &str, image: &str) -> Option<String> {
    ephemeral(pod)
        .filter(|one| {
            is_ours(&one.name)
                && one.target_container_name.as_deref() == Some(container)
                && one.image.as_deref() == Some(image)
        })
        .map(|one| one.name.clone())
        .find(|name| !matches!(state(pod, name), DebugState::Ended { .. }))
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
            message: end.message.unwrap_or_default(),
        }
    } else {
        let waiting = state.waiting.unwrap_or_default();
        DebugState::Waiting {
            reason: waiting.reason.unwrap_or_default(),
            message: waiting.message.unwrap_or_default(),
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

    #[test]
    fn one_that_has_not_ended_is_found_again() {
        let pod: Pod = serde_json::from_value(json!({
            "spec": {"containers": [], "ephemeralContainers": [
                {"name": "debug-ended", "image": "busybox", "targetContainerName": "app"},
                {"name": "debug-other", "image": "busybox", "targetContainerName": "sidecar"},
                {"name": "debug-image", "image": "alpine", "targetContainerName": "app"},
                {"name": "debugger-runs", "image": "busybox", "targetContainerName": "app"},
                {"name": "debug-fresh", "image": "busybox", "targetContainerName": "app"},
            ]},
            "status": {"ephemeralContainerStatuses": [
                {
                    "name": "debug-ended", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
                },
                {
                    "name": "debug-other", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": {"running": {}},
                },
            ]},
        }))
        .unwrap();
        assert_eq!(find(&pod, "app", "busybox").as_deref(), Some("debug-fresh"));
        assert_eq!(
            find(&pod, "sidecar", "busybox").as_deref(),
            Some("debug-other")
        );
        assert_eq!(find(&pod, "db", "busybox"), None);
        assert_eq!(state(&pod, "debug-other"), DebugState::Running);
        let ended = DebugState::Ended {
            reason: "Completed".to_owned(),
            message: String::new(),
        };
        assert_eq!(state(&pod, "debug-ended"), ended);
    }
}
