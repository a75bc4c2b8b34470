//! Pod Security admission: which standard each namespace enforces, and what an API server has against an ephemeral container
//! by it. The other containers are taken for ones that fit.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::StatusCode;
use k8s_openapi::api::core::v1::{EphemeralContainer, PodSecurityContext, SecurityContext};

use crate::{pod::Pod, status::ApiError};

/// A Pod Security Standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodSecurityStandard {
    /// Everything goes.
    Privileged,
    /// What a container can do by default.
    Baseline,
    /// Nobody is root.
    Restricted,
}

impl PodSecurityStandard {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// What each namespace enforces.
#[derive(Debug, Default)]
pub(crate) struct PodSecurity(Mutex<BTreeMap<String, PodSecurityStandard>>);

impl PodSecurity {
    pub(crate) fn enforce(&self, namespace: &str, standard: PodSecurityStandard) {
        self.lock().insert(namespace.to_owned(), standard);
    }

    pub(crate) fn enforced(&self, namespace: &str) -> Option<PodSecurityStandard> {
        self.lock().get(namespace).copied()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, PodSecurityStandard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Capabilities that the standard `baseline` lets a container add.
const ORDINARY: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Refuses, in an API server's words, a pod with these ephemeral containers.
pub(crate) fn check(
    standard: Option<PodSecurityStandard>,
    name: &str,
    pod: &Pod,
    containers: &[EphemeralContainer],
) -> Result<(), ApiError> {
    let Some(standard) = standard else {
        return Ok(());
    };
    let mut against = Vec::new();
    for container in containers {
        let own = container.security_context.clone().unwrap_or_default();
        let mut add = |what: &str, how: &str| {
            let name = &container.name;
            against.push(format!("{what} (container \"{name}\" must {how})"));
        };
        if standard != PodSecurityStandard::Privileged {
            check_baseline(&own, &mut add);
        }
        if standard == PodSecurityStandard::Restricted {
            check_restricted(&own, pod.security_context(), &mut add);
        }
    }
    if against.is_empty() {
        return Ok(());
    }
    let (standard, against) = (standard.name(), against.join(", "));
    let message = format!(
        "pods \"{name}\" is forbidden: violates PodSecurity \"{standard}:latest\": {against}"
    );
    Err(ApiError::new(StatusCode::FORBIDDEN, message))
}

fn check_baseline(own: &SecurityContext, add: &mut impl FnMut(&str, &str)) {
    if own.privileged == Some(true) {
        add("privileged", "not set securityContext.privileged=true");
    }
    let capabilities = own.capabilities.clone().unwrap_or_default();
    let added = capabilities.add.unwrap_or_default();
    let other: Vec<_> = added
        .iter()
        .filter(|one| !ORDINARY.contains(&one.as_str()))
        .map(|one| format!("\"{one}\""))
        .collect();
    if !other.is_empty() {
        let other = other.join(", ");
        let how = format!("not include {other} in securityContext.capabilities.add");
        add("non-default capabilities", &how);
    }
}

fn check_restricted(
    own: &SecurityContext,
    of_pod: &PodSecurityContext,
    add: &mut impl FnMut(&str, &str),
) {
    if own.allow_privilege_escalation != Some(false) {
        add(
            "allowPrivilegeEscalation != false",
            "set securityContext.allowPrivilegeEscalation=false",
        );
    }
    let capabilities = own.capabilities.clone().unwrap_or_default();
    if !capabilities
        .drop
        .is_some_and(|drop| drop.iter().any(|one| one == "ALL"))
    {
        add(
            "unrestricted capabilities",
            "set securityContext.capabilities.drop=[\"ALL\"]",
        );
    }
    if own.run_as_non_root.or(of_pod.run_as_non_root) != Some(true) {
        add(
            "runAsNonRoot != true",
            "set securityContext.runAsNonRoot=true",
        );
    }
    if own.run_as_user == Some(0) {
        add("runAsUser=0", "not set runAsUser=0");
    }
    let own = own.seccomp_profile.as_ref().map(|profile| &profile.type_);
    let of_pod = of_pod
        .seccomp_profile
        .as_ref()
        .map(|profile| &profile.type_);
    let seccomp = own.or(of_pod).map(String::as_str);
    if !matches!(seccomp, Some("RuntimeDefault" | "Localhost")) {
        add(
            "seccompProfile",
            "set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        );
    }
}
