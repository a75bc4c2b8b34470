//! The HTTP API's handlers.

pub(crate) mod debug_containers;
pub(crate) mod health;
pub(crate) mod logs;
pub(crate) mod mint;
pub(crate) mod openapi;
pub(crate) mod pods;
pub(crate) mod rights;
pub(crate) mod sessions;
pub(crate) mod turns;

use axum::http::StatusCode;
use podshell_shared::{
    api::ErrorCode,
    names::{is_label, is_part},
};

use crate::error::Failure;

/// Names go into the paths of calls to the API server: nothing may stand in them but what a Kubernetes name can hold,
/// for a pod a subdomain of RFC 1123, for the others a label of one.
fn check_names(namespace: &str, pod: &str, container: &str) -> Result<(), Failure> {
    check_pod(namespace, pod)?;
    check_label(container)
}

/// The same where no container is named.
fn check_pod(namespace: &str, pod: &str) -> Result<(), Failure> {
    check_label(namespace)?;
    if pod.len() > 253 || !pod.split('.').all(is_part) {
        return Err(bad_name(
            pod,
            "Names have lower-case letters, digits, '-' and '.' only, and a letter or digit at each end.",
        ));
    }
    Ok(())
}

fn check_label(name: &str) -> Result<(), Failure> {
    if is_label(name) {
        Ok(())
    } else {
        Err(bad_name(
            name,
            "Names of namespaces and containers have up to 63 lower-case letters, digits and '-', and a letter or digit at each end.",
        ))
    }
}

fn bad_name(name: &str, hint: &str) -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        ErrorCode::BadName,
        format!("{name:?} can't be the name of anything in Kubernetes."),
    )
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be() {
        let long = "x".repeat(63);
        let dotted = [&*long; 4].join(".");
        for (namespace, pod, container) in [
            ("default", "web-0", "app"),
            ("0", "a.b-c.0", "x"),
            (&long, &dotted[..253], &long),
            // Unlike in DNS, a part of it has no limit of its own.
            ("n", &"x".repeat(253), "c"),
        ] {
            assert!(check_names(namespace, pod, container).is_ok(), "{pod}");
        }
    }

    #[test]
    fn names_that_can_not_be() {
        let long = "x".repeat(64);
        for name in [
            "", "-", "--", "-a", "a-", ".", "..", "a..b", ".a", "a.", "a.-b", "A", "a_b", "a/b",
            "ä", "a b", "a%2f", "\0",
        ] {
            for (namespace, pod, container) in
                [(name, "p", "c"), ("n", name, "c"), ("n", "p", name)]
            {
                assert!(check_names(namespace, pod, container).is_err(), "{name:?}");
            }
        }
        assert!(check_names(&long, "p", "c").is_err());
        assert!(check_names("n", "p", &long).is_err());
        assert!(check_names("n.m", "p", "c").is_err());
        assert!(check_names("n", "p", "c.d").is_err());
        assert!(check_names("n", &"x.".repeat(127), "c").is_err());
        assert!(check_names("n", &"x".repeat(254), "c").is_err());
    }
}
