//! A tab: how its terminals fare, what it is called, and the way to close it.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};

use crate::{
    browser::dom,
    i18n::{Language, use_language},
    pages::workspace::{commands::Commands, tab_name::tab_name},
    routing::navigation::use_navigate,
    session::{
        status::Status,
        view::{Activity, TerminalView},
    },
    ui::icon::Icon,
    workspace::{open_panes::Workspace, pane::PaneId},
};

/// A tab, as the bar knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TabSummary {
    pub(super) panes: Vec<PaneId>,
    /// The one that has the keyboard while the tab is shown.
    pub(super) focused: PaneId,
    /// What the user calls it.
    pub(super) name: Option<String>,
    pub(super) is_shown: bool,
}

impl TabSummary {
    /// All tabs.
    pub(super) fn all(workspace: Workspace) -> Vec<Self> {
        workspace.layout(|layout| {
            let shown = layout.focused();
            let tabs = layout.tabs().iter().map(|tab| Self {
                panes: tab.panes(),
                focused: *tab.focused(),
                name: tab.name().map(str::to_owned),
                is_shown: Some(tab.focused()) == shown,
            });
            tabs.collect()
        })
    }

    /// What tells it from the other tabs.
    pub(super) fn key(&self) -> PaneId {
        self.panes.iter().min().copied().unwrap_or_default()
    }
}

/// What a mark says of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Connecting,
    Connected,
    Ended,
    Output,
    Bell,
    Reconnecting,
}

impl Mark {
    /// How a terminal fares; tracks what that follows from.
    pub(super) fn of(view: TerminalView) -> Self {
        view.status.with(|status| match status {
            Status::Reconnecting { .. } => Self::Reconnecting,
            _ if view.activity.get() == Activity::Bell => Self::Bell,
            status if status.is_ended() => Self::Ended,
            _ if view.activity.get() == Activity::Output => Self::Output,
            Status::Connected => Self::Connected,
            _ => Self::Connecting,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Ended => "ended",
            Self::Output => "output",
            Self::Bell => "bell",
            Self::Reconnecting => "reconnecting",
        }
    }

    /// The same in words.
    pub(super) fn text(self, language: Language) -> &'static str {
        let words = language.words();
        match self {
            Self::Connecting => words.mark_connecting,
            Self::Connected => words.connected,
            Self::Ended => words.ended,
            Self::Output => words.mark_output,
            Self::Bell => words.mark_bell,
            Self::Reconnecting => words.reconnecting,
        }
    }
}

/// It as a shape, with its name for who does not see it.
#[component]
pub(super) fn MarkSign(mark: Signal<Option<Mark>>) -> impl IntoView {
    let language = use_language();
    let text = move || mark.get().map(|mark| mark.text(language.get()));
    view! {
        <span
            class="mark"
            role="img"
            data-mark=move || mark.get().map(Mark::name)
            aria-label=text
            title=text
        ></span>
    }
}

/// A tab of the bar.
#[component]
pub(super) fn TabItem(tab: Signal<Option<TabSummary>>, commands: Commands) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let workspace = commands.workspace;
    let go = use_navigate();
    let focused = Memo::new(move |_| tab.with(|tab| tab.as_ref().map(|tab| tab.focused)));
    let panes = Memo::new(move |_| {
        tab.with(|tab| {
            tab.as_ref()
                .map(|tab| tab.panes.clone())
                .unwrap_or_default()
        })
    });
    let name = Memo::new(move |_| tab.with(|tab| tab.as_ref()?.name.clone()));
    let own = Memo::new(move |_| {
        let pane = workspace.pane(focused.get()?)?;
        Some(tab_name(&pane.target(), words()))
    });
    let whole = move || {
        name.get().unwrap_or_else(|| {
            let (first, rest) = own.get().unwrap_or_default();
            format!("{first} {rest}").trim_end().to_owned()
        })
    };
    let mark = Signal::derive(move || {
        let views = panes.get().into_iter().filter_map(|id| workspace.pane(id));
        views.map(|pane| Mark::of(pane.view())).max()
    });
    let is_here = Memo::new(move |_| {
        let is_shown = tab.with(|tab| tab.as_ref().is_some_and(|tab| tab.is_shown));
        is_shown && commands.is_workspace_shown()
    });
    let href = move || {
        focused
            .get()
            .and_then(|id| Some(workspace.pane(id)?.target().page()))
    };
    // Of many tabs not all have room.
    let item = NodeRef::<html::Li>::new();
    Effect::new(move |_| {
        if let Some(item) = item.get().filter(|_| is_here.get()) {
            dom::scroll_to(&item);
        }
    });
    let renames = RwSignal::new(false);
    let show = move |event: MouseEvent| {
        // Another browser tab is the browser's business.
        let is_plain = !(event.ctrl_key() || event.meta_key() || event.shift_key());
        if let Some(id) = focused.get_untracked().filter(|_| is_plain) {
            event.prevent_default();
            commands.go_to(id, go);
        }
    };
    let key = move |event: KeyboardEvent| match &*event.key() {
        "F2" => renames.set(true),
        "Delete" => commands.close(&panes.get_untracked(), go),
        _ => {}
    };
    // The wheel's button closes, as in browsers.
    let close_by_wheel = move |event: MouseEvent| {
        if event.button() == 1 {
            event.prevent_default();
            commands.close(&panes.get_untracked(), go);
        }
    };
    let drag = move |event: web_sys::DragEvent| {
        if let (Some(data), Some(id)) = (event.data_transfer(), focused.get_untracked()) {
            // Nothing but a tab of this page has this type.
            data.set_data(DRAGGED, &id.0.to_string()).ok();
            data.set_effect_allowed("move");
        }
    };
    let over = move |event: web_sys::DragEvent| {
        let types = event.data_transfer().map(|data| data.types());
        if types.is_some_and(|types| types.includes(&DRAGGED.into(), 0)) {
            event.prevent_default();
        }
    };
    let drop_here = move |event: web_sys::DragEvent| {
        let dragged = event.data_transfer();
        let dragged = dragged.and_then(|data| data.get_data(DRAGGED).ok()?.parse().ok());
        if let (Some(dragged), Some(to)) = (dragged.map(PaneId), focused.get_untracked()) {
            event.prevent_default();
            workspace.arrange(|layout| layout.move_tab(&dragged, &to));
            // It may stand elsewhere in the document now, and have lost the keyboard by that.
            if let Some(id) = untrack(|| workspace.focused()) {
                request_animation_frame(move || {
                    if let Some(pane) = workspace.pane(id).filter(|_| dom::has_no_focus()) {
                        pane.focus();
                    }
                });
            }
        }
    };
    view! {
        <li
            class="tab"
            class:tab--here=is_here
            data-testid="tab"
            draggable=move || (!renames.get()).then_some("true")
            node_ref=item
            on:dragstart=drag
            on:dragover=over
            on:drop=drop_here
            on:auxclick=close_by_wheel
        >
            {move || if renames.get() {
                view! { <NameField commands focused=focused.into() own=whole() renames /> }.into_any()
            } else {
                view! {
                    <a
                        class="tab__link"
                        href=href
                        id=move || focused.get().map(tab_id)
                        aria-current=move || is_here.get().then_some("page")
                        title=move || tab_title(workspace, focused.get())
                        draggable="false"
                        on:click=show
                        on:dblclick=move |_| renames.set(true)
                        on:keydown=key
                    >
                        <MarkSign mark />
                        <span class="tab__name">
                            {move || match (name.get(), own.get()) {
                                (Some(name), _) => view! { {name} }.into_any(),
                                (None, Some((first, rest))) => {
                                    view! { {first} " " <span class="tab__rest">{rest}</span> }.into_any()
                                }
                                (None, None) => ().into_any(),
                            }}
                        </span>
                    </a>
                }.into_any()
            }}
            <button
                class="icon-button tab__close"
                data-testid="close-tab"
                aria-label=move || format!("{}: {}", words().close, whole())
                title=move || words().close
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| commands.close(&panes.get_untracked(), go)
            >
                {Icon::Close.draw()}
            </button>
        </li>
    }
    .into_any()
}

/// The type of what is dragged.
const DRAGGED: &str = "application/x-podshell-tab";

/// The id of a tab's link, for who goes back to it.
pub(super) fn tab_id(focused: PaneId) -> String {
    format!("tab-{}", focused.0)
}

/// All of what a tab stands for.
fn tab_title(workspace: Workspace, focused: Option<PaneId>) -> Option<String> {
    let pane = workspace.pane(focused?)?;
    let program = pane.view().title.get();
    let program = program.map(|program| format!("\n{program}"));
    let names = pane.target().names().join(" / ");
    Some(format!("{names}{}", program.unwrap_or_default()))
}

/// Where the user says what a tab is to be called. Enter takes it, Esc does not; nothing is its own name again.
#[component]
fn NameField(
    commands: Commands,
    focused: Signal<Option<PaneId>>,
    own: String,
    renames: RwSignal<bool>,
) -> impl IntoView {
    let language = use_language();
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            field.focus().ok();
            field.select();
        }
    });
    let before = StoredValue::new(own.clone());
    let finish = move |takes: bool| {
        // To take the field away takes the focus from it.
        if !renames.get_untracked() {
            return;
        }
        if let (true, Some(field), Some(id)) =
            (takes, field.get_untracked(), focused.get_untracked())
        {
            let name = field.value();
            if before.with_value(|before| *before != name) {
                commands
                    .workspace
                    .arrange(|layout| layout.rename(&id, &name));
            }
        }
        renames.set(false);
    };
    let key = move |event: KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        match &*event.key() {
            "Enter" => finish(true),
            "Escape" => finish(false),
            _ => return,
        }
        if let Some(pane) = focused
            .get_untracked()
            .and_then(|id| commands.workspace.pane(id))
        {
            pane.focus();
        }
    };
    view! {
        <input
            class="field tab__field"
            data-testid="tab-name"
            aria-label=move || language.get().words().tab_name
            maxlength="60"
            value=own
            node_ref=field
            on:keydown=key
            on:blur=move |_| finish(true)
        />
    }
}
