//! Ids for targets: minted for a caller, redeemed once, expired by a clock.

use std::{fmt, sync::Arc};

use crate::{
    clock::Clock,
    session::{Caller, Refused, Target, Tickets},
};

/// Ids for targets, with the clock that they expire by.
#[derive(Clone)]
pub(crate) struct Minting {
    tickets: Arc<Tickets>,
    clock: Clock,
}

impl Minting {
    pub(crate) fn new(tickets: Tickets, clock: Clock) -> Self {
        let tickets = Arc::new(tickets);
        Self { tickets, clock }
    }

    /// An id with which the caller may open a terminal at the target, once.
    pub(crate) fn mint(&self, caller: &Caller, target: &Target) -> String {
        self.tickets.mint(caller, target, self.clock.now())
    }

    /// What an id was minted for. It is good no more.
    pub(crate) fn redeem(&self, caller: &Caller, id: &str) -> Result<Target, Refused> {
        self.tickets.redeem(caller, id, self.clock.now())
    }

    /// Whose an id is, as long as it is good.
    pub(crate) fn caller(&self, id: &str) -> Option<Caller> {
        self.tickets.caller(id, self.clock.now())
    }
}

impl fmt::Debug for Minting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minting").finish_non_exhaustive()
    }
}
