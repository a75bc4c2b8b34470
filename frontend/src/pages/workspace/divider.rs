//! What stands between two panes, and is moved by pointer and by keys.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    html,
    prelude::*,
};
use podshell_shared::terminal::Size;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::{
    i18n::use_language,
    pages::workspace::commands::Commands,
    workspace::{
        layout::{Area, Axis, Divider, WHOLE},
        open_panes::Workspace,
    },
};

/// No pane is made smaller than about 20 columns and 4 rows, in pixels.
const SMALLEST: [f64; 2] = [170.0, 80.0];
/// How far one press of an arrow moves it, in percent of what both sides have.
const STEP: f64 = 2.0;

/// A divider. While it is dragged a line moves alone: programs draw once, when it is let go.
#[component]
pub(super) fn DividerView(
    divider: Signal<Option<Divider>>,
    axis: Axis,
    commands: Commands,
) -> impl IntoView {
    let language = use_language();
    let workspace = commands.workspace;
    let element = NodeRef::<html::Div>::new();
    // In percent of what both sides have, while it is dragged.
    let dragged = RwSignal::new(None::<f64>);
    let percent = move || {
        let at = divider.with(|divider| divider.as_ref().map(|divider| f64::from(divider.percent)));
        dragged.get().or(at).unwrap_or_default()
    };
    let style = move || {
        let Divider { area, percent, .. } = divider.get()?;
        let share = dragged.get().unwrap_or_else(|| f64::from(percent));
        let part = |from: u32, whole: u32| {
            (f64::from(from) + f64::from(whole) * share / 100.0) * 100.0 / f64::from(WHOLE)
        };
        let all = |part: u32| f64::from(part) * 100.0 / f64::from(WHOLE);
        let Area {
            left,
            top,
            width,
            height,
        } = area;
        Some(match axis {
            Axis::Horizontal => format!(
                "left:{}%;top:{}%;height:{}%",
                part(left, width),
                all(top),
                all(height)
            ),
            Axis::Vertical => format!(
                "top:{}%;left:{}%;width:{}%",
                part(top, height),
                all(left),
                all(width)
            ),
        })
    };
    // What both sides would have, as columns and rows.
    let sizes = move || {
        let share = dragged.get()?;
        let element: HtmlElement = element.get_untracked()?.unchecked_into();
        let bounds = element.parent_element()?.get_bounding_client_rect();
        let area = divider.get_untracked()?.area;
        let Cells {
            cell: [column, row],
            around: [beside, above],
        } = cells(workspace)?;
        let part = |whole: f64, part: u32| whole * f64::from(part) / f64::from(WHOLE);
        let (width, height) = (
            part(bounds.width(), area.width),
            part(bounds.height(), area.height),
        );
        let size = |share: f64| {
            let (width, height) = match axis {
                Axis::Horizontal => (width * share / 100.0, height),
                Axis::Vertical => (width, height * share / 100.0),
            };
            let (width, height) = ((width - beside).max(0.0), (height - above).max(0.0));
            format!("{} × {}", (width / column) as u32, (height / row) as u32)
        };
        Some([size(share), size(100.0 - share)])
    };
    let label = move || {
        sizes().map(|sizes| {
            sizes
                .map(|size| view! { <span class="divider__size">{size}</span> })
                .into_iter()
                .collect_view()
        })
    };
    // By so many percent of what both sides have.
    let move_by = move |by: f64| {
        let Some(Divider { path, both, .. }) = divider.get_untracked() else {
            return;
        };
        let by = by / 100.0 * f64::from(both);
        workspace.arrange(|layout| layout.move_divider(&path, by as i32));
    };
    let center = move || {
        if let Some(Divider { path, .. }) = divider.get_untracked() {
            workspace.arrange(|layout| layout.center_divider(&path));
        }
    };
    // Where the pointer is, in percent of what both sides have.
    let pointer_at = move |event: &PointerEvent| -> Option<f64> {
        let element: HtmlElement = element.get_untracked()?.unchecked_into();
        let around: Element = element.parent_element()?;
        let bounds = around.get_bounding_client_rect();
        let area = divider.get_untracked()?.area;
        let part = |whole: f64, part: u32| whole * f64::from(part) / f64::from(WHOLE);
        let (from, length, least, at) = match axis {
            Axis::Horizontal => (
                bounds.left() + part(bounds.width(), area.left),
                part(bounds.width(), area.width),
                SMALLEST[0],
                f64::from(event.client_x()),
            ),
            Axis::Vertical => (
                bounds.top() + part(bounds.height(), area.top),
                part(bounds.height(), area.height),
                SMALLEST[1],
                f64::from(event.client_y()),
            ),
        };
        let least = least.min(length / 2.0);
        let at = (at - from).clamp(least, length - least);
        (length > 0.0).then(|| at * 100.0 / length)
    };
    let down = move |event: PointerEvent| {
        let Some(element) = element.get_untracked().filter(|_| event.button() == 0) else {
            return;
        };
        event.prevent_default();
        // Esc is its while it is dragged.
        element.focus().ok();
        element.set_pointer_capture(event.pointer_id()).ok();
        dragged.set(pointer_at(&event));
    };
    let moved = move |event: PointerEvent| {
        if dragged.get_untracked().is_some() {
            dragged.set(pointer_at(&event));
        }
    };
    // Whoever has dragged it goes on in the terminal.
    let let_go = move || {
        let was_dragged = dragged.get_untracked().is_some();
        dragged.set(None);
        let here = workspace.layout(|layout| layout.focused().copied());
        if let Some(pane) = here
            .and_then(|id| workspace.pane(id))
            .filter(|_| was_dragged)
        {
            pane.focus();
        }
    };
    let up = move |_| {
        let to = dragged.get_untracked();
        untrack(let_go);
        let from =
            divider.with_untracked(|divider| divider.as_ref().map(|divider| divider.percent));
        if let (Some(to), Some(from)) = (to, from) {
            move_by(to - f64::from(from));
        }
    };
    let key = move |event: KeyboardEvent| {
        let by = match (&*event.key(), axis) {
            ("ArrowLeft", Axis::Horizontal) | ("ArrowUp", Axis::Vertical) => -STEP,
            ("ArrowRight", Axis::Horizontal) | ("ArrowDown", Axis::Vertical) => STEP,
            ("Home", _) => -100.0,
            ("End", _) => 100.0,
            ("Enter", _) => {
                center();
                return;
            }
            ("Escape", _) => {
                untrack(let_go);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        move_by(by);
    };
    let orientation = match axis {
        Axis::Horizontal => "vertical",
        Axis::Vertical => "horizontal",
    };
    view! {
        <div
            class=format!("divider divider--{orientation}")
            class:divider--dragged=move || dragged.get().is_some()
            role="separator"
            tabindex="0"
            data-testid="divider"
            aria-orientation=orientation
            aria-label=move || language.get().words().divider
            aria-valuenow=move || percent().round().to_string()
            aria-valuemin="5"
            aria-valuemax="95"
            style=style
            node_ref=element
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=move |_| untrack(let_go)
            on:dblclick=move |_| center()
            on:keydown=key
        >
            <span class="divider__sizes" aria-hidden="true">{label}</span>
        </div>
    }
    .into_any()
}

/// What a pane's size is made of, in pixels: all have the same.
struct Cells {
    /// How wide and how high a cell is.
    cell: [f64; 2],
    /// What is beside and above its cells.
    around: [f64; 2],
}

/// Looks it up in one that is shown.
fn cells(workspace: Workspace) -> Option<Cells> {
    let mut panes = workspace.list().into_iter();
    panes.find_map(|(_, pane)| {
        let Size { rows, cols } = pane.terminal().size()?;
        let screen = pane.element().query_selector(".xterm-screen").ok()??;
        let whole = screen.closest(".pane").ok()??.get_bounding_client_rect();
        let screen = screen.get_bounding_client_rect();
        let is_shown = screen.width() > 0.0 && screen.height() > 0.0;
        is_shown.then(|| Cells {
            cell: [
                screen.width() / f64::from(cols),
                screen.height() / f64::from(rows),
            ],
            around: [
                whole.width() - screen.width(),
                whole.height() - screen.height(),
            ],
        })
    })
}
