//! The only room that speaks Kubernetes: client, pods, exec connection, choice of the shell.

mod client;
mod error;
mod exec;
mod pods;
mod shell;

use std::{future::Future, time::Duration};

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use podshell_shared::api;
use tokio::time::timeout;

pub use self::{
    client::{ConnectError, Source},
    error::ClusterError,
    exec::{ShellInput, ShellOutput},
};
use crate::session::Target;

/// How long the API server may take for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// A Kubernetes cluster, with the identity that all calls are made as.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    name: String,
    demo: bool,
}

impl Cluster {
    /// What tells this cluster apart, for people: the kubeconfig's context as a rule.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All pods that the identity may list, by namespace and name: those of all namespaces, or else
    /// of the one that the configuration names.
    ///
    /// # Errors
    ///
    /// If the API server refuses both, fails, or is silent for 10 s.
    pub async fn pods(&self) -> Result<api::PodList, ClusterError> {
        let client = || self.client.clone();
        let everywhere = answer(Api::all(client()).list(&Default::default())).await;
        let (list, only) = match everywhere {
            Err(refused @ ClusterError::Api { status: 403, .. }) => {
                let own = Api::default_namespaced(client());
                let list = answer(own.list(&Default::default())).await;
                // what matters to the user is the first refusal
                let list = list.map_err(|_| refused)?;
                (list, Some(self.client.default_namespace().to_owned()))
            }
            listed => (listed?, None),
        };
        let mut pods: Vec<_> = list.items.into_iter().map(pods::summary).collect();
        pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(api::PodList {
            cluster: self.name.clone(),
            demo: self.demo,
            only,
            pods,
        })
    }

    /// Whether the API server answers.
    ///
    /// # Errors
    ///
    /// If it refuses, fails, or is silent for 10 s.
    pub async fn probe(&self) -> Result<(), ClusterError> {
        answer(self.client.apiserver_version()).await.map(drop)
    }

    /// Checks that a shell can be opened: the container exists and runs, and the identity may exec.
    ///
    /// Gives the target with what the pod tells of it: its first container if none was named, and
    /// whether it is for Windows.
    ///
    /// # Errors
    ///
    /// Says which of these is not so.
    pub async fn check(&self, target: Target) -> Result<Target, ClusterError> {
        // WebSocket exec is a GET; since Kubernetes 1.35 the API server asks for `create` too
        let pods = self.pod_api(&target);
        let (pod, get, create) = tokio::join!(
            answer(pods.get(&target.pod)),
            self.review_exec("get", &target),
            self.review_exec("create", &target)
        );
        let target = match pod {
            Ok(pod) => pods::find_running(pod, target)?,
            Err(ClusterError::Api { status: 404, .. }) => return Err(self.missing(&target).await),
            Err(error) => return Err(error),
        };
        get.and(create).map(|()| target)
    }

    fn pod_api(&self, target: &Target) -> Api<k8s_openapi::api::core::v1::Pod> {
        Api::namespaced(self.client.clone(), &target.namespace)
    }

    /// The API server answers the same for a missing pod and a missing namespace; people want to
    /// know which.
    async fn missing(&self, target: &Target) -> ClusterError {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        match answer(namespaces.get(&target.namespace)).await {
            Err(ClusterError::Api { status: 404, .. }) => ClusterError::NoNamespace {
                namespace: target.namespace.clone(),
            },
            _ => ClusterError::NoPod {
                namespace: target.namespace.clone(),
                pod: target.pod.clone(),
            },
        }
    }

    /// Asks the API server whether the identity may exec in the target's pod.
    async fn review_exec(&self, verb: &str, target: &Target) -> Result<(), ClusterError> {
        use k8s_openapi::api::authorization::v1::{
            ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    verb: Some(verb.to_owned()),
                    resource: Some("pods".to_owned()),
                    subresource: Some("exec".to_owned()),
                    namespace: Some(target.namespace.clone()),
                    name: Some(target.pod.clone()),
                    ..Default::default()
                }),
                non_resource_attributes: None,
            },
            ..Default::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answered = answer(reviews.create(&Default::default(), &review)).await?;
        match answered.status {
            Some(status) if status.allowed => Ok(()),
            status => Err(ClusterError::MayNotExec {
                verb: verb.to_owned(),
                namespace: target.namespace.clone(),
                why: status.and_then(|status| status.reason).unwrap_or_default(),
            }),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Waits for an answer of the API server, with a deadline.
async fn answer<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, ClusterError> {
    match timeout(ANSWER_TIME, call).await {
        Ok(answered) => answered.map_err(ClusterError::from),
        Err(_) => Err(ClusterError::Silent),
    }
}
