//! The table of pods, of which only what can be seen is in the document.

use std::collections::HashMap;

use leptos::{ev::FocusEvent, html, prelude::*};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, EventTarget, HtmlElement};

use crate::{
    browser::{frames::Frames, listener::Listener},
    i18n::use_language,
    pages::pods::{
        container_row::ContainerRow,
        entry::{Entry, row_at},
        lines::{Key, Lines},
        order::{Column, Order},
        row::PodRow,
        store::PodStore,
        visible_rows::{View, next, visible},
    },
};

/// How much of what can be seen a bar and the headings cover, or the foot, in pixels.
const COVERED: f64 = 72.0;
/// How many columns there are.
const COLUMNS: &str = "8";

/// The columns that the list can be ordered by, in their order.
const COLUMNS_TO_ORDER_BY: [(Column, &str); 7] = [
    (Column::Name, "name"),
    (Column::Namespace, "namespace"),
    (Column::Ready, "number"),
    (Column::Status, "status"),
    (Column::Restarts, "restarts"),
    (Column::Age, "number"),
    (Column::Node, "node"),
];

/// A row that is in the document: it stays while its pod changes, and its line.
#[derive(Clone)]
struct Shown {
    key: String,
    entry: ArcRwSignal<Entry>,
    line: ArcRwSignal<usize>,
}

/// What the table's body is made of.
#[derive(Clone)]
enum Part {
    Row(Shown),
    /// So much room for rows that are not there, in pixels.
    Gap {
        before: usize,
        height: f64,
    },
}

impl Part {
    fn key(&self) -> String {
        match self {
            Self::Row(shown) => shown.key.clone(),
            // No name of a pod begins so.
            Self::Gap { before, height } => format!("/{before} {height}"),
        }
    }
}

/// The pods that the filter wants.
#[component]
pub(super) fn PodTable(
    store: PodStore,
    /// Where they are among all.
    wanted: Memo<Vec<usize>>,
    /// How their lines lie.
    lines: Memo<Lines>,
    /// The words of the filter.
    searched: Memo<Vec<String>>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let body = NodeRef::<html::Tbody>::new();
    let view = RwSignal::new(View::default());
    let row_height = RwSignal::new(0.0);
    let measure = move || {
        // The table may have gone meanwhile.
        if let Some(body) = body.try_get_untracked().flatten() {
            look(&body, view, row_height);
        }
    };
    // They end with the table.
    StoredValue::new_local(
        ["scroll", "resize"].map(|event| Listener::new(&window(), event, move |_| measure())),
    );
    let wanted_rows =
        Memo::new(move |_| visible(view.get(), row_height.get(), lines.get().count()));
    // None at first: all that is around them comes in the same task.
    let rows = RwSignal::new(0..0);
    let frames = Frames::new(move || {
        measure();
        // The table may have gone meanwhile.
        let (Some(there), Some(wanted)) =
            (rows.try_get_untracked(), wanted_rows.try_get_untracked())
        else {
            return false;
        };
        let view = view.get_untracked();
        let then = next(there.clone(), wanted, view, row_height.get_untracked());
        let is_new = then != there;
        if is_new {
            rows.set(then);
        }
        // Those may be higher than what was.
        is_new
    });
    Effect::new(move |_| {
        wanted_rows.track();
        frames.ask();
    });
    let focused = RwSignal::new(None::<String>);
    let shown = StoredValue::new(HashMap::<String, Shown>::new());
    let parts = move || {
        let here = rows.get();
        let height = row_height.get();
        let lines = lines.get();
        let parts = store.pods.with(|known| {
            wanted.with(|wanted| {
                let at = |line: usize| {
                    let (key, entry) = row_at(line, wanted, lines, known.pods())?;
                    Some((line, key, entry))
                };
                let mut rows: Vec<_> = here.filter_map(at).collect();
                // The row that has the keyboard stays, wherever it is, for else the browser would begin at the top.
                if let Some(key) = focused.get()
                    && !rows.iter().any(|(_, shown, _)| *shown == key)
                    && let Some(line) = store.line_of(&key, wanted, lines)
                {
                    rows.extend(at(line));
                    rows.sort_by_key(|(line, _, _)| *line);
                }
                let total = lines.count();
                shown.try_update_value(|shown| lay_out(shown, rows, total, height))
            })
        });
        // What is there now may be higher than what was.
        frames.ask();
        parts.unwrap_or_default()
    };
    Effect::new(move |_| {
        // Who has scrolled away stays there, whatever comes and goes above the row.
        let line = store.selected.with(|selected| {
            let selected = selected.as_ref()?;
            wanted.with_untracked(|wanted| store.line_of(selected, wanted, lines.get_untracked()))
        });
        if let (Some(line), Some(body)) = (line, body.get()) {
            bring_into_sight(&body, line, row_height.get_untracked());
        }
    });
    Effect::new(move |before: Option<Option<String>>| {
        // Who unfolds a pod wants to see its containers; if there is not room for all, the pod and the first of them.
        let unfolded = store.unfolded.get();
        let is_new = before.is_some_and(|before| before != unfolded);
        if is_new && unfolded.is_some() {
            // They are on the page in the next frame.
            request_animation_frame(move || {
                let lines = lines.try_get_untracked();
                let body = body.try_get_untracked().flatten();
                let row = row_height.try_get_untracked();
                if let Some((pod, containers)) = lines.and_then(|lines| lines.unfolded)
                    && let (Some(body), Some(row)) = (body, row)
                {
                    bring_into_sight(&body, pod + containers, row);
                    bring_into_sight(&body, pod, row);
                }
            });
        }
        unfolded
    });
    on_cleanup(move || store.point(false));
    let total = move || (lines.get().count() + 1).to_string();
    let come = move |event: FocusEvent| {
        let row = row_of(event.target());
        // Keys are for the row in which somebody is.
        if row.is_some() {
            store.selected.set(row.clone());
        }
        focused.set(row);
    };
    // The next one, not none in between: the row would go before the browser is there.
    let leave = move |event: FocusEvent| focused.set(row_of(event.related_target()));
    view! {
        // What lays it out as no table has browsers that take it for none.
        <table
            role="table"
            class="pod-list"
            data-testid="pod-list"
            aria-rowcount=total
            hidden=move || wanted.with(Vec::is_empty)
        >
            <thead role="rowgroup" class="pod-list__head">
                <tr role="row" aria-rowindex="1">
                    {COLUMNS_TO_ORDER_BY.map(|(column, class)| view! { <Heading store column class /> })}
                    <th role="columnheader" scope="col" class="pod-list__heading">{move || words().open_shell}</th>
                </tr>
            </thead>
            <tbody
                role="rowgroup"
                class="pod-list__body"
                node_ref=body
                on:focusin=come
                on:focusout=leave
                on:pointerenter=move |_| store.point(true)
                on:pointerleave=move |_| store.point(false)
            >
                <For each=parts key=Part::key let:part>
                    {match part {
                        Part::Row(Shown { key, entry, line }) if Key::read(&key).container.is_some() => view! {
                            <ContainerRow key entry=entry.into() line=line.into() store />
                        }.into_any(),
                        Part::Row(Shown { key, entry, line }) => view! {
                            <PodRow key entry=entry.into() line=line.into() store searched />
                        }.into_any(),
                        Part::Gap { height, .. } => view! {
                            <tr class="pod-list__gap" aria-hidden="true">
                                <td colspan=COLUMNS style=format!("height: {height}px")></td>
                            </tr>
                        }.into_any(),
                    }}
                </For>
            </tbody>
        </table>
    }
    .into_any()
}

/// The heading of a column; a click orders by it.
#[component]
fn Heading(store: PodStore, column: Column, class: &'static str) -> impl IntoView {
    let language = use_language();
    let name = move || {
        let words = language.get().words();
        match column {
            Column::Name => words.name,
            Column::Namespace => words.namespace,
            Column::Ready => words.ready,
            Column::Status => words.status,
            Column::Restarts => words.restarts,
            Column::Age => words.age,
            Column::Node => words.node,
        }
    };
    let direction = move || {
        let Order {
            column: by,
            is_descending,
        } = store.order.get();
        (by == column).then_some(is_descending)
    };
    let sorted = move || {
        direction().map(|is_descending| {
            if is_descending {
                "descending"
            } else {
                "ascending"
            }
        })
    };
    let arrow = move || direction().map(|is_descending| if is_descending { " ↓" } else { " ↑" });
    view! {
        <th role="columnheader" scope="col" class=format!("pod-list__heading pod-list__heading--{class}") aria-sort=sorted>
            <button
                class="pod-list__order"
                on:click=move |_| store.order.update(|order| *order = order.clicked(column))
            >
                {name} <span aria-hidden="true">{arrow}</span>
            </button>
        </th>
    }
    .into_any()
}

/// Scrolls as far as is needed for a row to be seen, of those that may not be in the document.
fn bring_into_sight(body: &HtmlElement, line: usize, row: f64) {
    let top = body.get_bounding_client_rect().top();
    let number = |value: Result<JsValue, JsValue>| value.ok().and_then(|value| value.as_f64());
    let height = number(window().inner_height()).unwrap_or_default();
    let at = top + line as f64 * row;
    // The bars above and below cover some of it.
    let (first, last) = (COVERED, height - COVERED);
    let by = if at < first {
        at - first
    } else if at + row > last {
        at + row - last
    } else {
        return;
    };
    window().scroll_by_with_x_and_y(0.0, by);
}

/// The parts for these rows, of so many lines. Those that were there before are told what is new.
fn lay_out(
    shown: &mut HashMap<String, Shown>,
    rows: Vec<(usize, String, Entry)>,
    total: usize,
    height: f64,
) -> Vec<Part> {
    let mut before = std::mem::take(shown);
    let (mut parts, mut next) = (Vec::with_capacity(rows.len() + 3), 0);
    let gap = |before: usize, rows: usize| Part::Gap {
        before,
        height: rows as f64 * height,
    };
    for (line, key, entry) in rows {
        if line > next {
            parts.push(gap(next, line - next));
        }
        next = line + 1;
        let row = match before.remove(&key) {
            Some(row) => {
                row.entry.maybe_update(|known| {
                    let is_new = *known != entry;
                    *known = entry;
                    is_new
                });
                row.line.maybe_update(|known| {
                    let is_new = *known != line;
                    *known = line;
                    is_new
                });
                row
            }
            None => Shown {
                key: key.clone(),
                entry: ArcRwSignal::new(entry),
                line: ArcRwSignal::new(line),
            },
        };
        shown.insert(key, row.clone());
        parts.push(Part::Row(row));
    }
    if total > next {
        parts.push(gap(next, total - next));
    }
    parts
}

/// Looks where the body of the table is, and how high its rows are.
fn look(body: &HtmlElement, view: RwSignal<View>, row_height: RwSignal<f64>) {
    let top = body.get_bounding_client_rect().top();
    let height = window()
        .inner_height()
        .ok()
        .and_then(|height| height.as_f64());
    let seen = View {
        above: -top,
        height: height.unwrap_or_default(),
    };
    if view.get_untracked() != seen {
        view.set(seen);
    }
    // From one row to the next, with what is between them.
    let first = body.query_selector(".pod-row").ok().flatten();
    let next = first.as_ref().and_then(Element::next_element_sibling);
    let next = next.filter(|next| next.matches(".pod-row").unwrap_or_default());
    if let (Some(first), Some(next)) = (first, next) {
        let top = |row: &Element| row.get_bounding_client_rect().top();
        let height = top(&next) - top(&first);
        if height > 1.0 && (height - row_height.get_untracked()).abs() > 0.1 {
            row_height.set(height);
        }
    }
}

/// The key of the row that something is in.
fn row_of(on: Option<EventTarget>) -> Option<String> {
    let row = on?.dyn_into::<Element>().ok()?.closest(".pod-row").ok()??;
    let pod = row.get_attribute("data-pod")?;
    Some(match row.get_attribute("data-container") {
        Some(container) => format!("{pod}/{container}"),
        None => pod,
    })
}
