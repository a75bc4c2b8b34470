//! All lists that somebody looks at, by whose they are; there is a bound to them.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use kube::Client;
use tokio::{
    task::{AbortHandle, spawn_local},
    time::Duration,
};

use super::{Settings, follow::follow, list::List, texts::Texts};
use crate::cluster::{ClusterError, call_as::CallerDigest};

/// Whether a list can be had is asked once for all who want to know within this time.
const KNOWN_FOR: Duration = Duration::from_secs(1);
/// One that nobody has looked at for so long may make room: a page looks each second.
const ASIDE: Duration = Duration::from_secs(10);

/// Whose list it is, and of what. Nobody sees what another may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) who: CallerDigest,
    /// Of what the settings say, if none is named.
    pub(super) namespace: Option<String>,
}

struct Kept {
    list: Rc<List>,
    /// How many watches it has.
    watches: usize,
    following: AbortHandle,
}

/// All lists.
pub(super) struct Shelf {
    pub(super) settings: Settings,
    lists: RefCell<HashMap<Key, Kept>>,
    texts: Rc<Texts>,
}

impl Shelf {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            lists: RefCell::default(),
            texts: Rc::default(),
        }
    }

    /// The list that somebody looks at, who calls by `client`; begins it if there is none.
    pub(super) fn look(
        self: &Rc<Self>,
        key: &Key,
        client: Client,
    ) -> Result<Rc<List>, ClusterError> {
        let mut lists = self.lists.borrow_mut();
        if let Some(kept) = lists.get(key)
            && kept.list.over_for().is_none_or(|time| time < KNOWN_FOR)
        {
            kept.list.look(client);
            return Ok(Rc::clone(&kept.list));
        }
        lists.retain(|_, kept| kept.list.over_for().is_none_or(|time| time < KNOWN_FOR));
        let namespaces = match &key.namespace {
            Some(namespace) => vec![namespace.clone()],
            None => self.settings.namespaces.clone(),
        };
        let watches = namespaces.len().max(1);
        self.make_room(&mut lists, watches)?;
        let hidden = self.settings.hidden.clone();
        let list = Rc::new(List::new(client, namespaces, hidden, &self.texts));
        let following = spawn_local(Rc::clone(self).keep(key.clone(), Rc::clone(&list)));
        let kept = Kept {
            list: Rc::clone(&list),
            watches,
            following: following.abort_handle(),
        };
        lists.insert(key.clone(), kept);
        Ok(list)
    }

    /// Keeps a list up to date until nobody looks at it any more, or that can't be done.
    async fn keep(self: Rc<Self>, key: Key, list: Rc<List>) {
        tokio::select! {
            why = follow(&list) => list.end(why),
            () = list.unseen(self.settings.kept) => {
                let mut lists = self.lists.borrow_mut();
                if lists.get(&key).is_some_and(|kept| Rc::ptr_eq(&kept.list, &list)) {
                    lists.remove(&key);
                }
            }
        }
    }

    /// Ends lists that nobody has looked at for a while, the longest first, until there may be so many watches more.
    fn make_room(
        &self,
        lists: &mut HashMap<Key, Kept>,
        watches: usize,
    ) -> Result<(), ClusterError> {
        let taken =
            |lists: &HashMap<Key, Kept>| -> usize { lists.values().map(|kept| kept.watches).sum() };
        while taken(lists) + watches > self.settings.most {
            let unseen = lists.iter().max_by_key(|(_, kept)| kept.list.unseen_for());
            let longest = unseen.filter(|(_, kept)| kept.list.unseen_for() >= ASIDE);
            let Some(key) = longest.map(|(key, _)| key.clone()) else {
                return Err(ClusterError::TooManyLists);
            };
            if let Some(kept) = lists.remove(&key) {
                kept.following.abort();
                kept.list.end(ClusterError::TooManyLists);
            }
        }
        Ok(())
    }
}
