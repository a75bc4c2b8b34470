//! Runs a credential plugin and understands what it answers.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _},
    path::Path,
    pin::pin,
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime},
};

use k8s_openapi::jiff::Timestamp;
use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    time::timeout,
};
use tracing::info;

use super::{
    Credential, PluginError,
    answer::{self, AnswerError, KIND, Status},
    renew_at,
};
use crate::cluster::credentials::{bearer, certificate::certified};

/// The versions of the protocol.
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];
/// The variable that tells a plugin what is wanted of it.
const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";
/// How long it may take where it can ask somebody.
const ASKING: Duration = Duration::from_secs(300);
/// How long it may take by itself.
const ALONE: Duration = Duration::from_secs(60);
/// After this long somebody who looks at the terminal is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer may be.
const LONGEST: u64 = 1 << 20;

/// How a plugin is run.
#[derive(Clone)]
pub(super) struct Run(Arc<Spec>);

struct Spec {
    command: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    version: String,
    mode: ExecInteractiveMode,
    cluster: Option<ExecAuthCluster>,
    hint: Option<String>,
}

impl Run {
    /// As a kubeconfig says.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub(super) fn new(exec: ExecConfig) -> Result<Self, PluginError> {
        let command = exec.command.filter(|command| !command.is_empty());
        let command = command.ok_or(PluginError::Incomplete("a command"))?;
        let version = exec
            .api_version
            .ok_or(PluginError::Incomplete("an apiVersion"))?;
        if !VERSIONS.contains(&version.as_str()) {
            return Err(PluginError::Version { command, version });
        }
        let variable = |mut variable: HashMap<String, String>| {
            Some((variable.remove("name")?, variable.remove("value")?))
        };
        Ok(Self(Arc::new(Spec {
            command,
            arguments: exec.args.unwrap_or_default(),
            variables: exec
                .env
                .into_iter()
                .flatten()
                .filter_map(variable)
                .collect(),
            version,
            mode: exec
                .interactive_mode
                .unwrap_or(ExecInteractiveMode::IfAvailable),
            cluster: exec.cluster.filter(|_| exec.provide_cluster_info),
            hint: exec.install_hint,
        })))
    }

    /// Runs it to its end, with the terminal if this is the first time and there is one.
    ///
    /// # Errors
    ///
    /// If it can't be run, fails, takes too long, or answers nonsense.
    pub(super) async fn run(&self, is_first: bool) -> Result<Status, PluginError> {
        let Spec { command, mode, .. } = &*self.0;
        let is_interactive =
            is_first && *mode != ExecInteractiveMode::Never && io::stdin().is_terminal();
        if *mode == ExecInteractiveMode::Always && !is_interactive {
            let command = command.clone();
            return Err(PluginError::NoTerminal { command });
        }
        let time = if is_interactive { ASKING } else { ALONE };
        let mut running = pin!(self.run_with(is_interactive));
        if let Ok(ended) = timeout(PATIENCE, &mut running).await {
            return ended;
        }
        info!(plugin = %command, "waiting for the credential plugin");
        let ended = timeout(time - PATIENCE, running).await;
        ended.unwrap_or_else(|_| {
            let command = command.clone();
            Err(PluginError::Silent { command, time })
        })
    }

    async fn run_with(&self, is_interactive: bool) -> Result<Status, PluginError> {
        let command = || self.0.command.clone();
        let broken = |source| PluginError::NotRun {
            command: command(),
            source,
        };
        let mut program = self.start(is_interactive)?;
        let mut answer = Vec::new();
        if let Some(stdout) = program.0.stdout.take() {
            let read = stdout.take(LONGEST + 1).read_to_end(&mut answer).await;
            read.map_err(broken)?;
        }
        let refused = |source| PluginError::Answer {
            command: command(),
            source,
        };
        if answer.len() as u64 > LONGEST {
            return Err(refused(AnswerError::TooLong));
        }
        let status = program.0.wait().await.map_err(broken)?;
        if !status.success() {
            return Err(PluginError::Failed {
                command: command(),
                how: status.to_string(),
            });
        }
        answer::parse(&answer, &self.0.version).map_err(refused)
    }

    fn start(&self, is_interactive: bool) -> Result<Program, PluginError> {
        let spec = &*self.0;
        let wanted = json!({
            "apiVersion": spec.version,
            "kind": KIND,
            "spec": {"interactive": is_interactive, "cluster": spec.cluster},
        });
        let mut command = Command::new(&spec.command);
        command
            .args(&spec.arguments)
            .envs(spec.variables.iter().map(|(name, value)| (name, value)))
            .env(EXEC_INFO, without_nulls(wanted).to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if is_interactive {
            // In our process group, as a terminal is for one alone.
            command.stdin(Stdio::inherit());
        } else {
            command.stdin(Stdio::null());
            #[cfg(unix)]
            command.process_group(0);
        }
        match command.spawn() {
            Ok(child) => Ok(Program(child, !is_interactive)),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && !Path::new(&spec.command).exists() =>
            {
                Err(PluginError::NotInstalled {
                    command: spec.command.clone(),
                    hint: spec.hint.clone(),
                })
            }
            Err(source) => Err(PluginError::NotRun {
                command: spec.command.clone(),
                source,
            }),
        }
    }

    /// The credentials in an answer that came at this time.
    ///
    /// # Errors
    ///
    /// If they are none.
    pub(super) fn understand(
        &self,
        status: Status,
        now: SystemTime,
    ) -> Result<Credential, PluginError> {
        let command = || self.0.command.clone();
        let refused = |source| PluginError::Answer {
            command: command(),
            source,
        };
        let header = status.token.map(|token| {
            let header = bearer(&token);
            header.ok_or_else(|| refused(AnswerError::OddToken))
        });
        let certificate = match (status.client_certificate_data, status.client_key_data) {
            (Some(chain), Some(key)) => {
                let certified = certified(chain.as_bytes(), key.as_bytes());
                Some(certified.map_err(|source| PluginError::Certificate {
                    command: command(),
                    source,
                })?)
            }
            _ => None,
        };
        let expires = status.expiration_timestamp.filter(|time| !time.is_empty());
        let expires = expires.map(|time| time.parse::<Timestamp>().map(SystemTime::from));
        let expires = expires
            .transpose()
            .map_err(|_| refused(AnswerError::Expiry))?;
        Ok(Credential {
            header: header.transpose()?,
            certificate,
            expires,
            renew_at: expires.map(|expires| renew_at(now, expires)),
        })
    }
}

/// What is not there is not said: some plugins take null for something.
fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
        for value in fields.values_mut() {
            *value = without_nulls(value.take());
        }
    }
    value
}

/// A plugin that runs. It ends when this is dropped, with all that it has started if it is in a process group of its own.
struct Program(Child, bool);

impl Drop for Program {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.1
            && let Some(id) = self.0.id()
            && let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw)
        {
            // It may have ended this moment.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
