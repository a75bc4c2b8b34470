//! A pane where it is shown: its terminal, and a header where there are others beside it.

use leptos::prelude::*;

use crate::{
    browser::dom,
    i18n::{Language, use_language},
    pages::{
        log::stage::LogStage,
        shown_pane::ShownPane,
        terminal::{ended::Ways, stage::Stage},
        workspace::{
            commands::{Command, Commands},
            tab::{Mark, MarkSign, tab_id},
        },
    },
    routing::{navigation::use_navigate, pane_target::PaneTarget},
    session::view::{Activity, set_if_changed},
    ui::icon::Icon,
    workspace::{
        any_pane::AnyPane,
        layout::{Area, Axis, WHOLE},
        open_panes::Workspace,
        pane::PaneId,
    },
};

/// A pane.
#[component]
pub(super) fn PaneView(
    id: PaneId,
    /// Where it is shown, if it is.
    place: Memo<Option<Area>>,
    commands: Commands,
) -> impl IntoView {
    let workspace = commands.workspace;
    let Some(pane) = workspace.pane(id) else {
        return ().into_any();
    };
    let language = use_language();
    let view = pane.view();
    let is_focused = Memo::new(move |_| workspace.focused() == Some(id));
    let is_shown = Memo::new(move |_| place.with(Option::is_some) && commands.is_workspace_shown());
    let has_keyboard = Signal::derive(move || is_shown.get() && is_focused.get());
    // Where there is no room for two, the one with the keyboard is there alone.
    let is_seen =
        Memo::new(move |_| is_shown.get() && (is_focused.get() || !commands.is_narrow.get()));
    let is_visible = dom::follow_visibility();
    Effect::new(move |_| {
        let is_seen = is_seen.get();
        set_if_changed(view.is_seen, is_seen);
        if is_seen && is_visible.get() {
            set_if_changed(view.activity, Activity::Quiet);
        }
        if !is_seen {
            // Nobody could answer, and all else would be out of reach.
            view.dialogues.give_up();
        }
    });
    // Closed, or behind the sign-in page, it is seen by nobody.
    on_cleanup(move || {
        view.is_seen.try_set(false);
        view.has_keyboard.try_set(false);
    });
    let siblings = Memo::new(move |_| {
        workspace.layout(|layout| layout.tab_of(&id).map_or(1, |tab| tab.panes().len()))
    });
    let has_siblings = Memo::new(move |_| siblings.get() > 1);
    let target = pane.target();
    let name = Signal::derive(move || full_name(&target, language.get()));
    // Of panes that show the same, the number tells one from another.
    let label = move || {
        if has_siblings.get() {
            format!("{}, {}", name.get(), number(workspace, id, language.get()))
        } else {
            name.get()
        }
    };
    pane.on_return_focus(Box::new(move || focus_header(id)));
    let style = move || {
        let Area {
            left,
            top,
            width,
            height,
        } = place.get()?;
        let percent = |part: u32| f64::from(part) * 100.0 / f64::from(WHOLE);
        Some(format!(
            "left:{}%;top:{}%;width:{}%;height:{}%",
            percent(left),
            percent(top),
            percent(width),
            percent(height)
        ))
    };
    let go = use_navigate();
    let cancel = Callback::new(move |()| commands.close(&[id], go));
    view! {
        <section
            class="pane"
            class:pane--focused=is_focused
            data-testid="pane"
            data-region="pane"
            data-pane=id.0
            hidden=move || place.with(Option::is_none)
            style=style
            aria-label=label
            on:focusin=move |_| {
                workspace.focus(id);
            }
        >
            <Show when=move || has_siblings.get()>
                <PaneHeader id commands name />
            </Show>
            {match pane {
                AnyPane::Terminal(pane) => {
                    view! { <Stage pane ways=Ways::OfPage has_keyboard cancel /> }.into_any()
                }
                AnyPane::Log(pane) => {
                    view! { <LogStage shown=ShownPane::new(&pane) view=pane.view log=pane.log has_keyboard /> }
                }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// Which of the panes of its tab it is, in words.
fn number(workspace: Workspace, id: PaneId, language: Language) -> String {
    let panes = workspace.layout(|layout| layout.tab_of(&id).map(|tab| tab.panes()));
    let panes = panes.unwrap_or_default();
    let at = panes.iter().position(|other| *other == id);
    language.pane_of(at.unwrap_or_default() + 1, panes.len())
}

/// `namespace / pod / container`, and whether it is the log of that.
pub(super) fn full_name(target: &PaneTarget, language: Language) -> String {
    let names = target.names().join(" / ");
    match target {
        PaneTarget::Terminal(_) => names,
        PaneTarget::Log(_) => language.log_of(&names),
    }
}

/// Which pane it is, and what can be done with it.
#[component]
fn PaneHeader(id: PaneId, commands: Commands, name: Signal<String>) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = commands.workspace;
    let Some(pane) = workspace.pane(id) else {
        return ().into_any();
    };
    let view = pane.view();
    let mark = Signal::derive(move || Some(Mark::of(view)));
    let is_focused = Memo::new(move |_| workspace.focused() == Some(id));
    let is_zoomed = Memo::new(move |_| {
        workspace.layout(|layout| layout.tab_of(&id).is_some_and(|tab| tab.is_zoomed()))
    });
    let place = move || number(workspace, id, language.get());
    let go = use_navigate();
    let run = move |command| {
        workspace.focus(id);
        commands.run(command, go);
    };
    // The keyboard stays in the terminal.
    let stay = |event: leptos::ev::MouseEvent| event.prevent_default();
    let button = move |command: Command, icon: Icon| {
        let name = move || command.name(words());
        view! {
            <button
                class="icon-button"
                aria-label=name
                aria-pressed=(command == Command::Zoom).then_some(move || is_zoomed.get().to_string())
                title=move || commands.title(name(), command)
                on:mousedown=stay
                on:click=move |_| run(command)
            >
                {icon.draw()}
            </button>
        }
    };
    let title = move || view.title.get();
    view! {
        <header
            class="pane__header"
            id=header_id(id)
            on:mousedown=move |event| {
                // The keyboard is the terminal's, whatever is pressed here.
                event.prevent_default();
                workspace.focus(id);
                if let Some(pane) = workspace.pane(id) {
                    pane.focus();
                }
            }
        >
            <MarkSign mark />
            <h2 class="pane__name">{name}</h2>
            <span class="pane__program">{title}</span>
            <span class="spacer"></span>
            <button class="pane__number" on:mousedown=stay on:click=move |_| {
                workspace.arrange(|layout| layout.focus_at_distance(1));
            }>
                {place}
            </button>
            <Show when=move || is_focused.get()>
                {button(Command::Split(Axis::Horizontal), Icon::SplitRight)}
                {button(Command::Split(Axis::Vertical), Icon::SplitDown)}
                {button(Command::Zoom, Icon::Zoom)}
            </Show>
            <button
                class="icon-button"
                data-testid="close-pane"
                aria-label=move || format!("{}: {}", words().close, name.get())
                title=move || commands.title(words().close, Command::Close)
                on:mousedown=stay
                on:click=move |_| commands.close(&[id], go)
            >
                {Icon::Close.draw()}
            </button>
        </header>
    }
    .into_any()
}

fn header_id(id: PaneId) -> String {
    format!("pane-header-{}", id.0)
}

/// Gives the keyboard to what is above a terminal: its header, or its tab.
fn focus_header(id: PaneId) {
    use wasm_bindgen::JsCast as _;

    let document = document();
    let header = document.get_element_by_id(&header_id(id));
    let button = header.and_then(|header| header.query_selector("button").ok().flatten());
    let found = button.or_else(|| document.get_element_by_id(&tab_id(id)));
    if let Some(found) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        found.focus().ok();
    }
}
