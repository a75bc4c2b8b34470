//! What the palette offers for what is typed: own shells, recent ones, pods, and commands.

use crate::{
    pages::workspace::commands::Command, routing::pane_target::PaneTarget,
    ui::searched_words::all_occur, workspace::pane::PaneId,
};

/// So many of each group are offered at most.
const MOST: usize = 8;

/// What the user can go to or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A terminal that is there.
    Go(PaneId),
    /// A shell in a container, or its log.
    Open(PaneTarget),
    Do(Command),
    /// What was closed just now is there again.
    UndoClose,
    Settings,
    /// One of them, by the id of its control.
    Setting(&'static str),
    List,
    /// The list, by an address that searches in it.
    Find(String),
}

/// To which group something belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Running,
    Recent,
    Pods,
    Logs,
    Commands,
}

/// Something that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) group: Group,
    pub(super) title: String,
    /// What tells it from others of its title.
    pub(super) detail: String,
    /// The keys that do it, too.
    pub(super) keys: String,
    pub(super) action: Action,
}

impl Offer {
    /// Whether each word occurs in it. The words are in lower case.
    fn matches(&self, words: &[String]) -> bool {
        let text = format!("{}\n{}", self.title, self.detail).to_lowercase();
        all_occur(words, &text)
    }

    /// Better ones come first: those that begin with what was typed.
    fn rank(&self, words: &[String]) -> bool {
        let title = self.title.to_lowercase();
        !words.first().is_some_and(|word| title.starts_with(&**word))
    }
}

/// Takes from all that could be offered what is, by groups, the best first; without words all but pods and commands, which are
/// many, a few of each. What of `shown` is still offered keeps its place, and what has come since stands below it: whoever is
/// about to choose gets what they saw.
pub(super) fn choose(all: &[Offer], words: &[String], shown: &[Offer]) -> Vec<Offer> {
    let mut kept = vec![None; shown.len()];
    let mut groups: [Vec<&Offer>; 5] = Default::default();
    for offer in all.iter().filter(|offer| offer.matches(words)) {
        match shown.iter().position(|other| other.action == offer.action) {
            Some(place) => _ = kept[place].get_or_insert(offer),
            None => groups[offer.group as usize].push(offer),
        }
    }
    let mut chosen: Vec<Offer> = kept.into_iter().flatten().cloned().collect();
    let most = if words.is_empty() { MOST / 2 } else { MOST };
    for mut group in groups {
        // The sort is stable: of equal ones the order is as it was.
        group.sort_by_key(|offer| offer.rank(words));
        let has = |offer: &Offer| chosen.iter().any(|other| other.action == offer.action);
        let of_group = |first: &&Offer| {
            chosen
                .iter()
                .filter(|other| other.group == first.group)
                .count()
        };
        let room = most.saturating_sub(group.first().map_or(0, of_group));
        let new = group.iter().filter(|offer| !has(offer)).take(room);
        let new: Vec<_> = new.map(|offer| (*offer).clone()).collect();
        chosen.extend(new);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(group: Group, title: &str, detail: &str, number: u32) -> Offer {
        Offer {
            group,
            title: title.to_owned(),
            detail: detail.to_owned(),
            keys: String::new(),
            action: Action::Go(PaneId(number)),
        }
    }

    fn titles(offers: &[Offer], typed: &str) -> Vec<String> {
        let words: Vec<_> = typed.split_whitespace().map(str::to_owned).collect();
        let chosen = choose(offers, &words, &[]);
        chosen.into_iter().map(|offer| offer.title).collect()
    }

    #[test]
    fn words_are_found_in_any_order_and_groups_keep_theirs() {
        let offers = [
            offer(Group::Commands, "Split right", "", 0),
            offer(Group::Pods, "old-payments-1", "shop / pgbouncer", 1),
            offer(Group::Pods, "payments-2", "shop / pgbouncer", 2),
            offer(Group::Pods, "payments-3", "shop / app", 3),
            offer(Group::Running, "payments", "psql pg", 4),
        ];
        let found = titles(&offers, "pay pg");
        assert_eq!(found, ["payments", "payments-2", "old-payments-1"]);
        assert_eq!(
            titles(&offers, "pg PAY".to_lowercase().as_str()),
            ["payments", "old-payments-1", "payments-2"]
        );
        assert_eq!(titles(&offers, "right"), ["Split right"]);
        assert!(titles(&offers, "nothing").is_empty());
    }

    #[test]
    fn none_is_offered_twice_and_not_too_many_are() {
        let mut offers: Vec<_> = (0..50)
            .map(|number| offer(Group::Pods, &format!("web-{number}"), "", number))
            .collect();
        offers.push(offer(Group::Recent, "web-7", "", 7));
        let found = titles(&offers, "web");
        assert_eq!(found.len(), MOST + 1);
        assert_eq!(found[0], "web-7");
        assert!(!found[1..].contains(&found[0]));
        assert_eq!(titles(&offers, "").len(), MOST / 2 + 1);
    }

    #[test]
    fn what_is_shown_keeps_its_place_when_more_comes() {
        let titles = |offers: &[Offer]| -> Vec<String> {
            offers.iter().map(|offer| offer.title.clone()).collect()
        };
        let words = ["log".to_owned()];
        let log = offer(Group::Commands, "Log", "", 0);
        let gone = offer(Group::Commands, "Login", "", 1);
        let shown = choose(&[log.clone(), gone], &words, &[]);
        assert_eq!(titles(&shown), ["Log", "Login"]);

        let mut all: Vec<_> = (10..30)
            .map(|number| offer(Group::Pods, &format!("log-{number}"), "", number))
            .collect();
        // Its title may have become another.
        all.push(Offer {
            title: "Log again".to_owned(),
            ..log
        });
        let shown = choose(&all, &words, &shown);
        assert_eq!(titles(&shown[..2]), ["Log again", "log-10"]);
        assert_eq!(shown.len(), 1 + MOST);

        // A better one takes nobody's place, and no more are shown than before.
        all.insert(0, offer(Group::Pods, "log-0", "", 2));
        assert_eq!(choose(&all, &words, &shown), shown);
    }
}
