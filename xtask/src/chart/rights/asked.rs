//! The rights that are asked about: all that would make a stolen token of our account worth something, and more.

use std::fmt;

use serde_json::{Value, json};

/// What is done with the kinds below.
const VERBS: [&str; 4] = ["get", "list", "create", "patch"];
/// Kinds by their group.
const KINDS: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "pods",
            "pods/exec",
            "pods/attach",
            "pods/portforward",
            "pods/ephemeralcontainers",
            "pods/log",
            "pods/proxy",
            "services/proxy",
            "nodes",
            "nodes/proxy",
            "namespaces",
            "secrets",
            "configmaps",
            "events",
            "persistentvolumes",
            "serviceaccounts",
            "serviceaccounts/token",
        ],
    ),
    ("apps", &["deployments", "daemonsets", "statefulsets"]),
    ("batch", &["jobs", "cronjobs"]),
    (
        "rbac.authorization.k8s.io",
        &[
            "roles",
            "rolebindings",
            "clusterroles",
            "clusterrolebindings",
        ],
    ),
    (
        "authorization.k8s.io",
        &[
            "subjectaccessreviews",
            "localsubjectaccessreviews",
            "selfsubjectaccessreviews",
            "selfsubjectrulesreviews",
        ],
    ),
    (
        "authentication.k8s.io",
        &["tokenreviews", "selfsubjectreviews"],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "validatingadmissionpolicies",
            "mutatingwebhookconfigurations",
        ],
    ),
    (
        "certificates.k8s.io",
        &[
            "certificatesigningrequests",
            "certificatesigningrequests/approval",
        ],
    ),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("coordination.k8s.io", &["leases"]),
];

/// Impersonation in all of its forms.
const IMPERSONATION: [Right; 16] = [
    right("impersonate", "", "users"),
    right("impersonate", "", "users").of("alice@example.com"),
    right("impersonate", "", "users").of("system:kube-controller-manager"),
    right("impersonate", "", "groups"),
    right("impersonate", "", "groups").of("developers"),
    right("impersonate", "", "groups").of("system:masters"),
    right("impersonate", "", "serviceaccounts"),
    right("impersonate", "authentication.k8s.io", "uids"),
    right("impersonate", "authentication.k8s.io", "userextras/scopes"),
    right("impersonate:user-info", "authentication.k8s.io", "users"),
    right("impersonate:user-info", "authentication.k8s.io", "groups"),
    right("impersonate:user-info", "authentication.k8s.io", "groups").of("developers"),
    right("impersonate:user-info", "authentication.k8s.io", "groups").of("system:masters"),
    right("impersonate:user-info", "authentication.k8s.io", "uids"),
    right(
        "impersonate:serviceaccount",
        "authentication.k8s.io",
        "serviceaccounts",
    ),
    right(
        "impersonate:arbitrary-node",
        "authentication.k8s.io",
        "nodes",
    ),
];

/// What may be done to kinds in the name of others.
const ON_VERBS: [&str; 8] = [
    "impersonate-on:user-info:get",
    "impersonate-on:user-info:list",
    "impersonate-on:user-info:watch",
    "impersonate-on:user-info:create",
    "impersonate-on:user-info:update",
    "impersonate-on:user-info:patch",
    "impersonate-on:user-info:delete",
    "impersonate-on:serviceaccount:get",
];
const ON_KINDS: [(&str, &str); 10] = [
    ("", "pods"),
    ("", "pods/exec"),
    ("", "pods/attach"),
    ("", "pods/log"),
    ("", "pods/ephemeralcontainers"),
    ("", "pods/portforward"),
    ("", "secrets"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
];

/// What lifts whoever has it above what they were given.
const LIFTS: [Right; 5] = [
    right("escalate", "rbac.authorization.k8s.io", "clusterroles"),
    right("bind", "rbac.authorization.k8s.io", "clusterroles"),
    right("delete", "", "pods"),
    right("deletecollection", "", "pods"),
    right("*", "*", "*"),
];

/// Where it is asked: in the namespace that a mode may be limited to, in another one, and in all at once.
const PLACES: [Option<&str>; 3] = [Some("default"), Some("kube-system"), None];

/// A right: a verb, a kind with its group, and a name where it is of one object alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Right {
    verb: &'static str,
    group: &'static str,
    kind: &'static str,
    name: Option<&'static str>,
}

/// The right to do something to all of a kind, or with a slash to a part of each.
pub(super) const fn right(verb: &'static str, group: &'static str, kind: &'static str) -> Right {
    Right {
        verb,
        group,
        kind,
        name: None,
    }
}

impl Right {
    /// The same for one of this name alone.
    pub(super) const fn of(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// Whether whoever has this has that one as well.
    pub(super) fn includes(&self, other: &Self) -> bool {
        self == other
            || (self.name.is_none()
                && *self
                    == Self {
                        name: None,
                        ..*other
                    })
    }

    /// How an access review asks for it.
    pub(super) fn attributes(&self, namespace: Option<&str>) -> Value {
        let (kind, part) = self.kind.split_once('/').unwrap_or((self.kind, ""));
        json!({
            "verb": self.verb,
            "group": self.group,
            "resource": kind,
            "subresource": part,
            "name": self.name.unwrap_or_default(),
            "namespace": namespace.unwrap_or_default(),
        })
    }
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.kind)?;
        if !self.group.is_empty() {
            write!(formatter, ".{}", self.group)?;
        }
        match self.name {
            Some(name) => write!(formatter, " {name}"),
            None => Ok(()),
        }
    }
}

/// All that is asked for, each with a namespace or for all of them.
pub(super) fn to_ask() -> Vec<(Right, Option<&'static str>)> {
    let of_kinds = KINDS.into_iter().flat_map(|(group, kinds)| {
        let of_kind = move |kind| VERBS.map(|verb| right(verb, group, kind));
        kinds.iter().copied().flat_map(of_kind)
    });
    // Whoever has a right everywhere has it there.
    let here = of_kinds.chain(LIFTS).map(|right| (right, PLACES[0]));
    let everywhere = IMPERSONATION.map(|right| (right, None));
    let for_others = ON_KINDS.into_iter().flat_map(|(group, kind)| {
        let rights = ON_VERBS.map(|verb| right(verb, group, kind));
        PLACES
            .into_iter()
            .flat_map(move |place| rights.map(|right| (right, place)))
    });
    here.chain(everywhere).chain(for_others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_to_all_is_one_to_each() {
        let all = right("impersonate", "", "users");
        assert!(all.includes(&all.of("alice")));
        assert!(!all.of("alice").includes(&all));
        assert!(!all.of("alice").includes(&all.of("bob")));
        assert!(!all.includes(&right("impersonate", "", "groups")));
    }

    #[test]
    fn a_part_of_a_kind_is_asked_for_as_such() {
        let attributes = right("get", "", "pods/exec").attributes(None);
        assert_eq!(attributes["resource"], "pods");
        assert_eq!(attributes["subresource"], "exec");
    }
}
