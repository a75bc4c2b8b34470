//! Where a terminal is opened.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A target as it is asked for: nobody has looked yet whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRequest {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container of that pod; [`None`] for its default one.
    pub container: Option<String>,
    /// The shell that the user wants; [`None`] for the best that the container has.
    pub shell: Option<Shell>,
    /// What the terminal is connected to.
    pub mode: Mode,
}

/// A target that the cluster has, and whose container was seen to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container of that pod.
    pub container: String,
    /// The shell that the user wants; [`None`] for the best that the container has.
    pub shell: Option<Shell>,
    /// What the terminal is connected to.
    pub mode: Mode,
    /// Whether the container runs on Windows.
    pub windows: bool,
    /// The container's image, by its digest where the cluster tells it: containers of one image have
    /// the same shells.
    pub image: String,
}

/// What a terminal is connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A shell of its own, which ends with the session.
    #[default]
    Exec,
    /// The container's main process, which the end of the session does not touch.
    Attach,
}

/// The shells that clients can ask for: Dashboard's, and those that only some images have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Whatever the image has as `sh`.
    Sh,
    /// The Almquist shell, as Alpine's images have it.
    Ash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
    /// Windows PowerShell.
    Powershell,
    /// The Windows command prompt.
    Cmd,
}

impl Shell {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Bash,
        Self::Sh,
        Self::Ash,
        Self::Zsh,
        Self::Fish,
        Self::Powershell,
        Self::Cmd,
    ];

    /// Whether it is one of Windows.
    pub fn is_of_windows(self) -> bool {
        matches!(self, Self::Powershell | Self::Cmd)
    }

    /// The name of the program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Sh => "sh",
            Self::Ash => "ash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Cmd => "cmd",
        }
    }
}

/// The error for a shell that is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no shell {0:?}; choose bash, sh, ash, zsh, fish, powershell or cmd.")]
pub struct UnknownShell(pub String);

impl FromStr for Shell {
    type Err = UnknownShell;

    fn from_str(name: &str) -> Result<Self, UnknownShell> {
        Self::ALL
            .into_iter()
            .find(|shell| shell.name() == name)
            .ok_or_else(|| UnknownShell(name.to_owned()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.pod, self.container)
    }
}
