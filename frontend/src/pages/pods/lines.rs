//! The lines of the list: the pods that are wanted, and under the one that is unfolded its containers.

/// What the pods of a list are told by: `namespace/name`, and a container behind that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) pod: &'a str,
    pub(super) container: Option<&'a str>,
}

impl<'a> Key<'a> {
    /// Reads `namespace/name` and `namespace/name/container`.
    pub(super) fn read(key: &'a str) -> Self {
        let end = key.match_indices('/').nth(1);
        match end {
            Some((at, _)) => Self {
                pod: &key[..at],
                container: Some(&key[at + 1..]),
            },
            None => Self {
                pod: key,
                container: None,
            },
        }
    }
}

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A pod, by its place among the wanted ones.
    Pod(usize),
    /// A container of it, by its place in that.
    Container(usize, usize),
}

/// How the lines of a list lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// So many pods are wanted.
    pub(super) pods: usize,
    /// The one that is unfolded, and how many containers it has.
    pub(super) unfolded: Option<(usize, usize)>,
}

impl Lines {
    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.pods + self.unfolded.map_or(0, |(_, containers)| containers)
    }

    /// What stands in a line.
    pub(super) fn at(self, line: usize) -> Line {
        match self.unfolded {
            Some((pod, containers)) if line > pod => match line - pod - 1 {
                at if at < containers => Line::Container(pod, at),
                _ => Line::Pod(line - containers),
            },
            _ => Line::Pod(line),
        }
    }

    /// In which line something stands.
    pub(super) fn line_of(self, what: Line) -> usize {
        match (what, self.unfolded) {
            (Line::Container(pod, at), _) => pod + 1 + at,
            (Line::Pod(pod), Some((unfolded, containers))) if pod > unfolded => pod + containers,
            (Line::Pod(pod), _) => pod,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_name_a_pod_or_a_container_of_one() {
        let pod = |pod| Key {
            pod,
            container: None,
        };
        assert_eq!(Key::read("shop/web-0"), pod("shop/web-0"));
        assert_eq!(Key::read(""), pod(""));
        assert_eq!(
            Key::read("shop/web-0/app"),
            Key {
                pod: "shop/web-0",
                container: Some("app"),
            }
        );
    }

    #[test]
    fn containers_stand_under_their_pod() {
        let lines = Lines {
            pods: 3,
            unfolded: Some((1, 2)),
        };
        let all: Vec<_> = (0..lines.count()).map(|line| lines.at(line)).collect();
        assert_eq!(
            all,
            [
                Line::Pod(0),
                Line::Pod(1),
                Line::Container(1, 0),
                Line::Container(1, 1),
                Line::Pod(2),
            ]
        );
    }

    proptest! {
        #[test]
        fn each_line_is_where_it_is_looked_for(
            pods in 1_usize..50,
            pod in 0_usize..50,
            containers in 0_usize..9,
            folded in any::<bool>(),
        ) {
            let unfolded = (!folded).then_some((pod % pods, containers));
            let lines = Lines { pods, unfolded };
            for line in 0..lines.count() {
                prop_assert_eq!(lines.line_of(lines.at(line)), line);
            }
        }
    }
}
