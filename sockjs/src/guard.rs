//! Who may open sessions, and whose requests belong together: the application's say.

use axum::response::Response;
use http::request::Parts;

/// Decides who may open sessions, and tells one client's requests from another's. See
/// [`Builder::guard`](crate::Builder::guard).
///
/// Both methods are called for each request they are about, in the task that serves it. They must not block the thread.
pub trait Guard: Send + Sync + 'static {
    /// Whether the client may open a session. Asked for every request that would open one, of any transport, raw ones
    /// too, and for `/info`.
    ///
    /// What it puts into `parts.extensions` the handler finds in [`Session::parts`](crate::Session::parts). `parts.uri` is as
    /// routed, without the prefix of a nested router; axum's `OriginalUri` extension has the whole.
    ///
    /// A request that was admitted may still be refused: because it is no proper WebSocket request, or for
    /// [`Builder::max_sessions_per_address`](crate::Builder::max_sessions_per_address). So this is not the place to use up
    /// what is good only once; the handler is.
    ///
    /// # Errors
    /// The answer for who may not. `?` boxes a plain [`Response`] by itself.
    fn admit(&self, parts: &mut Parts) -> Result<(), Box<Response>>;

    /// What the client brings to show that it is the one that opened its session over plain HTTP: a part of the query, a
    /// cookie, whom middleware found it to be.
    ///
    /// Asked before [`admit`](Self::admit). It is kept as long as the session. The session's further requests, which `admit` is not asked about, must bring the same: one that brings something else, or nothing where the first brought something, finds no such
    /// session. `None` is the same for all who bring nothing.
    ///
    /// Clients append to queries: SockJS's own a time, as `&t=…`, differing from request to request.
    ///
    /// Make it a digest if what the client brings is a secret. It is compared byte by byte, which takes longer the more of
    /// it is right: of a digest nobody can choose the bytes to make use of that.
    fn identity(&self, parts: &Parts) -> Option<Vec<u8>>;
}
