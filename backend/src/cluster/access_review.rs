//! Asks the API server what the identity may do.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
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
        }
    }

    /// The verbs that it takes.
    fn verbs(self) -> &'static [&'static str] {
        match self {
            // Over a WebSocket it is a GET; since Kubernetes 1.35 the API server asks for `create` too.
            Self::Exec | Self::Attach => &["get", "create"],
            Self::Debug => &["patch"],
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

/// Checks that the identity has a right.
///
/// # Errors
///
/// [`ClusterError::MayNot`] if it has not; others if the API server refuses to tell, fails, or is silent.
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
        let answered = answer(reviews.create(&Default::default(), &review)).await?;
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
    futures_util::future::try_join_all(reviews).await.map(drop)
}
