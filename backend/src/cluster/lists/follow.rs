//! Keeps a list as the cluster has it: lists all pods once, then watches; begins anew where that can't go on.

use std::rc::Rc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::Deserialize;
use tokio::{
    task::yield_now,
    time::{Duration, Instant, sleep},
};

use super::{
    fetch::{self, Event, Trouble},
    item::Item,
    list::List,
};
use crate::{cluster::ClusterError, random};

/// How many pods are asked for at once, as kubectl does.
const LIMIT: usize = 500;
/// How many pods are read before others have a turn in this thread.
const AT_ONCE: usize = 50;
/// How long a watch goes on before it is begun anew, in ms, and how much less that may be: so long may somebody see what
/// happens who may no more. A shell ends as soon.
const WATCH: u64 = 55_000;
const LESS: u64 = 10_000;
/// The API server may need so much longer to end it.
const LATE: Duration = Duration::from_secs(10);
/// Where nobody may watch, pods are listed this often; less often where that takes long.
const LIST_EVERY: Duration = Duration::from_secs(5);
const LIST_SHARE: u32 = 10;
/// A watch that ends sooner, and told nothing, is none that goes well.
const SOON: Duration = Duration::from_secs(1);

/// How long to wait after the first failure, and at most, in ms.
const FIRST_PAUSE: u64 = 500;
const LONGEST_PAUSE: u64 = 10_000;
/// The longest that the API server may ask us to wait.
const ASKED_PAUSE: Duration = Duration::from_secs(60);

/// Keeps a list up to date until that is refused, or can't begin. Gives the reason.
pub(super) async fn follow(list: &Rc<List>) -> ClusterError {
    let namespaces = list.namespaces();
    if !namespaces.is_empty() {
        return follow_each(list, namespaces).await;
    }
    list.expect(1);
    match follow_one(list, 0, None).await {
        refused @ ClusterError::Api { status: 403, .. } if list.is_new() => {
            // Who may not list all may yet list those of the namespace that the configuration names.
            let own = list.own_namespace();
            list.narrow(own.clone());
            let why = follow_each(list, vec![own]).await;
            // What matters to the user is the first refusal.
            if list.is_new() { refused } else { why }
        }
        why => why,
    }
}

/// Follows several namespaces; without those that are refused, unless all are.
async fn follow_each(list: &Rc<List>, namespaces: Vec<String>) -> ClusterError {
    list.expect(namespaces.len());
    let mut left = namespaces.len();
    let following = namespaces.into_iter().enumerate();
    let mut following: FuturesUnordered<_> = following
        .map(async |(place, namespace)| {
            let why = follow_one(list, place, Some(&namespace)).await;
            (place, namespace, why)
        })
        .collect();
    let mut first = None;
    while let Some((place, namespace, why)) = following.next().await {
        left -= 1;
        if !matches!(why, ClusterError::Api { status: 403, .. }) {
            return why;
        }
        if left == 0 {
            return first.unwrap_or(why);
        }
        list.leave_out(place, &namespace);
        first.get_or_insert(why);
    }
    // Where there are none.
    ClusterError::Silent
}

/// Follows the pods of one namespace, or of all.
async fn follow_one(list: &Rc<List>, place: usize, namespace: Option<&str>) -> ClusterError {
    let mut backoff = Backoff::default();
    let (mut may_watch, mut has_watched) = (true, false);
    // Empty where all have to be listed.
    let mut version = String::new();
    loop {
        let begun = Instant::now();
        let is_list = version.is_empty();
        let done = if is_list {
            let listed = list_all(list, namespace).await;
            listed.map(|listed| version = listed)
        } else {
            watch(list, place, namespace, &mut version).await
        };
        let pause = match done {
            Ok(()) => {
                list.is_well(place);
                if version.is_empty() || !may_watch {
                    version.clear();
                    // So that this is no more than a part of what the API server and this thread do.
                    Some(LIST_EVERY.max(begun.elapsed() * LIST_SHARE))
                } else {
                    if !is_list {
                        backoff = Backoff::default();
                        has_watched = true;
                    }
                    None
                }
            }
            Err(Ended::Refused(why)) => return why,
            Err(Ended::NoWatch) => {
                may_watch = false;
                version.clear();
                // Who may no more may not list either, most likely.
                (!has_watched).then_some(LIST_EVERY)
            }
            Err(Ended::Anew) => {
                version.clear();
                Some(backoff.next())
            }
            // As a proxy ends it that has no patience, or a connection that broke.
            Err(Ended::Quietly) => {
                has_watched = true;
                Some(backoff.next())
            }
            Err(Ended::Failed(why, _)) if !list.has_begun(place) => return why,
            Err(Ended::Failed(why, asked)) => {
                list.is_unwell(place, why);
                Some(
                    backoff
                        .next()
                        .max(asked.unwrap_or_default().min(ASKED_PAUSE)),
                )
            }
        };
        if let Some(pause) = pause {
            sleep(pause).await;
        }
    }
}

/// Why something ended that should go on.
enum Ended {
    Refused(ClusterError),
    NoWatch,
    /// All have to be listed again.
    Anew,
    /// Without a word.
    Quietly,
    Failed(ClusterError, Option<Duration>),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Gone => Self::Anew,
            Trouble::Refused(why) => Self::Refused(why),
            Trouble::NoWatch => Self::NoWatch,
            Trouble::TooLong => Self::Failed(
                ClusterError::Unreachable("its answer is longer than may be".to_owned()),
                None,
            ),
            Trouble::Failed(why, asked) => Self::Failed(why, asked),
        }
    }
}

/// Lists all pods, page by page. Gives the version that they are of.
async fn list_all(list: &Rc<List>, namespace: Option<&str>) -> Result<String, Ended> {
    let round = list.begin_round();
    let mut limit = LIMIT;
    let mut rest = None::<String>;
    loop {
        let page = fetch::page(&list.client(), namespace, limit, rest.as_deref()).await;
        let page = match page {
            Err(Trouble::TooLong) if limit > 1 => {
                limit = (limit / 4).max(1);
                continue;
            }
            page => page?,
        };
        let contents = page.contents()?;
        let (mut read, mut odd) = (0_usize, 0_usize);
        for item in contents.items() {
            match Item::read(item) {
                Some(item) => list.put(item, round),
                None => odd += 1,
            }
            read += 1;
            if read.is_multiple_of(AT_ONCE) {
                yield_now().await;
            }
        }
        if odd > 0 {
            tracing::debug!(odd, "some of the pods that were listed are not understood");
        }
        list.has_news();
        rest = contents.metadata.rest.filter(|rest| !rest.is_empty());
        if rest.is_none() {
            list.sweep(namespace, round);
            return Ok(contents.metadata.resource_version.unwrap_or_default());
        }
    }
}

/// Watches from a version on, which goes with it, until the API server ends that.
async fn watch(
    list: &Rc<List>,
    place: usize,
    namespace: Option<&str>,
    version: &mut String,
) -> Result<(), Ended> {
    let time = Duration::from_millis(WATCH - random::below(LESS));
    let begun = Instant::now();
    let mut watch = fetch::watch(&list.client(), namespace, version, time).await?;
    list.is_well(place);
    let round = list.round();
    let mut has_told = false;
    loop {
        let left = (time + LATE).saturating_sub(begun.elapsed());
        let read = watch.read(left).await;
        let told = watch.events(|event| {
            has_told = true;
            match event {
                Event::Put(object) => {
                    if let Some(item) = Item::read(object) {
                        version.clone_from(&item.version);
                        list.put(item, round);
                    }
                }
                Event::Removed(object) => {
                    if let Some(item) = Item::read(object) {
                        version.clone_from(&item.version);
                        list.remove(&item);
                    }
                }
                Event::Bookmark(object) => {
                    if let Some(bookmark) = bookmark(object) {
                        *version = bookmark;
                    }
                }
            }
            Ok(())
        });
        match told {
            Ok(()) => {}
            // Whatever is wrong with it, listing anew mends it.
            Err(Trouble::Failed(why, _)) => {
                tracing::debug!(%why, "a watch ended");
                return Err(Ended::Anew);
            }
            Err(trouble) => return Err(trouble.into()),
        }
        match read {
            Ok(true) => {}
            // Connections end.
            Ok(false) | Err(_) if has_told || begun.elapsed() >= SOON => return Ok(()),
            Ok(false) | Err(_) => return Err(Ended::Quietly),
        }
    }
}

/// The version that a bookmark stands at.
fn bookmark(object: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        resource_version: String,
    }
    let object = serde_json::from_str::<Object>(object).ok()?;
    Some(object.metadata.resource_version).filter(|version| !version.is_empty())
}

/// How long to wait after failures in a row: twice as long each time, and never as long as another.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let longest = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
        let longest = longest.min(LONGEST_PAUSE);
        self.failures += 1;
        Duration::from_millis(longest / 2 + random::below(longest / 2 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..40).map(|_| backoff.next().as_millis()).collect();
        assert!((250..=500).contains(&pauses[0]), "{pauses:?}");
        assert!((1_000..=2_000).contains(&pauses[2]), "{pauses:?}");
        let last = &pauses[10..];
        assert!(last.iter().all(|pause| (5_000..=10_000).contains(pause)));
        assert!(last.iter().any(|pause| *pause != last[0]));
    }

    #[test]
    fn a_bookmark_stands_at_a_version() {
        let version =
            bookmark(r#"{"kind":"Pod","metadata":{"resourceVersion":"12746"},"spec":{}}"#);
        assert_eq!(version.as_deref(), Some("12746"));
        for odd in [
            "{}",
            r#"{"metadata":{}}"#,
            r#"{"metadata":{"resourceVersion":""}}"#,
        ] {
            assert_eq!(bookmark(odd), None, "{odd}");
        }
    }
}
