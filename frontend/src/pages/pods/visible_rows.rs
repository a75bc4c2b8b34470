//! Which rows of a long list are in the document: those that can be seen, and some beyond. All are as high as each other.

use std::ops::Range;

/// Up to so many, all are there: browsers are quick enough, and can search in them.
const ALL: usize = 100;
/// So many are there beyond what can be seen, on each side: for who goes on by keyboard, or scrolls quickly.
const BEYOND: usize = 12;
/// Rows come and go by so many at once.
const STEP: usize = 8;

/// What can be seen of a list, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct View {
    /// How far the list's beginning is above what can be seen.
    pub(super) above: f64,
    /// How high that is.
    pub(super) height: f64,
}

/// The rows that are in the document, of so many with this height.
pub(super) fn visible(view: View, row: f64, total: usize) -> Range<usize> {
    if total <= ALL || row <= 0.0 {
        return 0..total.min(ALL);
    }
    // From below 0 it is 0.
    let first = (view.above / row) as usize;
    let last = ((view.above + view.height).max(0.0) / row) as usize;
    let start = first.saturating_sub(BEYOND) / STEP * STEP;
    let end = (last + 1 + BEYOND).next_multiple_of(STEP);
    // A list that has become shorter is not scrolled back yet.
    let start = start.min(total.saturating_sub(STEP) / STEP * STEP);
    start..end.clamp(start, total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROW: f64 = 40.0;

    #[test]
    fn short_lists_are_there_as_a_whole() {
        let far = View {
            above: 1e6,
            height: 700.0,
        };
        for total in [0, 1, ALL] {
            assert_eq!(visible(far, ROW, total), 0..total);
        }
        // Before anything is known of their height.
        assert_eq!(visible(far, 0.0, 10_000), 0..ALL);
    }

    #[test]
    fn of_long_ones_what_can_be_seen() {
        let at = |above| {
            let view = View {
                above,
                height: 700.0,
            };
            visible(view, ROW, 10_000)
        };
        assert_eq!(at(-300.0), 0..24);
        assert_eq!(at(0.0), 0..32);
        assert_eq!(at(40_000.0), 984..1_032);
        assert_eq!(at(1e9), 9_992..10_000);
    }

    proptest! {
        #[test]
        fn who_looks_sees_rows(
            above in -2_000.0_f64..500_000.0,
            height in 0.0_f64..3_000.0,
            row in 20.0_f64..300.0,
            total in 0_usize..20_000,
        ) {
            let rows = visible(View { above, height }, row, total);
            prop_assert!(rows.start <= rows.end && rows.end <= total);
            prop_assert!(rows.len() <= ALL.max((height / row) as usize + 2 * BEYOND + 2 * STEP + 2));
            // Each row that is at least in part in view.
            for at in 0..total {
                let top = at as f64 * row - above;
                if top < height && top + row > 0.0 {
                    prop_assert!(rows.contains(&at), "{at} of {rows:?}");
                }
            }
        }
    }
}
