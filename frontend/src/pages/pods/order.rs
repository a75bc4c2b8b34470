//! In which order the list has its pods.

use std::cmp::Ordering;

use podshell_shared::api::Pod;

use crate::pages::pods::pod_summary;

/// A column that the list can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    Namespace,
    Ready,
    Status,
    Restarts,
    Age,
    Node,
}

/// By which column, and in which direction. Pods that are equal in it stand by namespace and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) column: Column,
    pub(crate) is_descending: bool,
}

impl Default for Order {
    /// As they come.
    fn default() -> Self {
        Self {
            column: Column::Namespace,
            is_descending: false,
        }
    }
}

impl Order {
    /// The order after a click on a column: the other direction if it is that one already.
    pub(crate) fn clicked(self, column: Column) -> Self {
        Self {
            column,
            is_descending: self.column == column && !self.is_descending,
        }
    }

    /// Orders what stands by namespace and name.
    pub(crate) fn sort<'a, T>(self, entries: &mut [T], pod: impl Fn(&T) -> &'a Pod) {
        if self == Self::default() {
            return;
        }
        // The sort is stable.
        entries.sort_by(|one, two| {
            let order = self.column.compare(pod(one), pod(two));
            if self.is_descending {
                order.reverse()
            } else {
                order
            }
        });
    }
}

impl Column {
    fn compare(self, one: &Pod, two: &Pod) -> Ordering {
        let missing = |pod: &Pod| {
            let (ready, all) = pod.readiness();
            all - ready
        };
        match self {
            Self::Name => one.name.cmp(&two.name),
            Self::Namespace => one.namespace.cmp(&two.namespace),
            // Those that lack the most come last, so that one more click has them first.
            Self::Ready => missing(one).cmp(&missing(two)),
            Self::Status => one.status.cmp(&two.status),
            Self::Restarts => pod_summary::restarts(one).cmp(&pod_summary::restarts(two)),
            // The youngest first: times are written so that they can be compared as texts.
            Self::Age => two.created.cmp(&one.created),
            Self::Node => one.node.cmp(&two.node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(namespace: &str, name: &str, created: &str) -> Pod {
        Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            created: Some(created.to_owned()),
            ..Pod::default()
        }
    }

    #[test]
    fn a_click_orders_and_another_turns_the_order_round() {
        let pods = [
            pod("a", "y", "2026-01-02T00:00:00Z"),
            pod("a", "z", "2026-01-03T00:00:00Z"),
            pod("b", "x", "2026-01-02T00:00:00Z"),
        ];
        let names = |order: Order| {
            let mut places = [0, 1, 2];
            order.sort(&mut places, |at: &usize| &pods[*at]);
            places.map(|at| &*pods[at].name).concat()
        };
        let order = Order::default();
        assert_eq!(names(order), "yzx");
        assert_eq!(names(order.clicked(Column::Namespace)), "xyz");
        let by_name = order.clicked(Column::Name);
        assert_eq!(names(by_name), "xyz");
        assert_eq!(names(by_name.clicked(Column::Name)), "zyx");
        // Those of the same age stay by namespace and name.
        let by_age = order.clicked(Column::Age);
        assert_eq!(names(by_age), "zyx");
        assert_eq!(names(by_age.clicked(Column::Age)), "yxz");
        assert_eq!(by_age.clicked(Column::Age).clicked(Column::Age), by_age);
    }
}
