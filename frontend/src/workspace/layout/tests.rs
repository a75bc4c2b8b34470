//! What layouts are after each operation, and after any.

use proptest::prelude::*;

use super::{tree::Area, *};

type Panes = Layout<u8>;

const HALF: u32 = WHOLE / 2;
const QUARTER: u32 = WHOLE / 4;

fn opened(panes: impl IntoIterator<Item = u8>) -> Panes {
    let mut layout = Panes::default();
    for pane in panes {
        layout.open(pane);
    }
    layout
}

/// The panes of each tab.
fn tabs(layout: &Panes) -> Vec<Vec<u8>> {
    layout.tabs().iter().map(Tab::panes).collect()
}

/// What each pane of the shown tab takes of its width and height.
fn sizes(layout: &Panes) -> Vec<(u8, u32, u32)> {
    let places = layout.shown().map(Tab::places).unwrap_or_default();
    let size = |place: &Place<u8>| (place.pane, place.area.width, place.area.height);
    places.iter().map(size).collect()
}

#[test]
fn panes_open_as_tabs_in_their_order() {
    let mut layout = opened([1, 2, 3]);
    assert_eq!(tabs(&layout), [[1], [2], [3]]);
    assert_eq!(layout.focused(), Some(&3));
    assert!(layout.focus(&1));
    assert!(!layout.focus(&1), "nothing is left to be changed");
    assert!(!layout.open(2), "it is there already");
    assert!(layout.turn(-1));
    assert_eq!(layout.focused(), Some(&3));
    assert!(layout.turn(1));
    assert_eq!(layout.focused(), Some(&1));
    assert!(!opened([1]).turn(1));
}

#[test]
fn a_split_shares_the_place_of_the_pane_that_is_split() {
    let mut layout = opened([9, 1]);
    assert!(layout.split(&1, Axis::Horizontal, &2));
    assert_eq!(sizes(&layout), [(1, HALF, WHOLE), (2, HALF, WHOLE)]);
    assert!(layout.split(&1, Axis::Horizontal, &3));
    assert!(layout.split(&3, Axis::Vertical, &4));
    assert_eq!(
        sizes(&layout),
        [
            (1, QUARTER, WHOLE),
            (3, QUARTER, HALF),
            (4, QUARTER, HALF),
            (2, HALF, WHOLE)
        ]
    );
    assert_eq!(layout.focused(), Some(&4));
    assert!(!layout.split(&8, Axis::Vertical, &5), "no such pane");
    assert!(!layout.split(&1, Axis::Vertical, &9), "it has a place");
    assert_eq!(tabs(&layout), [vec![9], vec![1, 3, 4, 2]]);
    // A split in a tab that is not shown shows it.
    layout.focus(&9);
    assert!(layout.split(&2, Axis::Vertical, &6));
    assert_eq!(layout.focused(), Some(&6));
}

#[test]
fn nothing_is_split_into_what_nobody_can_see() {
    let mut layout = opened([0]);
    let splits = (1..50).take_while(|pane| layout.split(&(pane - 1), Axis::Vertical, pane));
    assert_eq!(splits.last(), Some(4));
    assert!(
        sizes(&layout)
            .iter()
            .all(|(_, _, height)| *height >= WHOLE / 20)
    );
}

#[test]
fn a_place_that_is_closed_goes_to_those_beside_it() {
    let mut layout = opened([1]);
    layout.split(&1, Axis::Horizontal, &2);
    layout.split(&2, Axis::Vertical, &3);
    layout.split(&3, Axis::Horizontal, &4);
    // 4 and 3 stand below 2, which is right of 1.
    assert!(layout.close(&2));
    assert_eq!(
        sizes(&layout),
        [(1, HALF, WHOLE), (3, QUARTER, WHOLE), (4, QUARTER, WHOLE)]
    );
    assert_eq!(layout.shown().unwrap().dividers().len(), 2, "one split");
    assert!(layout.close(&1));
    assert_eq!(sizes(&layout), [(3, HALF, WHOLE), (4, HALF, WHOLE)]);
    assert!(layout.close(&3));
    assert!(layout.shown().unwrap().dividers().is_empty());
    assert!(layout.close(&4));
    assert!(!layout.close(&4));
    assert_eq!(layout, Panes::default());
}

#[test]
fn the_keyboard_goes_back_to_what_had_it_before() {
    let mut layout = opened([1, 2, 3]);
    layout.focus(&1);
    layout.focus(&2);
    assert_eq!(layout.by_use(), [2, 1, 3]);
    layout.close(&2);
    assert_eq!(layout.focused(), Some(&1));
    layout.turn(1);
    layout.turn(-1);
    layout.close(&1);
    assert_eq!(layout.focused(), Some(&3));
    // Who opens a second one of the first tab, and closes it, is in the first again.
    let mut layout = opened([1, 2, 3, 4]);
    layout.focus(&1);
    layout.open(5);
    layout.close(&5);
    assert_eq!(layout.focused(), Some(&1));
    layout.replace(&1, &9);
    assert_eq!(layout.by_use(), [9, 4, 3, 2]);

    let mut row = opened([0, 1]);
    row.split(&1, Axis::Horizontal, &2);
    row.split(&2, Axis::Horizontal, &3);
    row.focus(&2);
    row.close(&2);
    assert_eq!(row.focused(), Some(&3));
    row.close(&1);
    assert_eq!(row.focused(), Some(&3), "nobody else's end takes it");
    row.close(&0);
    assert_eq!(row.focused(), Some(&3), "nor that of another tab");
}

#[test]
fn the_keyboard_goes_in_directions_and_around() {
    // 1 | 2
    //   | 3 | 4
    let mut layout = opened([1]);
    layout.split(&1, Axis::Horizontal, &2);
    layout.split(&2, Axis::Vertical, &3);
    layout.split(&3, Axis::Horizontal, &4);
    let mut go = |direction| {
        layout.focus_toward(direction);
        *layout.focused().unwrap()
    };
    assert_eq!(go(Direction::Left), 3);
    assert_eq!(go(Direction::Left), 1);
    assert_eq!(go(Direction::Left), 1, "there is nothing");
    assert_eq!(go(Direction::Right), 2, "of equals the first");
    assert_eq!(go(Direction::Down), 3);
    assert_eq!(go(Direction::Up), 2);
    assert_eq!(go(Direction::Up), 2);
    layout.focus_at_distance(-1);
    assert_eq!(layout.focused(), Some(&1));
    layout.focus_at_distance(-1);
    assert_eq!(layout.focused(), Some(&4));
    assert!(!Panes::default().focus_toward(Direction::Up));
}

#[test]
fn a_pane_takes_the_place_of_another() {
    let mut layout = opened([0, 1]);
    layout.split(&1, Axis::Horizontal, &2);
    layout.focus(&1);
    assert!(layout.replace(&1, &5));
    assert_eq!(sizes(&layout), [(5, HALF, WHOLE), (2, HALF, WHOLE)]);
    assert_eq!(layout.focused(), Some(&5));
    assert!(!layout.replace(&1, &6) && !layout.replace(&5, &0));
}

#[test]
fn one_pane_can_have_all_the_room_for_a_while() {
    let mut layout = opened([1]);
    assert!(!layout.zoom(), "it has it");
    layout.split(&1, Axis::Vertical, &2);
    assert!(layout.zoom());
    assert_eq!(sizes(&layout), [(2, WHOLE, WHOLE)]);
    assert!(layout.shown().unwrap().dividers().is_empty());
    layout.focus(&1);
    assert_eq!(sizes(&layout), [(1, WHOLE, WHOLE)]);
    assert!(layout.split(&1, Axis::Vertical, &3));
    assert_eq!(sizes(&layout).len(), 3, "what is new is shown");
    layout.zoom();
    layout.close(&1);
    layout.close(&2);
    assert!(!layout.shown().unwrap().is_zoomed());
}

#[test]
fn tabs_have_names_and_are_moved() {
    let mut layout = opened([1, 2, 3]);
    assert!(layout.rename(&1, "  release "));
    assert_eq!(layout.tab_of(&1).unwrap().name(), Some("release"));
    assert!(!layout.rename(&1, "release"));
    assert!(layout.rename(&1, " "));
    assert_eq!(layout.tab_of(&1).unwrap().name(), None);
    assert!(layout.move_tab(&3, &1));
    assert_eq!(tabs(&layout), [[3], [1], [2]]);
    assert_eq!(layout.focused(), Some(&3));
    assert!(layout.move_tab(&1, &2));
    assert_eq!(tabs(&layout), [[3], [2], [1]]);
    assert!(!layout.move_tab(&1, &1) && !layout.move_tab(&1, &7));
    assert_eq!(layout.focused(), Some(&3));
}

#[test]
fn dividers_move_between_two_parts_alone() {
    let mut layout = opened([1]);
    layout.split(&1, Axis::Horizontal, &2);
    layout.split(&2, Axis::Horizontal, &3);
    let widths =
        |layout: &Panes| -> Vec<u32> { sizes(layout).iter().map(|(_, width, _)| *width).collect() };
    assert!(layout.move_divider(&[0], -(QUARTER as i32)));
    assert_eq!(widths(&layout), [QUARTER, HALF, QUARTER]);
    let divider = layout.shown().unwrap().dividers().remove(1);
    assert_eq!((divider.path, divider.percent), (vec![1], 66));
    let area = Area {
        left: QUARTER,
        top: 0,
        width: 3 * QUARTER,
        height: WHOLE,
    };
    assert_eq!((divider.axis, divider.area), (Axis::Horizontal, area));
    assert!(layout.move_divider(&[0], i32::MIN));
    assert_eq!(widths(&layout)[0], WHOLE / 20);
    assert!(layout.center_divider(&[0]));
    assert_eq!(widths(&layout), [3 * WHOLE / 8, 3 * WHOLE / 8, QUARTER]);
    layout.focus(&3);
    assert!(layout.push_divider(Direction::Left), "that before the last");
    assert_eq!(widths(&layout)[2], QUARTER + WHOLE / 20);
    assert!(layout.push_divider(Direction::Right));
    assert!(!layout.push_divider(Direction::Up), "none lies across");
    assert!(!layout.move_divider(&[2], 1), "behind the last part");
    assert!(!layout.move_divider(&[0, 0], 1), "no split");
    assert!(!layout.move_divider(&[], 1) && !layout.move_divider(&[7, 0], 1));
    layout.split(&3, Axis::Vertical, &4);
    assert!(layout.move_divider(&[2, 0], 1), "within a part");
    assert!(layout.make_equal());
    assert_eq!(widths(&layout)[..2], [WHOLE / 3; 2]);
    layout.split(&4, Axis::Horizontal, &5);
    layout.make_equal();
    assert_eq!(widths(&layout), [QUARTER, QUARTER, HALF, QUARTER, QUARTER]);
}

#[test]
fn what_no_layout_can_be_is_not_read() {
    let mut layout = opened([4, 1]);
    layout.split(&1, Axis::Horizontal, &3);
    let text = layout.to_text();
    assert_eq!(Panes::from_text(&text), Some(layout));
    for (part, other) in [
        ("\"shown\":1", "\"shown\":2"),
        ("\"focused\":3", "\"focused\":4"),
        ("{\"pane\":1}", "{\"pane\":4}"),
        ("{\"pane\":1}", "{\"pane\":3}"),
        ("\"share\":500000", "\"share\":500001"),
        ("\"share\":500000", "\"share\":-1"),
    ] {
        let broken = text.replacen(part, other, 1);
        assert_ne!(broken, text, "{part} {text}");
        assert_eq!(Panes::from_text(&broken), None, "{broken}");
    }
    let alone = opened([1]).to_text();
    let zoomed = alone.replace("\"is_zoomed\":false", "\"is_zoomed\":true");
    assert_ne!(zoomed, alone);
    assert_eq!(Panes::from_text(&zoomed), None);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Open(u8),
    Split(u8, Axis, u8),
    Replace(u8, u8),
    Close(u8),
    Focus(u8),
    Turn(isize),
    Toward(Direction),
    Around(isize),
    MoveTab(u8, u8),
    Zoom,
    Equal,
    Push(Direction),
    MoveDivider([usize; 2], usize, i32),
}

fn step() -> impl Strategy<Value = Step> {
    let pane = || 0_u8..12;
    let axis = prop_oneof![Just(Axis::Horizontal), Just(Axis::Vertical)];
    let direction = || {
        prop_oneof![
            Just(Direction::Left),
            Just(Direction::Right),
            Just(Direction::Up),
            Just(Direction::Down)
        ]
    };
    prop_oneof![
        2 => pane().prop_map(Step::Open),
        6 => (pane(), axis, pane()).prop_map(|(beside, axis, new)| Step::Split(beside, axis, new)),
        1 => (pane(), pane()).prop_map(|(old, new)| Step::Replace(old, new)),
        3 => pane().prop_map(Step::Close),
        1 => pane().prop_map(Step::Focus),
        1 => (-20_isize..20).prop_map(Step::Turn),
        1 => direction().prop_map(Step::Toward),
        1 => direction().prop_map(Step::Push),
        1 => (-20_isize..20).prop_map(Step::Around),
        1 => (pane(), pane()).prop_map(|(tab, to)| Step::MoveTab(tab, to)),
        1 => Just(Step::Zoom),
        1 => Just(Step::Equal),
        2 => ([0_usize..4, 0_usize..4], 0_usize..3, any::<i32>())
            .prop_map(|(path, deep, by)| Step::MoveDivider(path, deep, by)),
    ]
}

proptest! {
    /// Whatever is done: every pane that was opened and not closed has one place, panes cover their tab without overlapping, and
    /// the layout can be read again.
    #[test]
    fn every_pane_has_one_place(steps in proptest::collection::vec(step(), 0..60)) {
        let mut layout = Panes::default();
        let mut there = std::collections::BTreeSet::new();
        for step in steps {
            match step {
                Step::Open(pane) => prop_assert_eq!(layout.open(pane), there.insert(pane)),
                Step::Split(beside, axis, pane) => {
                    if layout.split(&beside, axis, &pane) {
                        prop_assert!(there.contains(&beside) && there.insert(pane));
                        prop_assert_eq!(layout.focused(), Some(&pane));
                    }
                }
                Step::Replace(old, new) => {
                    if layout.replace(&old, &new) {
                        prop_assert!(there.remove(&old) && there.insert(new));
                    }
                }
                Step::Close(pane) => prop_assert_eq!(layout.close(&pane), there.remove(&pane)),
                Step::Focus(pane) => {
                    layout.focus(&pane);
                    prop_assert_eq!(layout.focused() == Some(&pane), there.contains(&pane));
                }
                Step::Turn(distance) => drop(layout.turn(distance)),
                Step::Toward(direction) => drop(layout.focus_toward(direction)),
                Step::Around(distance) => drop(layout.focus_at_distance(distance)),
                Step::MoveTab(tab, to) => drop(layout.move_tab(&tab, &to)),
                Step::Zoom => drop(layout.zoom()),
                Step::Equal => drop(layout.make_equal()),
                Step::Push(direction) => drop(layout.push_divider(direction)),
                Step::MoveDivider(path, deep, by) => drop(layout.move_divider(&path[..deep], by)),
            }
            prop_assert!(layout.is_sound(), "{layout:?} after {step:?}");
            let mut panes = layout.panes();
            panes.sort_unstable();
            prop_assert!(panes.iter().eq(&there), "{layout:?}");
            for tab in layout.tabs() {
                let areas = tab.places();
                let areas = areas.iter().map(|Place { area, .. }| {
                    f64::from(area.width) * f64::from(area.height)
                });
                let covered = areas.sum::<f64>() / f64::from(WHOLE).powi(2);
                prop_assert!((0.999..=1.0).contains(&covered), "{covered} {tab:?}");
            }
        }
        prop_assert_eq!(Panes::from_text(&layout.to_text()), Some(layout));
    }
}
