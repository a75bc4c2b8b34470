//! Debugging profiles: what each gives a debug container, as kubectl has it, and as whom it then runs.

use k8s_openapi::api::core::v1::{
    Capabilities, ContainerStatus, Pod, SeccompProfile, SecurityContext,
};
use podshell_shared::api::DebugProfile;

use crate::cluster::pods;

/// Who a debug container runs as that must not be root, if nobody knows whom its target runs as: what distroless images
/// call `nonroot`.
const NON_ROOT: i64 = 65_532;

/// A user and a group, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    user: i64,
    group: Option<i64>,
}

/// What a profile makes of a debug container beside `target`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// [`None`] for what the pod and the image say.
    pub(super) security: Option<SecurityContext>,
    /// Whether it is somebody who can't write to the image's own folders.
    pub(super) needs_home: bool,
}

/// What `profile` makes of a debug container beside a container of `pod`.
pub(super) fn apply(profile: DebugProfile, pod: &Pod, target: &str) -> Outcome {
    let add = |capabilities: &[&str]| SecurityContext {
        capabilities: Some(Capabilities {
            add: Some(owned(capabilities)),
            drop: None,
        }),
        ..Default::default()
    };
    let mut security = match profile {
        DebugProfile::General => add(&["SYS_PTRACE"]),
        DebugProfile::Baseline => SecurityContext::default(),
        DebugProfile::Restricted => SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                add: None,
                drop: Some(owned(&["ALL"])),
            }),
            run_as_non_root: Some(true),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..Default::default()
        },
        DebugProfile::Netadmin => add(&["NET_ADMIN", "NET_RAW"]),
        DebugProfile::Sysadmin => SecurityContext {
            privileged: Some(true),
            ..Default::default()
        },
    };
    let of_pod = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.security_context.as_ref());
    let forbids_root = of_pod.and_then(|of_pod| of_pod.run_as_non_root) == Some(true);
    match profile {
        // To be root is what they are for; where the pod forbids that, they would not start.
        DebugProfile::Netadmin | DebugProfile::Sysadmin if forbids_root => {
            security.run_as_non_root = Some(false);
            security.run_as_user = Some(0);
        }
        // The debug image's own user is root, so the node would not start it.
        DebugProfile::Restricted | DebugProfile::General | DebugProfile::Baseline
            if forbids_root || profile == DebugProfile::Restricted =>
        {
            let Identity { user, group } = non_root(pod, target);
            security.run_as_user = Some(user);
            security.run_as_group = group;
        }
        _ => {}
    }
    let of_pod = || of_pod.and_then(|of_pod| of_pod.run_as_user);
    let user = security.run_as_user.or_else(of_pod);
    Outcome {
        needs_home: user.is_some_and(|user| user != 0),
        security: (security != SecurityContext::default()).then_some(security),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Somebody who is not root: whom the target runs as, as far as that is known, because the kernel lets nobody else look into
/// its processes.
fn non_root(pod: &Pod, target: &str) -> Identity {
    let known = pods::status(pod, target)
        .and_then(started_as)
        .or_else(|| asked_for(pod, target));
    known.unwrap_or(Identity {
        user: NON_ROOT,
        group: Some(NON_ROOT),
    })
}

/// As whom the node says that it has started a container. Newer ones do.
fn started_as(status: &ContainerStatus) -> Option<Identity> {
    let linux = status.user.as_ref()?.linux.as_ref()?;
    (linux.uid != 0).then_some(Identity {
        user: linux.uid,
        group: Some(linux.gid),
    })
}

/// As whom a container is to run by the pod's description.
fn asked_for(pod: &Pod, target: &str) -> Option<Identity> {
    let spec = pod.spec.as_ref()?;
    let init = spec.init_containers.iter().flatten();
    let container = spec.containers.iter().chain(init);
    let own = container
        .filter(|container| container.name == target)
        .find_map(|container| container.security_context.as_ref());
    let of_pod = spec.security_context.as_ref();
    let user = own
        .and_then(|own| own.run_as_user)
        .or_else(|| of_pod.and_then(|of_pod| of_pod.run_as_user))
        .filter(|&user| user != 0)?;
    let group = own
        .and_then(|own| own.run_as_group)
        .or_else(|| of_pod.and_then(|of_pod| of_pod.run_as_group))
        // The image's list of users says so, which the debug image has not.
        .or((user == NON_ROOT).then_some(NON_ROOT));
    Some(Identity { user, group })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(of_pod: &Value, of_target: &Value) -> Pod {
        serde_json::from_value(json!({"spec": {
            "securityContext": of_pod,
            "containers": [{"name": "app", "securityContext": of_target}, {"name": "other"}],
        }}))
        .unwrap()
    }

    fn made(profile: DebugProfile, of_pod: &Value, of_target: &Value) -> (Value, bool) {
        let outcome = apply(profile, &pod(of_pod, of_target), "app");
        (
            serde_json::to_value(outcome.security).unwrap(),
            outcome.needs_home,
        )
    }

    #[test]
    fn each_profile_gives_what_kubectl_gives() {
        let nothing = json!({});
        for (profile, context) in [
            (
                DebugProfile::General,
                json!({"capabilities": {"add": ["SYS_PTRACE"]}}),
            ),
            (DebugProfile::Baseline, Value::Null),
            (
                DebugProfile::Netadmin,
                json!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
            ),
            (DebugProfile::Sysadmin, json!({"privileged": true})),
        ] {
            let made = made(profile, &nothing, &nothing);
            assert_eq!(made, (context, false), "{profile}");
        }
        let restricted = json!({
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        let made = made(DebugProfile::Restricted, &nothing, &nothing);
        assert_eq!(made, (restricted, true));
    }

    #[test]
    fn who_must_not_be_root_is_whom_the_target_runs_as() {
        let user = |of_pod: Value, of_target: Value| {
            let (made, needs_home) = made(DebugProfile::Restricted, &of_pod, &of_target);
            assert!(needs_home);
            (made["runAsUser"].clone(), made["runAsGroup"].clone())
        };
        for (of_pod, of_target, uid, gid) in [
            (
                json!({}),
                json!({"runAsUser": 1000}),
                json!(1000),
                Value::Null,
            ),
            (
                json!({"runAsUser": 1000, "runAsGroup": 3000}),
                json!({"runAsUser": 2000}),
                json!(2000),
                json!(3000),
            ),
            (
                json!({"runAsUser": 0}),
                json!({}),
                json!(65532),
                json!(65532),
            ),
            (
                json!({}),
                json!({"runAsUser": 65532}),
                json!(65532),
                json!(65532),
            ),
        ] {
            assert_eq!(user(of_pod, of_target), (uid, gid));
        }
        let mut told = pod(&json!({}), &json!({}));
        told.status = serde_json::from_value(json!({"containerStatuses": [{
            "name": "app", "image": "", "imageID": "", "ready": true, "restartCount": 0,
            "user": {"linux": {"uid": 101, "gid": 102}},
        }]}))
        .unwrap();
        let started = non_root(&told, "app");
        assert_eq!((started.user, started.group), (101, Some(102)));
    }

    #[test]
    fn where_the_pod_forbids_root_each_profile_starts() {
        let forbids = json!({"runAsNonRoot": true});
        let user = |profile| {
            let (made, needs_home) = made(profile, &forbids, &json!({"runAsUser": 1000}));
            (
                made["runAsUser"].clone(),
                made["runAsNonRoot"].clone(),
                needs_home,
            )
        };
        for profile in [DebugProfile::General, DebugProfile::Baseline] {
            assert_eq!(user(profile), (json!(1000), Value::Null, true), "{profile}");
        }
        for profile in [DebugProfile::Netadmin, DebugProfile::Sysadmin] {
            assert_eq!(user(profile), (json!(0), json!(false), false), "{profile}");
        }
        // A pod may say who everyone is in it.
        let (made, needs_home) = made(
            DebugProfile::General,
            &json!({"runAsUser": 1000}),
            &json!({}),
        );
        assert_eq!((made.get("runAsUser"), needs_home), (None, true));
    }
}
