//! What a connection tells.

use js_sys::Uint8Array;
use podshell_client::codec::ServerEvent;

/// What a connection tells.
pub(crate) enum ConnectionEvent {
    /// Something was heard.
    ServerEvent(ServerEvent),
    /// Terminal output in the browser's own memory, to be handed on as it is.
    Output(Uint8Array),
    /// The connection is gone.
    Closed,
}
