//! What layouts are after each operation, and after any.

use proptest::prelude::*;

use super::*;

type Panes = Layout<u8>;

fn opened(panes: impl IntoIterator<Item = u8>) -> Panes {
    let mut layout = Panes::default();
    for pane in panes {
        layout.open(pane);
    }
    layout
}

/// The shares of the split at the root.
fn shares(layout: &Panes) -> Vec<u32> {
    match &layout.root {
        Some(Node::Split(split)) => split.parts.iter().map(|part| part.share).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn panes_open_as_tabs_in_their_order() {
    let mut layout = opened([1, 2, 3]);
    assert_eq!(layout.panes(), [&1, &2, &3]);
    assert_eq!(layout.shown(), [&3]);
    assert_eq!(layout.focused(), Some(&3));
    assert!(layout.open(1));
    assert!(!layout.open(1), "nothing is left to be changed");
    assert_eq!(layout.panes(), [&1, &2, &3], "it is there already");
    assert_eq!((layout.shown(), layout.focused()), (vec![&1], Some(&1)));
}

#[test]
fn a_split_shares_the_place_of_the_pane_that_is_split() {
    let mut layout = opened([1]);
    assert!(layout.split(&1, Axis::Horizontal, 2));
    assert_eq!(shares(&layout), [WHOLE / 2; 2]);
    assert!(layout.split(&1, Axis::Horizontal, 3));
    assert_eq!(layout.panes(), [&1, &3, &2]);
    assert_eq!(shares(&layout), [WHOLE / 4, WHOLE / 4, WHOLE / 2]);
    assert!(layout.split(&3, Axis::Vertical, 4));
    assert_eq!(layout.panes(), [&1, &3, &4, &2]);
    assert_eq!(
        shares(&layout),
        [WHOLE / 4, WHOLE / 4, WHOLE / 2],
        "within the place of 3"
    );
    assert_eq!(layout.focused(), Some(&4));
    assert!(
        !layout.split(&9, Axis::Vertical, 5),
        "there is no such pane"
    );
    assert!(!layout.split(&1, Axis::Vertical, 2), "it has a place");
    layout.open(5);
    assert_eq!(layout.panes(), [&1, &3, &4, &5, &2], "a tab beside 4");
    assert_eq!(layout.shown(), [&1, &3, &5, &2]);
}

#[test]
fn nothing_is_split_into_what_nobody_can_see() {
    let mut layout = opened([0]);
    let splits = (1..50).take_while(|pane| layout.split(&(pane - 1), Axis::Vertical, *pane));
    let last = splits.last();
    assert_eq!(last, Some(4));
    assert!(shares(&layout).iter().all(|share| *share >= SMALLEST));
}

#[test]
fn a_place_that_is_closed_goes_to_those_beside_it() {
    let mut layout = opened([1]);
    layout.split(&1, Axis::Horizontal, 2);
    layout.split(&2, Axis::Vertical, 3);
    layout.split(&3, Axis::Horizontal, 4);
    // 4 and 3 stand below 2, which is right of 1.
    assert!(layout.close(&2));
    assert_eq!(layout.panes(), [&1, &3, &4]);
    assert_eq!(
        shares(&layout),
        [WHOLE / 2, WHOLE / 4, WHOLE / 4],
        "one split"
    );
    assert!(layout.close(&1));
    assert_eq!(shares(&layout), [WHOLE / 2; 2]);
    assert!(layout.close(&3));
    assert!(shares(&layout).is_empty(), "no split any more");
    assert!(layout.close(&4));
    assert!(!layout.close(&4));
    assert_eq!(layout, Panes::default());
}

#[test]
fn the_keyboard_goes_to_what_stands_there_now() {
    let mut tabs = opened([1, 2, 3]);
    tabs.focus(&2);
    tabs.close(&2);
    assert_eq!(tabs.focused(), Some(&3));
    tabs.close(&3);
    assert_eq!(tabs.focused(), Some(&1));

    let mut row = opened([1]);
    row.split(&1, Axis::Horizontal, 2);
    row.split(&2, Axis::Horizontal, 3);
    row.focus(&2);
    row.close(&2);
    assert_eq!(row.focused(), Some(&3));
    row.close(&1);
    assert_eq!(
        row.focused(),
        Some(&3),
        "another's end takes it from nobody"
    );
}

#[test]
fn the_next_pane_is_the_next_to_be_read() {
    let mut layout = opened([1, 2]);
    layout.split(&2, Axis::Vertical, 3);
    let mut next = || {
        layout.focus_next();
        layout.focused().copied()
    };
    assert_eq!([next(), next(), next()], [Some(1), Some(2), Some(3)]);
    layout.focus_previous();
    assert_eq!((layout.focused(), layout.shown()), (Some(&2), vec![&2, &3]));
    let mut none = Panes::default();
    none.focus_next();
    assert_eq!(none, Panes::default());
}

#[test]
fn dividers_move_between_two_parts_alone() {
    let mut layout = opened([1]);
    layout.split(&1, Axis::Horizontal, 2);
    layout.split(&2, Axis::Horizontal, 3);
    assert!(layout.move_divider(&[], 0, -(WHOLE as i32) / 4));
    assert_eq!(shares(&layout), [WHOLE / 4, WHOLE / 2, WHOLE / 4]);
    assert!(layout.move_divider(&[], 0, -(WHOLE as i32)));
    assert_eq!(
        shares(&layout),
        [SMALLEST, WHOLE * 3 / 4 - SMALLEST, WHOLE / 4]
    );
    assert!(!layout.move_divider(&[], 2, 1), "behind the last part");
    assert!(!layout.move_divider(&[0], 0, 1), "no split");
    layout.split(&3, Axis::Vertical, 4);
    assert!(layout.move_divider(&[2], 0, 1), "within a part");
}

#[test]
fn what_no_layout_can_be_is_not_read() {
    let mut layout = opened([1, 2]);
    layout.split(&1, Axis::Horizontal, 3);
    let text = layout.to_text();
    assert_eq!(Panes::from_text(&text), Some(layout));
    for (part, other) in [
        ("\"shown\":1", "\"shown\":2"),
        ("\"focused\":3", "\"focused\":1"),
        ("\"focused\":3", "\"focused\":null"),
        ("[1,2]", "[1,3]"),
        ("[1,2]", "[]"),
        ("\"share\":500000", "\"share\":500001"),
    ] {
        let broken = text.replacen(part, other, 1);
        assert_ne!(broken, text, "{part}");
        assert_eq!(Panes::from_text(&broken), None, "{broken}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Open(u8),
    Split(u8, Axis, u8),
    Close(u8),
    Focus(u8),
    Next,
    Previous,
    MoveDivider(usize, usize, i32),
}

fn step() -> impl Strategy<Value = Step> {
    let pane = || 0_u8..12;
    let axis = prop_oneof![Just(Axis::Horizontal), Just(Axis::Vertical)];
    prop_oneof![
        2 => pane().prop_map(Step::Open),
        5 => (pane(), axis, pane()).prop_map(|(beside, axis, new)| Step::Split(beside, axis, new)),
        3 => pane().prop_map(Step::Close),
        1 => pane().prop_map(Step::Focus),
        1 => Just(Step::Next),
        1 => Just(Step::Previous),
        2 => (0_usize..4, 0_usize..4, any::<i32>())
            .prop_map(|(path, part, by)| Step::MoveDivider(path, part, by)),
    ]
}

proptest! {
    /// Whatever is done: every pane that was opened and not closed has one place, and the layout can be read again.
    #[test]
    fn every_pane_has_one_place(steps in proptest::collection::vec(step(), 0..60)) {
        let mut layout = Panes::default();
        let mut there = std::collections::BTreeSet::new();
        for step in steps {
            match step {
                Step::Open(pane) => {
                    layout.open(pane);
                    there.insert(pane);
                    prop_assert_eq!(layout.focused(), Some(&pane));
                }
                Step::Split(beside, axis, pane) => {
                    if layout.split(&beside, axis, pane) {
                        prop_assert!(there.contains(&beside) && there.insert(pane));
                    }
                }
                Step::Close(pane) => prop_assert_eq!(layout.close(&pane), there.remove(&pane)),
                Step::Focus(pane) => prop_assert_eq!(layout.focus(&pane), there.contains(&pane)),
                Step::Next => layout.focus_next(),
                Step::Previous => layout.focus_previous(),
                Step::MoveDivider(at, part, by) => {
                    layout.move_divider(&[], part, by);
                    layout.move_divider(&[at], part, by);
                }
            }
            prop_assert!(layout.is_sound(), "{layout:?} after {step:?}");
            let mut panes: Vec<u8> = layout.panes().into_iter().copied().collect();
            panes.sort_unstable();
            prop_assert!(panes.iter().eq(&there), "{layout:?}");
        }
        prop_assert_eq!(Panes::from_text(&layout.to_text()), Some(layout));
    }
}
