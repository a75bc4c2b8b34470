//! The only room that speaks Kubernetes: client, pods, connections to containers, choice of the shell and
//! its end.

mod access_review;
mod call_as;
mod call_watch;
mod client;
mod connection;
mod credentials;
mod ephemeral;
mod error;
mod exec;
mod hidden_namespaces;
mod lists;
mod log;
mod pods;
mod shell;
mod standing;
mod who_am_i;
mod words;

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{Api, Client};
use podshell_shared::api;
use tokio::{sync::Semaphore, time::timeout};

pub(crate) use self::call_as::FixedToken;
pub(crate) use self::hidden_namespaces::HiddenNamespaces;
pub(crate) use self::lists::{PodsAnswer, PodsBody, PodsQuery, Settings as ListSettings};
pub(crate) use self::log::Log;
pub(crate) use self::shell::{refused, terminate::SCRIPTS_AT_ONCE};
pub use self::{
    access_review::Right,
    call_as::{CallAs, SignInStanding},
    call_watch::{CallOutcome, CallReport, CallWatcher},
    client::{ConnectError, Source},
    ephemeral::{Debug, Profiles},
    error::ClusterError,
    exec::{ExecInput, output::ExecOutput},
    shell::terminate::ProcessHandle,
};
use self::{
    access_review::Where,
    call_as::Clients,
    lists::Lists,
    shell::{commands::Launchers, terminate::Terminations},
    standing::Standings,
};
use crate::session::{Target, TargetRequest};

/// How many sessions may ask at once what became of their pods.
pub(crate) const LOOKS_AT_ONCE: usize = 8;
/// How long the API server may take for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// A Kubernetes cluster, with the identity that its calls are made as.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    clients: Arc<Clients>,
    call_as: CallAs,
    name: Arc<str>,
    mark: Option<Arc<str>>,
    identity: Arc<[u8]>,
    demo: bool,
    /// Whether the server has no identity of its own.
    anonymous: bool,
    launchers: Arc<Launchers>,
    terminations: Arc<Terminations>,
    standings: Arc<Standings>,
    lists: Arc<Lists>,
    /// Whether terminals take input.
    is_read_only: Arc<AtomicBool>,
    /// For looking what became of a pod.
    looks: Arc<Semaphore>,
}

impl Cluster {
    /// A cluster whose calls are made as the server itself.
    fn new(clients: Arc<Clients>, name: &str, identity: Arc<[u8]>) -> Self {
        Self {
            client: clients.own(),
            clients,
            call_as: CallAs::Own,
            name: name.into(),
            mark: None,
            identity,
            demo: false,
            anonymous: false,
            launchers: Arc::default(),
            terminations: Arc::new(Terminations::new()),
            standings: Arc::default(),
            lists: Arc::default(),
            is_read_only: Arc::default(),
            looks: Arc::new(Semaphore::new(LOOKS_AT_ONCE)),
        }
    }

    /// The same cluster, with another identity.
    ///
    /// # Errors
    ///
    /// If what tells who that is can't be sent.
    pub fn acting_as(&self, call_as: &CallAs) -> Result<Self, ClusterError> {
        Ok(Self {
            client: self.clients.client(call_as)?,
            call_as: call_as.clone(),
            ..self.clone()
        })
    }

    /// What tells this cluster apart, for people: the kubeconfig's context as a rule.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same cluster by another name, if there is one, and with this mark beside it.
    pub(crate) fn called(self, name: Option<&str>, mark: Option<&str>) -> Self {
        Self {
            name: name.map_or(self.name, Arc::from),
            mark: mark.map(Arc::from),
            ..self
        }
    }

    /// What is to stand beside its name, so that people take it for no other.
    pub(crate) fn mark(&self) -> Option<&str> {
        self.mark.as_deref()
    }

    /// Lets clean-ups run in so many containers at once.
    pub(crate) fn allow_clean_ups(&self, count: usize) {
        self.terminations.allow(count);
    }

    /// Whether the main process of a container may be typed to.
    pub(crate) fn allow_input(&self, allow: bool) {
        self.is_read_only.store(!allow, Ordering::Relaxed);
    }

    fn allows_input(&self) -> bool {
        !self.is_read_only.load(Ordering::Relaxed)
    }

    /// What tells this cluster apart, for programs: where its API server is, and who vouches for it.
    pub(crate) fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// One pod, as it is listed.
    ///
    /// # Errors
    ///
    /// If it is not there, or the API server refuses, fails, or is silent for 10 s.
    pub async fn pod_shown(&self, namespace: &str, pod: &str) -> Result<api::Pod, ClusterError> {
        Ok(pods::summary(self.pod(namespace, pod).await?))
    }

    /// Whether the API server answers.
    ///
    /// # Errors
    ///
    /// If it refuses, fails, or is silent for 10 s.
    pub async fn probe(&self) -> Result<(), ClusterError> {
        match answer(self.client.apiserver_version()).await {
            // Who has no identity here is not known there, which is an answer.
            Err(ClusterError::Api {
                status: 401 | 403, ..
            }) if self.anonymous => Ok(()),
            answered => answered.map(drop),
        }
    }

    /// Checks that a terminal can be opened: the container exists and runs, and the identity may exec, or
    /// attach.
    ///
    /// Gives the target with what the pod tells of it: its default container if none was named, its image,
    /// and whether it is for Windows.
    ///
    /// # Errors
    ///
    /// Says which of these is not so.
    pub async fn resolve(&self, request: TargetRequest) -> Result<Target, ClusterError> {
        let right = Right::from(request.mode);
        let (pod, allowed) = tokio::join!(
            self.pod(&request.namespace, &request.pod),
            access_review::check(
                self,
                right,
                Where {
                    namespace: &request.namespace,
                    pod: Some(&request.pod),
                }
            )
        );
        let container = pods::find_running(pod?, request.container)?;
        allowed?;
        Ok(Target {
            namespace: request.namespace,
            pod: request.pod,
            container: container.name,
            shell: request.shell,
            mode: request.mode,
            windows: container.windows,
            image: container.image,
        })
    }

    /// Which of these rights the identity has in a namespace, to some of its pods at least; one of which nobody can tell before it
    /// is tried counts as held.
    ///
    /// # Errors
    ///
    /// If the API server does not know the identity, fails, or is silent for 10 s.
    pub async fn held(
        &self,
        rights: &[Right],
        namespace: &str,
    ) -> Result<HashSet<Right>, ClusterError> {
        access_review::held(self, rights, namespace).await
    }

    fn pod_api(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn pod(&self, namespace: &str, pod: &str) -> Result<Pod, ClusterError> {
        match answer(self.pod_api(namespace).get(pod)).await {
            Err(ClusterError::Api { status: 404, .. }) => Err(self.missing(namespace, pod).await),
            answered => answered,
        }
    }

    /// The API server answers the same for a missing pod and a missing namespace; people want to
    /// know which.
    async fn missing(&self, namespace: &str, pod: &str) -> ClusterError {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        match answer(namespaces.get(namespace)).await {
            Err(ClusterError::Api { status: 404, .. }) => ClusterError::NoNamespace {
                namespace: namespace.to_owned(),
            },
            _ => ClusterError::NoPod {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
            },
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
