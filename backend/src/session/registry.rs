//! The sessions that are alive: how many there may be, and how all of them end.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Counts the living sessions and tells them when the server shuts down.
#[derive(Clone, Debug)]
pub struct Sessions {
    places: Arc<Semaphore>,
    most: usize,
    shutdown: CancellationToken,
}

/// A session's place; free again when dropped.
#[derive(Debug)]
pub struct Guard {
    _place: OwnedSemaphorePermit,
}

/// All places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This server has as many sessions as it allows. Close one, or try again later.")]
pub struct Full;

impl Sessions {
    /// At most `most` sessions at once; `shutdown` ends them all.
    pub fn new(most: usize, shutdown: CancellationToken) -> Self {
        Self {
            places: Arc::new(Semaphore::new(most)),
            most,
            shutdown,
        }
    }

    /// A place for one more session.
    ///
    /// # Errors
    ///
    /// [`Full`] if there is none.
    pub fn enter(&self) -> Result<Guard, Full> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(|place| Guard { _place: place }).map_err(|_| Full)
    }

    /// How many sessions are alive.
    pub fn living(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// Done when the server shuts down.
    pub async fn shutdown(&self) {
        self.shutdown.cancelled().await;
    }
}
