//! Faults that tests inject: what goes wrong, where, and how often.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;

use crate::{record::Protocol, status::ApiError};

/// The calls, other than exec and attach, that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `GET /version`
    Version,
    /// Namespaces, listed or one of them.
    Namespaces,
    /// A list of pods.
    ListPods,
    /// A watch on pods.
    WatchPods,
    /// One pod.
    GetPod,
    /// A `SelfSubjectAccessReview`.
    AccessReview,
    /// A `SelfSubjectReview`: who am I?
    SelfReview,
    /// A patch that adds ephemeral containers.
    EphemeralContainers,
    /// The log of a container.
    Log,
}

/// What goes wrong with a call other than exec and attach.
#[derive(Clone, Debug)]
pub enum ApiEffect {
    /// Answered with this HTTP status and a `Status` with this message.
    Refuse {
        /// HTTP status code; 500 if it is not a valid one.
        code: u16,
        /// `Status.message`.
        message: String,
    },
    /// Answered only after this time; [`Duration::MAX`] for an API server that has gone silent.
    Delay(Duration),
}

/// What goes wrong with an exec or attach. Several may hold for the same one; of two of a kind, and of `Cut` and `Stall`,
/// the one injected last.
#[derive(Clone, Debug)]
pub enum ExecEffect {
    /// Answered with this HTTP status instead of an upgrade.
    Refuse {
        /// HTTP status code; 500 if it is not a valid one.
        code: u16,
        /// `Status.message`.
        message: String,
    },
    /// Answered with this by something that is no API server: a proxy on the way, or the kubelet itself.
    Answer {
        /// HTTP status code; 500 if it is not a valid one.
        code: u16,
        /// `Content-Type`.
        kind: &'static str,
        /// The body.
        text: String,
    },
    /// The upgrade comes only after this time.
    DelayUpgrade(Duration),
    /// The first output, and the end if there is none, comes only after this time from the upgrade.
    DelayOutput(Duration),
    /// The TCP connection is dropped once this many bytes of output have been sent.
    Cut {
        /// Bytes of output (without channel bytes and frame headers) that still get through.
        after: usize,
        /// Whether the last of them are in a frame that promises more than it brings.
        mid_frame: bool,
    },
    /// Once this many bytes of output have been sent, nothing more is sent or read, pings included; the connection stays
    /// open. After 0 bytes the client still sees that the streams are ready.
    Stall {
        /// Bytes of output that still get through.
        after: usize,
    },
    /// At most this many bytes of output per message (at least 1; 8 KiB without this effect, 32 KiB is a real one's most).
    ReadSize(usize),
    /// The program is not found, whatever the container has (exec only).
    NoShell,
    /// The container runtime can't start the program, and says this (exec only).
    Fails(String),
    /// The command ends at once with this code, without being run (exec only).
    ExitCode(i32),
    /// Only these subprotocols are supported.
    Protocols(Vec<Protocol>),
}

/// How an ephemeral container that is added from now on fares. Several may hold for the same one.
#[derive(Clone, Debug)]
pub enum EphemeralEffect {
    /// Each step of its start takes this long, not 50 ms; [`Duration::MAX`] for one that stays in `ContainerCreating`.
    Delay(Duration),
    /// Its image cannot be pulled: it waits with reason `ErrImagePull`, then, for ever, `ImagePullBackOff`.
    PullFails {
        /// What the container runtime said; part of `waiting.message`.
        message: String,
    },
}

/// What goes wrong with a log that is being sent. Several may hold for the same one.
#[derive(Clone, Copy, Debug)]
pub enum LogEffect {
    /// The connection is dropped once so many bytes have been sent.
    Cut {
        /// Bytes that still get through.
        after: usize,
    },
    /// Each line comes this long after the one before.
    Slow(Duration),
}

/// Something that goes wrong: always, until [`clear_faults`](crate::FakeCluster::clear_faults), unless limited by
/// [`once`](Self::once) or [`times`](Self::times).
#[derive(Clone, Debug)]
pub struct Fault {
    target: Target,
    left: Option<usize>,
}

#[derive(Clone, Debug)]
enum Target {
    Api(Route, ApiEffect),
    Ephemeral(EphemeralEffect),
    Log(LogEffect),
    Exec {
        container: Option<String>,
        effect: ExecEffect,
    },
}

impl Fault {
    /// A fault of every exec and attach.
    #[must_use]
    pub fn exec(effect: ExecEffect) -> Self {
        Self {
            target: Target::Exec {
                container: None,
                effect,
            },
            left: None,
        }
    }

    /// A fault of every exec in, and attach to, containers of this name.
    #[must_use]
    pub fn exec_in(container: impl Into<String>, effect: ExecEffect) -> Self {
        Self {
            target: Target::Exec {
                container: Some(container.into()),
                effect,
            },
            left: None,
        }
    }

    /// A fault of every call of `route`.
    #[must_use]
    pub fn api(route: Route, effect: ApiEffect) -> Self {
        Self {
            target: Target::Api(route, effect),
            left: None,
        }
    }

    /// A fault of every ephemeral container that is added.
    #[must_use]
    pub fn ephemeral(effect: EphemeralEffect) -> Self {
        Self {
            target: Target::Ephemeral(effect),
            left: None,
        }
    }

    /// A fault of every log that is sent.
    #[must_use]
    pub fn log(effect: LogEffect) -> Self {
        Self {
            target: Target::Log(effect),
            left: None,
        }
    }

    /// Only the next matching call or exec.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Only the next `times` matching calls or execs.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }
}

/// What one ephemeral container has to go through.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// From one state to the next.
    pub(crate) step: Duration,
    pub(crate) pull_fails: Option<String>,
}

/// What one log that is sent has to go through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogPlan {
    /// Bytes that still get through.
    pub(crate) cut_after: Option<usize>,
    /// Before each line.
    pub(crate) pause: Duration,
}

/// What one exec has to go through: all its faults together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) refuse: Option<(u16, String)>,
    pub(crate) answer: Option<(u16, &'static str, String)>,
    pub(crate) delay_upgrade: Duration,
    pub(crate) delay_output: Duration,
    pub(crate) limit: Option<Limit>,
    pub(crate) read_size: Option<usize>,
    pub(crate) no_shell: bool,
    pub(crate) fails: Option<String>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) protocols: Option<Vec<Protocol>>,
}

/// Where the output of an exec stops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Bytes of output that still get through.
    pub(crate) left: usize,
    pub(crate) kind: LimitKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitKind {
    Cut,
    CutMidFrame,
    Stall,
}

/// The faults in force, and how many calls have met them.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    in_force: Mutex<Vec<Fault>>,
    calls: Mutex<HashMap<Route, u64>>,
}

impl Faults {
    pub(crate) fn inject(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// How many calls of `route` there were.
    pub(crate) fn calls(&self, route: Route) -> u64 {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(&route).copied().unwrap_or_default()
    }

    /// Lets a call of `route` through, late or not at all.
    pub(crate) async fn gate(&self, route: Route) -> Result<(), ApiError> {
        {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls.entry(route).or_default() += 1;
        }
        let effects = self.take(|target| match target {
            Target::Api(on, effect) if *on == route => Some(effect.clone()),
            _ => None,
        });
        for effect in effects {
            match effect {
                ApiEffect::Delay(time) => tokio::time::sleep(time).await,
                ApiEffect::Refuse { code, message } => return Err(refusal(code, message)),
            }
        }
        Ok(())
    }

    /// What the exec that starts now has to go through.
    pub(crate) fn plan(&self, container: &str) -> Plan {
        let effects = self.take(|target| match target {
            Target::Exec {
                container: only,
                effect,
            } if only.as_deref().is_none_or(|only| only == container) => Some(effect.clone()),
            _ => None,
        });
        let mut plan = Plan::default();
        for effect in effects {
            match effect {
                ExecEffect::Refuse { code, message } => plan.refuse = Some((code, message)),
                ExecEffect::Answer { code, kind, text } => plan.answer = Some((code, kind, text)),
                ExecEffect::DelayUpgrade(time) => plan.delay_upgrade = time,
                ExecEffect::DelayOutput(time) => plan.delay_output = time,
                ExecEffect::Cut { after, mid_frame } => {
                    let kind = if mid_frame {
                        LimitKind::CutMidFrame
                    } else {
                        LimitKind::Cut
                    };
                    plan.limit = Some(Limit { left: after, kind });
                }
                ExecEffect::Stall { after } => {
                    plan.limit = Some(Limit {
                        left: after,
                        kind: LimitKind::Stall,
                    });
                }
                ExecEffect::ReadSize(size) => plan.read_size = Some(size.max(1)),
                ExecEffect::NoShell => plan.no_shell = true,
                ExecEffect::Fails(why) => plan.fails = Some(why),
                ExecEffect::ExitCode(code) => plan.exit_code = Some(code),
                ExecEffect::Protocols(protocols) => plan.protocols = Some(protocols),
            }
        }
        plan
    }

    /// What the ephemeral container that is added now has to go through.
    pub(crate) fn start(&self) -> Start {
        let effects = self.take(|target| match target {
            Target::Ephemeral(effect) => Some(effect.clone()),
            _ => None,
        });
        let mut start = Start {
            step: Duration::from_millis(50),
            pull_fails: None,
        };
        for effect in effects {
            match effect {
                EphemeralEffect::Delay(time) => start.step = time,
                EphemeralEffect::PullFails { message } => start.pull_fails = Some(message),
            }
        }
        start
    }

    /// What the log that is sent now has to go through.
    pub(crate) fn log(&self) -> LogPlan {
        let effects = self.take(|target| match target {
            Target::Log(effect) => Some(*effect),
            _ => None,
        });
        let mut plan = LogPlan::default();
        for effect in effects {
            match effect {
                LogEffect::Cut { after } => plan.cut_after = Some(after),
                LogEffect::Slow(pause) => plan.pause = pause,
            }
        }
        plan
    }

    /// The effects that `pick` picks; faults that are used up go.
    fn take<T>(&self, pick: impl Fn(&Target) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.lock().retain_mut(|fault| {
            if fault.left == Some(0) {
                return false;
            }
            let Some(effect) = pick(&fault.target) else {
                return true;
            };
            taken.push(effect);
            match &mut fault.left {
                Some(left) => {
                    *left -= 1;
                    *left > 0
                }
                None => true,
            }
        });
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal a test asked for.
pub(crate) fn refusal(code: u16, message: String) -> ApiError {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(code, message)
}
