//! What a terminal is called where there is little room: by what tells it from others.

use podshell_shared::target::TargetRequest;

/// What a tab is called: what is read first, and what comes behind it.
pub(super) fn tab_name(target: &TargetRequest) -> (String, String) {
    let TargetRequest { pod, container, .. } = target;
    match workload(pod) {
        Some((workload, suffix)) => {
            let rest = if workload == container {
                suffix.to_owned()
            } else {
                format!("{suffix} {container}")
            };
            (workload.to_owned(), rest)
        }
        None if pod == container => (pod.clone(), String::new()),
        None => (pod.clone(), container.clone()),
    }
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
            let target = TargetRequest::from_page(&format!("shell/shop/{pod}/{container}"), "");
            let named = tab_name(&target.unwrap());
            assert_eq!(named, (first.to_owned(), rest.to_owned()), "{pod}");
        }
    }
}
