//! What the HTTP API is asked and answers, as JSON.

use std::{fmt, ops::Not, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

/// How people sign in at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum SignInMethod {
    /// By the link that the server has printed.
    Link,
    /// By a token of the cluster.
    Token,
    /// By an OpenID provider: the browser goes to `api/v1/sign-in/oidc`.
    Oidc,
    /// By a proxy in front of the server, before any request comes here.
    Proxy,
    /// One that this side does not know: of a newer server.
    #[serde(other)]
    Unknown,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The name that the cluster knows them by; missing for whoever has started the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The groups that they are in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether there is a sign-in of theirs to end.
    pub can_sign_out: bool,
    /// What the cluster that is served is called: the kubeconfig's context as a rule.
    #[serde(default)]
    pub cluster: String,
    /// What is to stand beside that name, so that nobody takes the cluster for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// For how many seconds a session is kept for who loses the connection to it.
    #[serde(default)]
    pub kept: u32,
    /// In how many seconds the sign-in ends, whatever is done with it; missing where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
}

/// What a browser sends to be signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// Of the link that the server printed, good once, or the user's own, if there is one; or one of the cluster.
    pub token: String,
}

/// The answer to [`SignIn`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// What to send with every request, as `Authorization: Bearer …`. Good as long as the server runs. Missing where the
    /// browser got cookies instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").finish_non_exhaustive()
    }
}

/// The answer of the mint routes: an opaque id to bind a terminal connection with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Minted {
    /// Good for one bind within 30 seconds, by the caller that minted it.
    pub id: String,
}

/// What somebody may do with the pods of a namespace.
///
/// It goes by the rules of the cluster and by what is turned off here. They may if they may with some pods, or where nobody can
/// tell before it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rights {
    /// To open a shell.
    pub exec: bool,
    /// To attach to a main process.
    pub attach: bool,
    /// To read a log.
    pub log: bool,
    /// To add a debug container.
    #[serde(default)]
    pub debug: bool,
}

impl Rights {
    /// Whether somebody may add a debug container and open a shell in it.
    pub fn allow_debugging(&self) -> bool {
        self.debug && self.exec
    }
}

/// The answer about a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionLife {
    /// Whether it can be gone on with.
    pub lives: bool,
}

/// The answer of the request for a debug container: one that was added to the pod, or one that was
/// there already for the same container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DebugContainer {
    /// Its name.
    pub container: String,
    /// The profile that it was added with; missing for one that was there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<DebugProfile>,
}

/// What a debug container may do, as `kubectl debug --profile` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DebugProfile {
    /// To trace the processes that it sees, beside what a container may do by default.
    General,
    /// What a container may do by default: what the Pod Security Standard `baseline` allows.
    Baseline,
    /// What the Pod Security Standard `restricted` allows: it is not root, and can't become it.
    Restricted,
    /// To set up the pod's network, too.
    Netadmin,
    /// Everything: it is privileged, which is root on the node.
    Sysadmin,
}

impl DebugProfile {
    /// All of them, in kubectl's order.
    pub const ALL: [Self; 5] = [
        Self::General,
        Self::Baseline,
        Self::Restricted,
        Self::Netadmin,
        Self::Sysadmin,
    ];

    /// As kubectl calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
            Self::Netadmin => "netadmin",
            Self::Sysadmin => "sysadmin",
        }
    }
}

impl fmt::Display for DebugProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for a profile that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no profile {0:?}; choose general, baseline, restricted, netadmin or sysadmin.")]
pub struct UnknownProfile(pub String);

impl FromStr for DebugProfile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

/// The answer about debug containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DebugOptions {
    /// The profiles that one may ask for; none where there are to be no debug containers.
    pub profiles: Vec<DebugProfile>,
}

/// What a debug container is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum DebugState {
    /// It has not started.
    Waiting {
        /// Why, as Kubernetes has it: `ContainerCreating`, `ErrImagePull`…; empty at first.
        #[serde(default)]
        reason: String,
        /// More about it, from the node; empty where there is nothing to say.
        #[serde(default)]
        message: String,
    },
    /// It runs: a shell can be opened in it.
    Running,
    /// It has ended and won't start again.
    Ended {
        /// Why, as Kubernetes has it: `Completed`, `Error`…
        #[serde(default)]
        reason: String,
        /// More about it, from the node; empty where there is nothing to say.
        #[serde(default)]
        message: String,
    },
}

/// What kind of error, for programs: `kebab-case`, stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// A name that can't be anything's in Kubernetes.
    BadName,
    /// The request is not what the route takes.
    BadRequest,
    /// Too many requests wait for the cluster.
    Busy,
    /// The cluster does not take the credentials that the server has.
    ClusterCredentials,
    /// The cluster answered with an error.
    ClusterRefused,
    /// The cluster did not answer in time.
    ClusterSilent,
    /// There is no connection to the cluster, or it broke.
    ClusterUnreachable,
    /// An admission policy or webhook of the cluster denied it.
    Denied,
    /// The cluster does not allow it.
    Forbidden,
    /// The request comes from another site's page.
    ForeignOrigin,
    /// The sign-in link is not of the server that runs now.
    LinkUnknown,
    /// The sign-in link was used before.
    LinkUsed,
    /// The pod has no such container.
    NoContainer,
    /// There is no such namespace.
    NoNamespace,
    /// The request does not come from the proxy that signs people in.
    NotByProxy,
    /// The server can't write down who does what, and must not go on without it.
    NoAudit,
    /// The container has not begun to run, and so has no log.
    NoLog,
    /// The server was built without its page.
    NoPage,
    /// There is no such pod.
    NoPod,
    /// The container has had no run before this one, and so no log of it.
    NoPreviousLog,
    /// There is nothing at this address.
    NoSuchRoute,
    /// The server is not ready to do its work.
    NotReady,
    /// The container is not running.
    NotRunning,
    /// What the namespace enforces by Pod Security admission does not allow it.
    PodSecurity,
    /// Nothing can be added to the pod: it is being deleted, has ended, or has no node yet.
    PodUnfit,
    /// Something between the server and the cluster answered in the cluster's place.
    ProxyRefused,
    /// The user or group is Kubernetes' own, whom nobody can be.
    ReservedUser,
    /// The server is shutting down.
    Shutdown,
    /// The caller is not signed in.
    SignIn,
    /// The sign-in by another did not come to its end.
    SignInFailed,
    /// The cluster does not know the token.
    TokenRefused,
    /// As many logs are read at once as the server allows.
    TooManyLogs,
    /// The caller reads as many logs at once as the server allows one.
    TooManyOwnLogs,
    /// It was asked more often than anyone may.
    TooOften,
    /// It is turned off at this server, for everyone.
    TurnedOff,
    /// There is no such mode of a terminal.
    UnknownMode,
    /// There is no such profile of a debug container.
    UnknownProfile,
    /// There is no such shell.
    UnknownShell,
    /// The server is not called by this name.
    WrongHost,
    /// One that this side does not know: of a newer server, or of something else that answered.
    #[serde(other)]
    Unknown,
}

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// What kind of error.
    pub code: ErrorCode,
    /// What happened, for people, in English.
    pub message: String,
    /// What is the same in every language: what is missing, or what somebody else said of it in their own words, as the cluster
    /// or an operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The answer of the pod list: all pods that the caller may list, or, for who tells which version they have, what is newer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PodList {
    /// Which cluster this is: the kubeconfig context, or what else tells it apart.
    pub cluster: String,
    /// Whether this is the built-in demo, whose containers are processes on the server's machine.
    pub demo: bool,
    /// The namespaces that are listed; missing if all are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// What to ask for what is newer with: `?after=`. Opaque.
    pub version: String,
    /// Whether this goes on from the version that was asked for: `pods` are then those that have come or changed since. Else
    /// it begins anew, and what was known before is to be forgotten.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub partial: bool,
    /// Whether there is more, to be asked for at once.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub more: bool,
    /// Pods: without `after` all of them, by namespace and name.
    pub pods: Vec<Pod>,
    /// Those that are gone since, as `namespace/name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// A pod, as far as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Name, unique in its namespace.
    pub name: String,
    /// What kubectl's `STATUS` column says: `Running`, `Completed`, `Init:0/1`, `CrashLoopBackOff`, `Terminating`, `Evicted`…
    pub status: String,
    /// Why it can't be entered or is not well, if Kubernetes tells.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "known"
    )]
    pub why: Option<Why>,
    /// When a container of it was restarted last (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<String>,
    /// When it was created (RFC 3339, UTC).
    #[serde(default)]
    pub created: Option<String>,
    /// The node that it runs on.
    #[serde(default)]
    pub node: Option<String>,
    /// The operating system of that node, as far as the pod tells: `linux` or `windows`.
    #[serde(default)]
    pub os: Option<String>,
    /// Labels as `key=value`, sorted.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The container that is meant where none is named, if that is not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_container: Option<String>,
    /// Containers in the order of the pod's spec: regular, init, ephemeral.
    pub containers: Vec<Container>,
}

/// What this version knows; nothing for what another version of the server says.
fn known<'de, D: Deserializer<'de>, T: DeserializeOwned>(told: D) -> Result<Option<T>, D::Error> {
    let told = Option::<serde_json::Value>::deserialize(told)?;
    Ok(told.and_then(|told| serde_json::from_value(told).ok()))
}

/// Why a pod can't be entered or is not well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// What Kubernetes says: of the pod, of the scheduler, or of a container that waits.
    Said {
        /// Its word for it: `Evicted`, `Unschedulable`, `ImagePullBackOff`…; empty where it has none.
        reason: String,
        /// Its own words, on one line.
        message: String,
    },
    /// A container of it is to be started again, and this is how it has ended last.
    Crashed {
        /// Why, as Kubernetes has it: `Error`, `OOMKilled`…; empty where it does not say.
        reason: String,
        /// Its exit code.
        code: i32,
        /// When it is to be started again (RFC 3339, UTC), if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name, unique in its pod.
    pub name: String,
    /// Its image, as the pod's spec names it.
    pub image: String,
    /// What part it has in the pod.
    pub kind: ContainerKind,
    /// Whether it passes its readiness checks.
    pub ready: bool,
    /// How often it was restarted.
    pub restarts: i32,
    /// When its last run but this one ended (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<String>,
    /// The container whose processes it sees beside its own, if it was added for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sees: Option<String>,
    /// What it is doing.
    pub state: ContainerState,
}

/// What part a container has in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ContainerKind {
    /// One of the containers that the pod is for.
    Regular,
    /// Runs to its end before the regular ones.
    Init,
    /// Starts before the regular ones, and goes on beside them: an init container that is restarted.
    Sidecar,
    /// Added later for debugging.
    Ephemeral,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ContainerState {
    /// It runs: a shell can be opened in it.
    Running,
    /// It has not started.
    Waiting {
        /// Why, as Kubernetes has it: `ContainerCreating`, `CrashLoopBackOff`…
        reason: String,
    },
    /// It has ended.
    Terminated {
        /// Why, as Kubernetes has it: `Completed`, `Error`, `OOMKilled`…
        reason: String,
        /// Its exit code.
        code: i32,
        /// When (RFC 3339, UTC), if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
    },
}

impl AsRef<Self> for Pod {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Pod {
    /// Those that are ready and all of its regular containers and sidecars, as kubectl's `READY` column counts them.
    pub fn readiness(&self) -> (usize, usize) {
        let lasting = || {
            let is_lasting = |kind| matches!(kind, ContainerKind::Regular | ContainerKind::Sidecar);
            let containers = self.containers.iter();
            containers.filter(move |container| is_lasting(container.kind))
        };
        let is_ready = |one: &&Container| one.ready && matches!(one.state, ContainerState::Running);
        (lasting().filter(is_ready).count(), lasting().count())
    }
}
