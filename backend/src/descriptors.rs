//! How many file descriptors the process may have, and how they are shared out.
//!
//! Whoever reaches the port can open connections. What sessions need to begin, and to end, must not be
//! theirs to take: so each use has a bound, and the bounds together stay below the limit.

use thiserror::Error;
use tracing::warn;

use crate::cluster::{LOOKS_AT_ONCE, SCRIPTS_AT_ONCE};

/// For the process itself: standard streams, the runtime, the listener, a probe of the cluster, a
/// credential plugin; in the demo its main processes too.
const OWN: usize = 32;
/// Client connections beyond one for each session: a browser opens up to six for a page.
const SPARE: usize = 8;
/// Connections to the API server that one call of the HTTP API may need at the same time.
const PER_CALL: usize = 2;
/// More containers than these are not cleaned up at once, however many descriptors there are.
const MOST_CLEAN_UPS: usize = 128;
/// A connection that is being opened may hold a header's worth of memory: so there is a bound even where
/// there are a million descriptors. Two for each session, and this many for pages.
const FOR_PAGES: usize = 512;
/// The highest soft limit where the hard one is endless; more than this macOS refuses.
#[cfg(unix)]
const MOST: u64 = 10_240;

/// How many descriptors it takes to work with a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Costs {
    /// An exec.
    exec: usize,
    /// Any other connection to the API server.
    call: usize,
}

impl Costs {
    /// Each is a connection.
    pub(crate) const CLUSTER: Self = Self { exec: 1, call: 1 };
    /// The demo's API server is in this process: it has the other end of each connection, and the
    /// terminals and processes.
    #[cfg(feature = "demo")]
    pub(crate) const DEMO: Self = Self { exec: 5, call: 2 };
}

/// What there may be at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Sessions, each with an exec.
    pub(crate) sessions: usize,
    /// Connections of clients.
    pub(crate) connections: usize,
    /// Calls of the HTTP API that ask the API server.
    pub(crate) calls: usize,
    /// Containers in which clean-ups run.
    pub(crate) clean_ups: usize,
    /// Watches on pods.
    pub(crate) watches: usize,
    /// Logs that are read.
    pub(crate) logs: usize,
}

/// The limit is too low to work at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a process may have only {limit} file descriptors here, and Podshell needs {needed}. Allow more with \
     `ulimit -n`, or LimitNOFILE in a systemd unit"
)]
pub struct TooFewDescriptors {
    /// How many there may be.
    limit: usize,
    /// How many it takes for one session.
    needed: usize,
}

/// Shares out `limit` descriptors; there is no use for more than `max_sessions` sessions.
///
/// # Errors
///
/// If it is not enough for one session beside what is kept back for clean-ups.
pub(crate) fn share(
    limit: usize,
    costs: Costs,
    max_sessions: usize,
) -> Result<Budget, TooFewDescriptors> {
    let calls = (limit / 64).clamp(8, 64);
    let clean_ups = (limit / 64).clamp(SCRIPTS_AT_ONCE, MOST_CLEAN_UPS);
    let streams = (limit / 32).clamp(8, 256);
    let reserve = reserve(costs, calls, clean_ups, streams);
    // Its exec, and its client's connection.
    let per_session = costs.exec + 1;
    let needed = reserve + SPARE + per_session;
    let Some(beyond) = limit.checked_sub(needed) else {
        return Err(TooFewDescriptors { limit, needed });
    };
    let sessions = max_sessions.min(1 + beyond / per_session);
    let connections = limit - reserve - sessions * costs.exec;
    Ok(Budget {
        sessions,
        connections: connections.min(2 * max_sessions.saturating_add(FOR_PAGES / 2)),
        calls,
        clean_ups,
        watches: streams,
        logs: streams,
    })
}

/// What is not for sessions and clients. There are as many `streams` of either kind: watches, and logs.
fn reserve(costs: Costs, calls: usize, clean_ups: usize, streams: usize) -> usize {
    OWN + clean_ups * costs.exec + (calls * PER_CALL + LOOKS_AT_ONCE + 2 * streams) * costs.call
}

/// Raises this process's limit as far as it may, and tells how many descriptors that is.
#[cfg(unix)]
pub(crate) fn raise_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let most = limits.maximum.unwrap_or(MOST);
    let mut limit = limits.current.unwrap_or(u64::MAX);
    if limit < most {
        let raised = Rlimit {
            current: Some(most),
            maximum: limits.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = most,
            Err(error) => warn!(%error, limit, "the number of file descriptors can't be raised"),
        }
    }
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Windows has no such limit short of 16 million handles.
#[cfg(not(unix))]
pub(crate) fn raise_limit() -> usize {
    1 << 24
}

/// [`share`]s out the descriptors that there are, and says so if they are fewer than `max_sessions` take.
///
/// # Errors
///
/// If it is not enough for one session.
pub(crate) fn budget(costs: Costs, max_sessions: usize) -> Result<Budget, TooFewDescriptors> {
    let limit = raise_limit();
    let budget = share(limit, costs, max_sessions)?;
    if budget.sessions < max_sessions {
        warn!(
            descriptors = limit,
            asked = max_sessions,
            "file descriptors are enough for {} sessions only; allow more with `ulimit -n`, or lower \
             --max-sessions",
            budget.sessions
        );
    }
    Ok(budget)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEMO: Costs = Costs { exec: 5, call: 2 };

    #[test]
    fn shares() {
        for (limit, costs, max_sessions, sessions, connections, calls, clean_ups, streams) in [
            // Sessions come first, each with its connection.
            (256, Costs::CLUSTER, 1000, 80, 88, 8, 16, 8),
            (256, DEMO, 1000, 9, 19, 8, 16, 8),
            (1024, Costs::CLUSTER, 1000, 432, 440, 16, 16, 32),
            // Few sessions leave more to connections.
            (256, Costs::CLUSTER, 10, 10, 158, 8, 16, 8),
            // Plenty.
            (20_000, Costs::CLUSTER, 1000, 1000, 2512, 64, 128, 256),
            (20_000, DEMO, 1000, 1000, 2512, 64, 128, 256),
            (20_000, Costs::CLUSTER, 10_000, 9_592, 9_600, 64, 128, 256),
            (1 << 20, Costs::CLUSTER, 1000, 1000, 2512, 64, 128, 256),
            (usize::MAX, Costs::CLUSTER, 1, 1, 514, 64, 128, 256),
        ] {
            let budget = Budget {
                sessions,
                connections,
                calls,
                clean_ups,
                watches: streams,
                logs: streams,
            };
            let shared = share(limit, costs, max_sessions);
            assert_eq!(shared, Ok(budget), "{limit} {costs:?} {max_sessions}");
        }
    }

    #[test]
    fn too_few() {
        let error = share(64, Costs::CLUSTER, 1000).unwrap_err();
        let needed = error.needed;
        assert_eq!((error.limit, needed), (64, 98));
        assert_eq!(share(needed, Costs::CLUSTER, 1000).unwrap().sessions, 1);
        let words = error.to_string();
        assert!(words.contains("64") && words.contains("ulimit"), "{words}");
    }

    #[test]
    #[cfg(unix)]
    fn the_limit_is_as_high_as_may_be() {
        use rustix::process::{Resource, getrlimit};
        let limit = u64::try_from(raise_limit()).unwrap();
        let limits = getrlimit(Resource::Nofile);
        assert_eq!(limits.current, Some(limit));
        assert_eq!(limit, limits.maximum.unwrap_or(MOST));
    }

    proptest! {
        #[test]
        fn never_more_than_there_are(
            limit in 0_usize..1 << 21,
            exec in 1_usize..10,
            call in 1_usize..4,
            max_sessions in 1_usize..100_000,
        ) {
            let costs = Costs { exec, call };
            match share(limit, costs, max_sessions) {
                Ok(budget) => {
                    let reserve = reserve(costs, budget.calls, budget.clean_ups, budget.watches);
                    let used = reserve + budget.sessions * exec + budget.connections;
                    prop_assert!(used <= limit, "{used} of {limit}");
                    prop_assert!((1..=max_sessions).contains(&budget.sessions));
                    // Each session can have its client, and others still get in.
                    prop_assert!(budget.connections >= budget.sessions + SPARE);
                    // More descriptors are never worse.
                    let more = share(limit + 1000, costs, max_sessions).unwrap();
                    prop_assert!(more.sessions >= budget.sessions);
                }
                Err(error) => {
                    prop_assert!(error.limit == limit && error.needed > limit);
                }
            }
        }
    }
}
