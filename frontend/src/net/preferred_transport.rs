//! Which transport to begin with: the one that worked here last, while that is not long ago.

use podshell_client::transport::Transport;

use crate::browser::storage;

/// Where the transport that works here is kept, with the time.
const KEY: &str = "podshell.transport";
/// For so long it is taken to work, in ms: the network may be another one by then.
const GOOD_FOR: f64 = 3_600_000.0;

/// The transport to begin with: the one that worked last, else the best.
pub(crate) fn first() -> Transport {
    let [best, ..] = Transport::ALL;
    let kept = storage::kept(KEY);
    let recent = kept.and_then(|kept| {
        let (name, at) = kept.split_once('@')?;
        let age = js_sys::Date::now() - at.parse::<f64>().ok()?;
        let transport = Transport::from_name(name)?;
        (0.0..GOOD_FOR).contains(&age).then_some(transport)
    });
    recent.unwrap_or(best)
}

/// Remembers the transport that works here.
pub(crate) fn remember(transport: Transport) {
    let kept = format!("{}@{}", transport.name(), js_sys::Date::now());
    storage::keep(KEY, &kept);
}
