//! What a connection tells, whatever the transport.

use bytes::Bytes;
use podshell_client::codec::ServerEvent;

/// What a connection tells.
#[derive(Debug)]
pub(crate) enum TransportEvent {
    /// The server says something.
    Server(ServerEvent),
    /// Terminal output in binary, as it came.
    Output(Bytes),
    /// The connection is gone.
    Closed,
}
