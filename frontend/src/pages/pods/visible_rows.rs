//! Which rows of a long list are in the document: those that can be seen, and some beyond. All are as high as each other. They
//! come few at a time, so that the page never stands still for long.

use std::ops::Range;

/// Up to so many, all are there: browsers are quick enough, and can search in them.
const ALL: usize = 100;
/// So many are there beyond what can be seen, on each side: for who goes on by keyboard, or scrolls quickly.
const BEYOND: usize = 12;
/// Rows come and go by so many at once.
const STEP: usize = 8;
/// No more than so many come in one frame.
const AT_ONCE: usize = 5;
/// Nor than so many while nothing is known of their height, in the first: the browser has to compile then what draws a row.
const AT_FIRST: usize = 2;

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
    let seen = seen(view, row);
    let start = seen.start.saturating_sub(BEYOND) / STEP * STEP;
    let end = (seen.end + BEYOND).next_multiple_of(STEP);
    // A list that has become shorter is not scrolled back yet.
    let start = start.min(total.saturating_sub(STEP) / STEP * STEP);
    start..end.clamp(start, total)
}

/// The rows that can be seen, of a list without end.
fn seen(view: View, row: f64) -> Range<usize> {
    // From below 0 it is 0, as it is where no height is known.
    let at = |y: f64| if row > 0.0 { (y / row) as usize } else { 0 };
    at(view.above)..at(view.above + view.height) + 1
}

/// The rows that are in the document next, on the way from those that are to those that are wanted: what can be seen comes first.
/// Where some go, none come: of a list that changes at both ends, Leptos takes rows out that stay, and puts them back in.
pub(super) fn next(
    there: Range<usize>,
    wanted: Range<usize>,
    view: View,
    row: f64,
) -> Range<usize> {
    let mut next = there.start.max(wanted.start)..there.end.min(wanted.end);
    let seen = seen(view, row);
    if next.is_empty() {
        let start = seen.start.clamp(wanted.start, wanted.end);
        next = start..start;
    } else if next != there {
        return next;
    }
    let mut left = if row > 0.0 { AT_ONCE } else { AT_FIRST };
    // Down as far as one sees, up, and then beyond.
    for end in [seen.end.min(wanted.end), wanted.end] {
        let more = end.saturating_sub(next.end).min(left);
        next.end += more;
        left -= more;
        let more = next.start.saturating_sub(wanted.start).min(left);
        next.start -= more;
        left -= more;
    }
    next
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

    #[test]
    fn what_can_be_seen_comes_first() {
        let view = View {
            above: 40_000.0,
            height: 700.0,
        };
        let wanted = visible(view, ROW, 10_000);
        assert_eq!(wanted, 984..1_032);
        let first = next(0..32, wanted.clone(), view, ROW);
        assert_eq!(first, 1_000..1_005);
        let second = next(first, wanted.clone(), view, ROW);
        assert_eq!(second, 1_000..1_010);
        let third = next(second, wanted.clone(), view, ROW);
        assert_eq!(third, 1_000..1_015);
        assert_eq!(next(third, wanted.clone(), view, ROW), 998..1_018);
        // Who scrolls up a little, and down.
        assert_eq!(next(1_000..1_048, wanted.clone(), view, ROW), 1_000..1_032);
        assert_eq!(next(1_000..1_032, wanted.clone(), view, ROW), 995..1_032);
        assert_eq!(next(960..1_010, wanted.clone(), view, ROW), 984..1_010);
        assert_eq!(next(984..1_010, wanted, view, ROW), 984..1_015);
        // Before anything is known of their height.
        let unknown = |there| next(there, 0..ALL, View::default(), 0.0);
        assert_eq!(unknown(0..0), 0..AT_FIRST);
        assert_eq!(next(0..AT_FIRST, 0..ALL, View::default(), ROW), 0..7);
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

        #[test]
        fn all_that_are_wanted_come_few_at_a_time(
            from in 0_usize..10_000,
            before in 0_usize..200,
            above in -2_000.0_f64..500_000.0,
            height in 0.0_f64..3_000.0,
            total in 0_usize..20_000,
        ) {
            let view = View { above, height };
            let wanted = visible(view, ROW, total);
            let mut there = from..from + before;
            for frame in 0.. {
                let came = next(there.clone(), wanted.clone(), view, ROW);
                let new = came.clone().filter(|row| !there.contains(row)).count();
                prop_assert!(new <= AT_ONCE);
                prop_assert!(came.is_empty() || wanted.contains(&came.start) && came.end <= wanted.end);
                // What could be seen and was there stays.
                let kept = |row: &usize| !there.contains(row) || came.contains(row);
                prop_assert!(wanted.clone().all(|row| kept(&row)));
                if came == wanted {
                    break;
                }
                prop_assert_ne!(&came, &there, "on the way to {:?}", wanted);
                let gone = there.clone().filter(|row| !came.contains(row)).count();
                prop_assert!(new == 0 || gone == 0 || gone == there.len());
                prop_assert!(frame < 20_000 / AT_ONCE);
                there = came;
            }
        }
    }
}
