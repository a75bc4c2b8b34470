//! Close codes: what the end of a connection says of its session, also to who knows no more than that.

use crate::terminal::{EndReason, Exit};

/// How a session ended, as far as a close code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The process ended: the shell, or what the terminal was attached to.
    ProcessExited,
    /// Anything else.
    Other,
}

/// What carries the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A SockJS close frame; the codes are those of Kubernetes Dashboard.
    SockJs,
    /// The close frame of a plain WebSocket, where codes from 4000 on are for applications (RFC 6455, section 7.4.2).
    WebSocket,
}

impl Carrier {
    /// Both of them, for tests and documents.
    pub const ALL: [Self; 2] = [Self::SockJs, Self::WebSocket];

    /// What its codes begin behind.
    fn base(self) -> u16 {
        match self {
            Self::SockJs => 0,
            Self::WebSocket => 4000,
        }
    }
}

impl Outcome {
    /// Both of them, for tests and documents.
    pub const ALL: [Self; 2] = [Self::ProcessExited, Self::Other];

    /// The outcome of a session that ended so.
    pub fn of(exit: &Exit) -> Self {
        match exit.reason {
            EndReason::Exited => Self::ProcessExited,
            _ => Self::Other,
        }
    }

    /// Its code.
    pub fn code(self, carrier: Carrier) -> u16 {
        let code = match self {
            Self::ProcessExited => 1,
            Self::Other => 2,
        };
        carrier.base() + code
    }

    /// What a code means; [`None`] for the carrier's own codes, which say nothing of the session.
    pub fn from_code(code: u16, carrier: Carrier) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.code(carrier) == code)
    }
}

/// The text beside the code: Dashboard's where a process ended, else what happened, for people.
pub fn reason(exit: &Exit) -> &str {
    match Outcome::of(exit) {
        Outcome::ProcessExited => "Process exited",
        Outcome::Other => &exit.message,
    }
}
