//! Sees to it that commands start with signals as in a container, not as whoever started this process had them.

use tokio::signal::unix::{SignalKind, signal};

/// Stops ignoring the signals that a terminal or a service manager sends, as far as this process ignores them.
///
/// A process started in the background by a script ignores Ctrl-C, one under `nohup` ignores a termination, and so would every
/// command it starts: Ctrl-C would end nothing in their terminals. A signal that is *handled* goes back to its default in
/// a new program; so a handler that does nothing takes the place of ignoring, and for this process nothing changes. Where
/// there is no `/proc` to ask, nothing is done.
pub(crate) fn unignore() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    for kind in [
        SignalKind::hangup(),
        SignalKind::interrupt(),
        SignalKind::quit(),
        SignalKind::terminate(),
    ] {
        let bit = 1_u64 << (kind.as_raw_value() - 1);
        if ignored & bit != 0 {
            // The handler stays when what listens to it is dropped.
            let _ = signal(kind);
        }
    }
}
