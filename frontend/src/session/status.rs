//! How a session fares, for those who look at it.

use podshell_client::{Client, End, Phase};
use podshell_shared::{
    close::{Carrier, Outcome},
    terminal::{EndReason, Exit},
};

use crate::{error::Failure, net::api};

/// How far a shell is, for the state line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The server is asked for an id.
    Asking,
    /// The connection is being opened.
    Opening,
    /// The server starts the shell.
    Starting,
    /// The shell runs.
    Connected,
    /// The connection was lost; it is tried again.
    Reconnecting {
        /// How long until then; [`None`] while it is being tried.
        seconds: Option<u32>,
    },
    /// The session ended as sessions do.
    Ended(Exit),
    /// The connection was lost.
    Lost(Failure),
    /// There was no shell to begin with.
    Failed(Failure),
}

impl Status {
    /// Whether nothing more will happen by itself.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::Lost(_) | Self::Failed(_))
    }

    /// Whether the session goes on in another window.
    pub(crate) fn is_taken_over(&self) -> bool {
        matches!(self, Self::Lost(failure) if failure.is(EndReason::TakenOver))
    }

    /// Whether it ended because nobody is signed in.
    pub(crate) fn is_signed_out(&self) -> bool {
        match self {
            Self::Ended(exit) => exit.reason == EndReason::SignedOut,
            Self::Lost(failure) | Self::Failed(failure) => failure.is_signed_out(),
            _ => false,
        }
    }

    /// Whether nothing can bring the session back: one that goes on in another window may be taken back.
    pub(crate) fn is_final(&self) -> bool {
        self.is_ended() && !self.is_taken_over()
    }

    /// Whether there was a session, and nothing can bring it back. One that could not be begun may be by who loads the page anew:
    /// browsers break off what is asked for when they take a page away.
    pub(crate) fn is_past(&self) -> bool {
        self.is_final() && !matches!(self, Self::Failed(_))
    }

    /// How a client fares.
    pub(crate) fn of(client: &Client, now: f64) -> Self {
        match client.phase() {
            Phase::Opening if client.is_waiting_for_id() => Self::Asking,
            Phase::Opening => Self::Opening,
            Phase::Starting => Self::Starting,
            Phase::Connected => Self::Connected,
            Phase::Reconnecting | Phase::Away => Self::Reconnecting {
                seconds: client.retry_in(now).map(|ms| (ms / 1000.0).ceil() as u32),
            },
            Phase::Ended(end) => Self::over(end.clone()),
        }
    }

    fn over(end: End) -> Self {
        let ended = |reason| Self::Ended(Exit::new(reason, ""));
        match end {
            End::Exit(Exit {
                reason: EndReason::TakenOver | EndReason::NoSession,
                ..
            }) => Self::Lost(Failure::from_end(end)),
            End::Exit(exit) => Self::Ended(exit),
            End::Closed { code, .. }
                if Outcome::from_code(code, Carrier::SockJs) == Some(Outcome::ProcessExited) =>
            {
                ended(EndReason::Exited)
            }
            End::ClosedByUser => ended(EndReason::Closed),
            End::NotOpened | End::NotStarted | End::Closed { bound: false, .. } => {
                Self::Failed(Failure::from_end(end))
            }
            End::SignedOut if api::has_sign_in_page() => {
                Self::Lost(Failure::from_end(end).signed_out())
            }
            End::ConnectionLost
            | End::Silent
            | End::SignedOut
            | End::ProtocolError(_)
            | End::Closed { .. } => Self::Lost(Failure::from_end(end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use podshell_client::codec::{ServerEvent, decode_close, decode_text};

    #[test]
    fn a_code_alone_tells_how_a_session_ended() {
        for carrier in Carrier::ALL {
            for outcome in Outcome::ALL {
                let code = outcome.code(carrier);
                let heard = match carrier {
                    Carrier::SockJs => decode_text(&format!(r#"c[{code},"Why."]"#)).pop(),
                    Carrier::WebSocket => decode_close(code, "Why.".to_owned()),
                };
                let Some(ServerEvent::Closed { code, reason }) = heard else {
                    panic!("{heard:?}");
                };
                let bound = true;
                let status = Status::over(End::Closed {
                    code,
                    reason,
                    bound,
                });
                match (outcome, &status) {
                    (Outcome::ProcessExited, Status::Ended(exit)) => {
                        assert_eq!((exit.reason, exit.code), (EndReason::Exited, None));
                    }
                    (Outcome::Other, Status::Lost(_)) => {}
                    _ => panic!("{carrier:?} {code}: {status:?}"),
                }
            }
        }
    }
}
