//! How many sessions each client address has.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// The sessions of each address, up to a limit.
#[derive(Debug)]
pub(crate) struct Addresses {
    limit: usize,
    /// Those that have any.
    sessions: Mutex<HashMap<IpAddr, usize>>,
}

/// A session's place among those of its address, which dropping it frees.
#[derive(Debug, Default)]
pub(crate) struct Place {
    of: Option<(Arc<Addresses>, IpAddr)>,
}

impl Addresses {
    pub(crate) fn new(limit: usize) -> Self {
        let sessions = Mutex::default();
        Self { limit, sessions }
    }

    /// A place for one more; `None` if the address has as many as it may. Without an address there is no limit.
    pub(crate) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        // One that is counted as IPv6 and IPv4 would have twice as many.
        let Some(address) = address.map(|address| address.to_canonical()) else {
            return Some(Place::default());
        };
        let mut sessions = self.lock();
        let count = sessions.entry(address).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        let of = Some((Arc::clone(self), address));
        Some(Place { of })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((addresses, address)) = &self.of {
            let mut sessions = addresses.lock();
            if let Some(count) = sessions.get_mut(address) {
                *count -= 1;
                if *count == 0 {
                    sessions.remove(address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_places_and_gets_them_back() {
        let addresses = Arc::new(Addresses::new(2));
        let address = |text: &str| Some(text.parse().unwrap());
        let first = addresses.enter(address("10.0.0.1"));
        let second = addresses.enter(address("::ffff:10.0.0.1"));
        assert!(first.is_some() && second.is_some());
        assert!(addresses.enter(address("10.0.0.1")).is_none());
        assert!(addresses.enter(address("10.0.0.2")).is_some());
        assert!(addresses.enter(None).is_some());
        drop(first);
        assert!(addresses.enter(address("10.0.0.1")).is_some());
        drop(second);
        assert!(addresses.lock().is_empty());
    }
}
