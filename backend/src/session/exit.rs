//! How sessions end, in words.

use podshell_shared::terminal::{EndReason, Exit};

/// The client asked for it, or is gone for good.
pub(super) fn closed() -> Exit {
    failed(EndReason::Closed, "The session was closed.")
}

/// The client is gone and did not come back.
pub(crate) fn gone() -> Exit {
    failed(EndReason::Closed, "The client is gone.")
}

/// All sessions end with the server.
pub(crate) fn shutting_down() -> Exit {
    failed(EndReason::Shutdown, "The Podshell server is shutting down.")
}

/// Another connection goes on with the session.
pub(super) fn taken_over() -> Exit {
    failed(
        EndReason::TakenOver,
        "This terminal goes on in another window or tab.",
    )
}

/// There is nothing to go on with.
pub(crate) fn no_session() -> Exit {
    failed(
        EndReason::NoSession,
        "This session is over: its connection was lost for too long, or the server has started anew.",
    )
}

/// An end other than the shell's own.
pub(crate) fn failed(reason: EndReason, message: impl Into<String>) -> Exit {
    Exit::new(reason, message)
}

/// How a session ends whose user is signed in no more.
pub(crate) fn signed_out() -> Exit {
    failed(
        EndReason::SignedOut,
        "The sign-in that this shell was opened with has ended.",
    )
}
