//! What a terminal is called where there is little room: by what tells it from others.

use crate::{i18n::Words, routing::pane_target::PaneTarget};

/// What a tab is called: what is read first, and what comes behind it.
pub(super) fn tab_name(target: &PaneTarget, words: &Words) -> (String, String) {
    let [_, pod, container] = target.names();
    let (first, suffix) = workload(pod).map_or((pod, None), |(of, suffix)| (of, Some(suffix)));
    let container = (container != first).then_some(container);
    let log = matches!(target, PaneTarget::Log(_)).then_some(words.log.mark);
    let rest: Vec<_> = [suffix, container, log].into_iter().flatten().collect();
    (first.to_owned(), rest.join(" "))
}

/// The name of a Deployment's or a `DaemonSet`'s pod in two: what it is of, and which one it is.
fn workload(pod: &str) -> Option<(&str, &str)> {
    let (rest, suffix) = pod.rsplit_once('-')?;
    if suffix.len() != 5 || !suffix.chars().all(is_random) {
        return None;
    }
    let workload = match rest.rsplit_once('-') {
        // A ReplicaSet's hash.
        Some((workload, hash)) if (8..=10).contains(&hash.len()) && hash.chars().all(is_random) => {
            workload
        }
        _ => rest,
    };
    Some((workload, suffix))
}

/// Whether Kubernetes makes names of it: no vowels, lest they be words, and none that look alike
/// (`k8s.io/apimachinery/pkg/util/rand`).
fn is_random(character: char) -> bool {
    "bcdfghjklmnpqrstvwxz2456789".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;

    #[test]
    fn names_are_what_people_call_their_pods() {
        for (pod, container, first, rest) in [
            ("payments-7c9d5b6f4-x2x8q", "payments", "payments", "x2x8q"),
            (
                "payments-7c9d5b6f4-x2x8q",
                "proxy",
                "payments",
                "x2x8q proxy",
            ),
            (
                "node-exporter-4vztp",
                "node-exporter",
                "node-exporter",
                "4vztp",
            ),
            ("web-0", "app", "web-0", "app"),
            ("toolbox", "toolbox", "toolbox", ""),
            // It is a word.
            ("test-shell", "sh", "test-shell", "sh"),
            ("a-bcdfg", "a", "a", "bcdfg"),
        ] {
            let target = PaneTarget::from_address(&format!("shell/shop/{pod}/{container}"));
            let target = target.unwrap();
            let words = Language::ENGLISH.words();
            let named = tab_name(&target, words);
            assert_eq!(named, (first.to_owned(), rest.to_owned()), "{pod}");
            let (_, rest_of_log) = tab_name(&target.log().into(), words);
            assert_eq!(rest_of_log, format!("{rest} log").trim_start(), "{pod}");
        }
    }
}
