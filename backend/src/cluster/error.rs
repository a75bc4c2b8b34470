//! What can go wrong with the cluster, told for people.

use std::{borrow::Cow, error::Error};

use http::StatusCode;
use kube::core::Status;
use podshell_shared::api::DebugProfile;
use thiserror::Error as ThisError;

use super::{Right, connection::Unreached, credentials::CredentialsError, words};

/// Why the cluster did not do what was asked.
#[derive(Debug, ThisError)]
pub enum ClusterError {
    /// There is no such namespace.
    #[error("There is no namespace {namespace:?} in this cluster.")]
    NoNamespace {
        /// The name that was asked for.
        namespace: String,
    },
    /// There is no such pod.
    #[error("There is no pod {pod:?} in namespace {namespace:?}.")]
    NoPod {
        /// Where it was looked for.
        namespace: String,
        /// The name that was asked for.
        pod: String,
    },
    /// The pod has no such container.
    #[error("Pod {pod:?} has no container {container:?}; it has {}.", there.join(", "))]
    NoContainer {
        /// The pod.
        pod: String,
        /// The name that was asked for.
        container: String,
        /// The containers that the pod has.
        there: Vec<String>,
    },
    /// The container does not run.
    #[error("Container {container:?} of pod {pod:?} is not running: it {what} ({why}).")]
    NotRunning {
        /// The pod.
        pod: String,
        /// The container.
        container: String,
        /// What it does instead.
        what: &'static str,
        /// Why, in Kubernetes' words.
        why: String,
    },
    /// The container has printed nothing that could be read.
    #[error("Container {container:?} of pod {pod:?} has no log: it {what} ({why}).")]
    NoLog {
        /// The pod.
        pod: String,
        /// The container.
        container: String,
        /// What it does instead.
        what: &'static str,
        /// Why, in Kubernetes' words.
        why: String,
    },
    /// The container was never started anew.
    #[error("Container {container:?} of pod {pod:?} has had no run before this one.")]
    NoPreviousLog {
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
    /// The access review says no.
    #[error(
        "You may not {} in namespace {namespace:?}: the right to {verb} pods/{} is missing.{}",
        what(*right), right.subresource(), in_brackets(why)
    )]
    MayNot {
        /// What was to be done.
        right: Right,
        /// The missing verb.
        verb: &'static str,
        /// Where.
        namespace: String,
        /// What the authorizer says about it, often nothing.
        why: String,
    },
    /// The API server answered with an error.
    #[error("The cluster refused: {message}")]
    Api {
        /// HTTP status.
        status: u16,
        /// The API server's own words.
        message: String,
    },
    /// An admission policy or webhook of the cluster denied it.
    #[error("A policy of the cluster denied it: {0}")]
    Denied(String),
    /// Pod Security admission does not allow a debug container.
    #[error(
        "Namespace {namespace:?} enforces a Pod Security Standard, which does not allow a debug container with the profile {profile}: {words}"
    )]
    PodSecurity {
        /// Where.
        namespace: String,
        /// The last profile that was tried.
        profile: DebugProfile,
        /// The API server's own words.
        words: String,
    },
    /// Nothing can be added to a pod.
    #[error("No debug container can be added to pod {pod:?}: it {why}.")]
    PodUnfit {
        /// The pod.
        pod: String,
        /// What is so of it.
        why: String,
    },
    /// The container was there, and is no longer.
    #[error("The container is gone: {0}")]
    Gone(String),
    /// Something on the way answered, which is not the API server.
    #[error("Something between Podshell and the cluster's API server answered in its place: {0}")]
    Proxy(String),
    /// Something on the way made an upgrade an ordinary request.
    #[error("Something between Podshell and the cluster lets no WebSocket through: {0}")]
    NoUpgrade(String),
    /// There are as many lists of pods as there may be.
    #[error("Too many lists of pods are looked at here at once.")]
    TooManyLists,
    /// The API server did not answer in time.
    #[error("The cluster's API server did not answer within 10 seconds.")]
    Silent,
    /// No connection, or one that broke.
    #[error("The cluster's API server can't be reached: {0}")]
    Unreachable(String),
}

fn what(right: Right) -> &'static str {
    match right {
        Right::Exec => "open a shell",
        Right::Attach => "attach to containers",
        Right::Debug => "add a debug container",
        Right::Log => "read logs",
    }
}

fn in_brackets(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(" ({why})")
    }
}

impl ClusterError {
    /// What is the same in every language: the right that is missing, what the cluster said, or what stands between here
    /// and there.
    pub(crate) fn detail(&self) -> Option<Cow<'_, str>> {
        let words = match self {
            Self::MayNot {
                right,
                verb,
                namespace,
                why,
            } => {
                let (resource, why) = (right.subresource(), in_brackets(why));
                return Some(format!("{namespace}: {verb} pods/{resource}{why}").into());
            }
            Self::NotRunning { why: words, .. }
            | Self::NoLog { why: words, .. }
            | Self::Api { message: words, .. }
            | Self::PodSecurity { words, .. }
            | Self::PodUnfit { why: words, .. }
            | Self::Denied(words)
            | Self::Gone(words)
            | Self::Proxy(words)
            | Self::NoUpgrade(words)
            | Self::Unreachable(words) => words,
            _ => return None,
        };
        Some(words.into()).filter(|words: &Cow<'_, str>| !words.is_empty())
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoNamespace { .. } | Self::NoPod { .. } => {
                "It may have been deleted or renamed. Go back to the list of pods."
            }
            Self::NoContainer { .. } => "Choose one of the containers that the pod has.",
            Self::NotRunning { .. } => {
                "A shell needs a running container. Wait until it runs, or choose another one."
            }
            Self::NoLog { .. } => "A container has a log as soon as it runs.",
            Self::NoPreviousLog { .. } => "Read the log of the run that goes on.",
            Self::MayNot { right, .. } => match right {
                Right::Exec => {
                    "Ask your cluster administrator for a Role with the verbs get and create on pods/exec."
                }
                Right::Attach => {
                    "Ask your cluster administrator for a Role with the verbs get and create on pods/attach."
                }
                Right::Debug => {
                    "Ask your cluster administrator for a Role with the verb patch on pods/ephemeralcontainers."
                }
                Right::Log => {
                    "Ask your cluster administrator for a Role with the verb get on pods/log."
                }
            },
            Self::Api { status: 401, .. } => {
                "The credentials have expired or are wrong. Renew them as for kubectl, then start Podshell again."
            }
            Self::Api { status: 403, .. } => {
                "Ask your cluster administrator for the right to do this."
            }
            Self::TooManyLists => "Try again in a moment.",
            Self::Api { .. } => "Try again; if it stays so, look at the API server's log.",
            Self::Denied(_) => {
                "It is no matter of rights: whoever sets the cluster's admission policies can change it."
            }
            Self::PodSecurity {
                profile: DebugProfile::Restricted,
                ..
            } => {
                "Not even a restricted one is allowed. If it names other containers, these are from before the namespace enforced it: make the pod anew."
            }
            Self::PodSecurity { .. } => {
                "Choose the profile restricted, or leave the choice to Podshell; whoever runs it says which profiles there are."
            }
            Self::PodUnfit { .. } | Self::Gone(_) => {
                "Go back to the list of pods, and choose one that runs."
            }
            Self::Proxy(_) => {
                "Tell whoever runs what is between Podshell and the cluster: a proxy, a firewall or a gateway. Or its sign-in has expired."
            }
            Self::NoUpgrade(_) => {
                "Tell whoever runs what is between Podshell and the cluster, a proxy or a gateway, that it has to pass WebSockets on."
            }
            Self::Silent | Self::Unreachable(_) => {
                "Check the network and whether `kubectl get pods` works, then try again."
            }
        }
    }
}

impl From<kube::Error> for ClusterError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(&status),
            // Its words, which may be anything, are not ours to show.
            kube::Error::SerdeError(_) => Self::Unreachable(
                "what answers there does not speak as Kubernetes does; is it a proxy, or a page to sign in on?".to_owned(),
            ),
            error => Self::Unreachable(innermost(&error)),
        }
    }
}

impl ClusterError {
    /// What the API server says of a refusal; or a proxy in its place, for kube makes a Status of any text.
    pub(super) fn of_status(said: &Status) -> Self {
        if words::is_html(&said.message) {
            let status = StatusCode::from_u16(said.code).unwrap_or(StatusCode::BAD_GATEWAY);
            return Self::Proxy(words::foreign_answer(status, true, &said.message));
        }
        let message = words::fit(&said.message);
        if words::are_of_admission(said.code, &message) {
            return Self::Denied(message);
        }
        Self::Api {
            status: said.code,
            message,
        }
    }
}

/// The innermost cause says what happened; what wraps it only says where.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let is_ours =
        |cause: &&(dyn Error + 'static)| cause.is::<Unreached>() || cause.is::<CredentialsError>();
    if let Some(ours) = words::causes(error).find(is_ours) {
        return ours.to_string();
    }
    match words::what_broke(error) {
        Some(broke) => format!("the connection {broke}"),
        None => words::causes(error).last().unwrap_or(error).to_string(),
    }
}
