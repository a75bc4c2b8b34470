//! Asks the API server what the identity may do.

use std::collections::HashSet;

use futures_util::future::{join_all, try_join_all};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use kube::Api;

use super::{Cluster, ClusterError, answer};
use crate::session::Mode;

/// What someone may do with a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// To run a shell in it.
    Exec,
    /// To attach to what runs in it.
    Attach,
    /// To add a container to it for debugging.
    Debug,
    /// To read what its containers print.
    Log,
}

impl From<Mode> for Right {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Exec => Self::Exec,
            Mode::Attach => Self::Attach,
        }
    }
}

impl Right {
    /// The subresource of `pods` that it is about.
    pub(super) fn subresource(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Attach => "attach",
            Self::Debug => "ephemeralcontainers",
            Self::Log => "log",
        }
    }

    /// The verbs that it takes.
    fn verbs(self) -> &'static [&'static str] {
        match self {
            // Over a WebSocket it is a GET; since Kubernetes 1.35 the API server asks for `create` too.
            Self::Exec | Self::Attach => &["get", "create"],
            Self::Debug => &["patch"],
            Self::Log => &["get"],
        }
    }
}

/// Where a right is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where<'a> {
    pub(super) namespace: &'a str,
    /// [`None`] for all pods of the namespace.
    pub(super) pod: Option<&'a str>,
}

/// Checks that the identity has a right. Who may not even ask may have it all the same: what is then done with the right
/// tells.
///
/// # Errors
///
/// [`ClusterError::MayNot`] if it has not; others if the API server does not know the identity, fails, or is silent.
pub(super) async fn check(
    cluster: &Cluster,
    right: Right,
    place: Where<'_>,
) -> Result<(), ClusterError> {
    let reviews = right.verbs().iter().map(async |verb| {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    verb: Some((*verb).to_owned()),
                    resource: Some("pods".to_owned()),
                    subresource: Some(right.subresource().to_owned()),
                    namespace: Some(place.namespace.to_owned()),
                    name: place.pod.map(str::to_owned),
                    ..Default::default()
                }),
                non_resource_attributes: None,
            },
            ..Default::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client.clone());
        let answered = match answer(reviews.create(&Default::default(), &review)).await {
            Err(error) if may_not_ask(&error) => return Ok(()),
            answered => answered?,
        };
        match answered.status {
            Some(status) if status.allowed => Ok(()),
            status => Err(ClusterError::MayNot {
                right,
                verb,
                namespace: place.namespace.to_owned(),
                why: status.and_then(|status| status.reason).unwrap_or_default(),
            }),
        }
    });
    // Of two that are missing the first is named, whichever answer comes first.
    join_all(reviews).await.into_iter().collect()
}

/// Which of these rights the identity has in a namespace, to some of its pods at least. See [`Cluster::held`].
pub(super) async fn held(
    cluster: &Cluster,
    rights: &[Right],
    namespace: &str,
) -> Result<HashSet<Right>, ClusterError> {
    let place = Where {
        namespace,
        pod: None,
    };
    let checks = rights
        .iter()
        .map(async |right| match check(cluster, *right, place).await {
            Ok(()) => Ok((*right, true)),
            Err(ClusterError::MayNot { .. }) => Ok((*right, false)),
            Err(error) => Err(error),
        });
    let checked = try_join_all(checks).await?;
    let of = |is_held| {
        let rights = checked.iter().filter(move |(_, held)| *held == is_held);
        rights.map(|(right, _)| *right)
    };
    let mut held: HashSet<_> = of(true).collect();
    if held.len() < rights.len() {
        let rules = rules(cluster, namespace).await;
        held.extend(of(false).filter(|right| rules.iter().any(|rule| names_pods(rule, *right))));
    }
    Ok(held)
}

/// The rules that count for the identity in a namespace, as far as the API server tells.
async fn rules(cluster: &Cluster, namespace: &str) -> Vec<ResourceRule> {
    let review = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec {
            namespace: Some(namespace.to_owned()),
        },
        ..Default::default()
    };
    let reviews: Api<SelfSubjectRulesReview> = Api::all(cluster.client.clone());
    let answered = answer(reviews.create(&Default::default(), &review)).await;
    let status = answered.ok().and_then(|review| review.status);
    status
        .map(|status| status.resource_rules)
        .unwrap_or_default()
}

/// Whether a rule gives a part of a right at least, to pods that it names.
fn names_pods(rule: &ResourceRule, right: Right) -> bool {
    let has = |list: &[String], wanted: &[&str]| list.iter().any(|one| wanted.contains(&&**one));
    let groups = rule.api_groups.as_deref().unwrap_or_default();
    let resources = rule.resources.as_deref().unwrap_or_default();
    let names = rule.resource_names.as_deref().unwrap_or_default();
    let resource = format!("pods/{}", right.subresource());
    let any_resource = format!("*/{}", right.subresource());
    has(groups, &["", "*"])
        && has(resources, &[&resource, &any_resource, "*"])
        && (has(&rule.verbs, &["*"]) || has(&rule.verbs, right.verbs()))
        && !names.is_empty()
}

/// Whether it is the question that is refused: hardened clusters let nobody ask who has not been given that right.
fn may_not_ask(error: &ClusterError) -> bool {
    match error {
        // That somebody may not be impersonated at all is an answer, and no unknown one.
        ClusterError::Api {
            status: 403,
            message,
        } => !message.contains("cannot impersonate") || message.contains("cannot impersonate-on:"),
        ClusterError::Denied(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_names_pods_is_told_from_one_for_all() {
        let rule = |resource: &str, verb: &str, names: &[&str]| ResourceRule {
            api_groups: Some(vec![String::new()]),
            resources: Some(vec!["pods".to_owned(), resource.to_owned()]),
            resource_names: Some(names.iter().map(|&name| name.to_owned()).collect()),
            verbs: vec![verb.to_owned()],
        };
        for resource in ["pods/exec", "*/exec", "*"] {
            for verb in ["create", "get", "*"] {
                assert!(names_pods(&rule(resource, verb, &["web-0"]), Right::Exec));
                assert!(!names_pods(&rule(resource, verb, &[]), Right::Exec));
            }
        }
        for (resource, verb) in [
            ("pods/log", "create"),
            ("pods/exec", "delete"),
            ("services", "get"),
        ] {
            assert!(!names_pods(&rule(resource, verb, &["web-0"]), Right::Exec));
        }
        assert!(names_pods(&rule("pods/log", "get", &["web-0"]), Right::Log));
        let elsewhere = ResourceRule {
            api_groups: Some(vec!["apps".to_owned()]),
            ..rule("pods/exec", "get", &["web-0"])
        };
        assert!(!names_pods(&elsewhere, Right::Exec));
    }

    #[test]
    fn a_question_that_is_refused_is_told_from_a_user_who_can_not_be_impersonated() {
        let refused = |words: &str| {
            may_not_ask(&ClusterError::Api {
                status: 403,
                message: words.to_owned(),
            })
        };
        assert!(refused(
            r#"selfsubjectaccessreviews.authorization.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectaccessreviews""#
        ));
        assert!(refused(
            r#"users "ann" is forbidden: User "system:serviceaccount:podshell:podshell" cannot impersonate-on:user-info:create resource "selfsubjectaccessreviews""#
        ));
        assert!(!refused(
            r#"users "ann" is forbidden: User "system:serviceaccount:podshell:podshell" cannot impersonate resource "users" in API group """#
        ));
        assert!(!may_not_ask(&ClusterError::Silent));
    }
}
