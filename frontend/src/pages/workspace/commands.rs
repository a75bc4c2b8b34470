//! What can be done to the workspace by keys and buttons.

use leptos::prelude::*;

use crate::{
    browser::{dom, full_screen},
    i18n::{Language, Words, use_language},
    pages::{
        settings::dialogue::open_settings,
        workspace::{chords::Bindings, closing, help, save_text::save_text},
    },
    routing::{navigation::use_route, route::Route},
    settings::Settings,
    ui::dialogue::Dialogues,
    workspace::{
        any_pane::AnyPane,
        layout::{Axis, Direction, Layout},
        open_panes::{Workspace, use_workspace},
        pane::PaneId,
    },
};

/// Something to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The same container beside the pane that has the keyboard.
    Split(Axis),
    /// The same container in a new tab.
    Duplicate,
    /// The keyboard goes to the pane in a direction.
    Toward(Direction),
    /// The divider beside the pane moves.
    Push(Direction),
    /// The pane has all the room, or no more.
    Zoom,
    /// The pane is closed.
    Close,
    /// One searches in the terminal.
    Search,
    /// The log of the pane's container beside it.
    Log,
    /// What stands in the terminal is saved as a file.
    SaveText,
    /// So many tabs further.
    Turn(isize),
    /// So many parts of the page further.
    Region(isize),
    /// All panes of the tab have the same room.
    Equal,
    /// The palette opens.
    GoTo,
    /// The keys are shown.
    Help,
    /// The page has the whole screen, or no more.
    FullScreen,
}

impl Command {
    /// Whether its keys have a use of their own in a field: words are selected, and what was undone is done again.
    pub(super) fn is_editing(self) -> bool {
        matches!(self, Self::Toward(_) | Self::Push(_) | Self::Zoom)
    }

    /// What it is called.
    pub(super) fn name(self, words: &Words) -> &'static str {
        match self {
            Self::Split(Axis::Horizontal) => words.split_right,
            Self::Split(Axis::Vertical) => words.split_down,
            Self::Duplicate => words.duplicate,
            Self::Zoom => words.zoom,
            Self::Close => words.close_pane,
            Self::Search => words.search_terminal,
            Self::Log => words.log.name,
            Self::SaveText => words.save_text,
            Self::GoTo => words.go_to,
            Self::Help => words.help,
            Self::Toward(_) => words.toward,
            Self::Push(_) => words.move_divider,
            Self::Turn(_) => words.next_tab,
            Self::Region(distance) if distance < 0 => words.chords.previous_region,
            Self::Region(_) => words.next_region,
            Self::FullScreen => words.chords.full_screen,
            Self::Equal => words.equal,
        }
    }
}

/// As the style sheet has it.
const NARROW: &str = "(max-width: 48rem)";

/// What commands are carried out with.
#[derive(Clone, Copy)]
pub(super) struct Commands {
    pub(super) workspace: Workspace,
    pub(super) dialogues: Dialogues,
    /// Whether the palette is open.
    pub(super) palette: RwSignal<bool>,
    /// Whether there is no room for two panes.
    pub(super) is_narrow: Signal<bool>,
    /// The keys as the user has chosen them.
    pub(super) bindings: Memo<Bindings>,
    pub(super) language: Signal<Language>,
    route: Signal<Route>,
}

impl Commands {
    pub(super) fn new(dialogues: Dialogues) -> Self {
        let settings: Settings = expect_context();
        let is_mac = dom::is_mac();
        Self {
            workspace: use_workspace(),
            dialogues,
            palette: RwSignal::new(false),
            is_narrow: dom::follow_query(NARROW),
            bindings: Memo::new(move |_| settings.keys.with(|kept| Bindings::read(kept, is_mac))),
            language: use_language(),
            route: use_route(),
        }
    }

    /// The keys that do something; none if there are none.
    pub(super) fn keys(self, command: Command) -> String {
        self.bindings.with(|bindings| bindings.keys(command))
    }

    /// What a button is called that does something, and the keys that do it, too.
    pub(super) fn title(self, name: &str, command: Command) -> String {
        match self.keys(command) {
            keys if keys.is_empty() => name.to_owned(),
            keys => format!("{name} ({keys})"),
        }
    }

    /// Whether terminals are shown, and not the list.
    pub(super) fn is_workspace_shown(self) -> bool {
        matches!(self.route.get(), Route::Pane(_))
    }

    /// The pane that has the keyboard, where terminals are shown.
    pub(super) fn here(self) -> Option<PaneId> {
        let focused = self.workspace.focused();
        focused.filter(|_| self.is_workspace_shown())
    }

    /// Carries a command out; `go` leads to an address. Gives false if there is nothing that it could be for.
    pub(super) fn run(self, command: Command, go: impl Fn(&str) + 'static) -> bool {
        let workspace = self.workspace;
        match command {
            Command::Region(distance) => return go_to_region(distance),
            Command::GoTo => self.palette.set(true),
            Command::Help => help::open(self),
            Command::FullScreen => full_screen::toggle(),
            Command::Turn(distance) if untrack(|| self.is_workspace_shown()) => {
                return workspace.arrange(|layout| layout.turn(distance));
            }
            Command::Turn(_) => {
                if let Some(id) = untrack(|| workspace.focused()) {
                    self.go_to(id, go);
                }
            }
            // Where there is nothing to go to, a program may have a use for the keys.
            Command::Toward(direction) => {
                return self.arrange(|layout| layout.focus_toward(direction));
            }
            Command::Push(direction) => {
                return self.arrange(|layout| layout.push_divider(direction));
            }
            Command::Zoom => return self.arrange(Layout::zoom),
            Command::Equal => return self.arrange(Layout::make_equal),
            Command::Split(axis) => {
                return self.with_pane(|id, pane| {
                    workspace.split(id, axis, &pane.target().beside().into());
                });
            }
            Command::Duplicate => {
                return self.with_pane(|_, pane| {
                    workspace.open_tab(&pane.target().beside().into());
                });
            }
            Command::Close => return self.with_pane(|id, _| self.close(&[id], go)),
            Command::Search => {
                return self.with_pane(|_, pane| {
                    let searches = pane.view().searches;
                    // Who searches already wants to type another text.
                    searches.set(true);
                    searches.notify();
                });
            }
            Command::Log => {
                return self.with_pane(|id, pane| {
                    let log = pane.target().log().into();
                    let is_there = workspace.find(&log).is_some();
                    if is_there || !workspace.split(id, Axis::Horizontal, &log) {
                        workspace.show(&log);
                    }
                });
            }
            Command::SaveText => {
                let words = self.language.get_untracked().words();
                return self.with_pane(|_, pane| save_text(pane, words));
            }
        }
        true
    }

    /// Does something with the pane that has the keyboard, where terminals are shown.
    fn with_pane(self, act: impl FnOnce(PaneId, &AnyPane)) -> bool {
        let id = untrack(|| self.here());
        let pane = id.and_then(|id| Some((id, self.workspace.pane(id)?)));
        let is_there = pane.is_some();
        if let Some((id, pane)) = pane {
            act(id, &pane);
        }
        is_there
    }

    /// Types a character into the pane that has the keyboard. Gives false if there is none.
    pub(super) fn type_in(self, character: char) -> bool {
        self.with_pane(|_, pane| pane.terminal().type_in(character.encode_utf8(&mut [0; 4])))
    }

    /// Changes how panes are arranged, where they are shown.
    fn arrange(self, change: impl FnOnce(&mut Layout<PaneId>) -> bool) -> bool {
        untrack(|| self.is_workspace_shown()) && self.workspace.arrange(change)
    }

    /// Closes panes, and asks first where a program would end with one. Who has closed the last is led to the list by `go`.
    pub(super) fn close(self, ids: &[PaneId], go: impl Fn(&str) + 'static) {
        let workspace = self.workspace;
        let then = move || {
            let is_empty = untrack(|| workspace.focused()).is_none();
            if is_empty && untrack(|| self.is_workspace_shown()) {
                go("./");
            }
        };
        let language = self.language.get_untracked();
        closing::close(workspace, self.dialogues, ids, language, then);
    }

    /// Opens the settings, at one of them if it is named.
    pub(super) fn open_settings(self, at: Option<&'static str>) {
        let words = self.language.get_untracked().words();
        open_settings(
            self.dialogues,
            words,
            at,
            Some(Box::new(move || help::open(self))),
        );
    }

    /// Has back what was closed last.
    pub(super) fn undo_close(self, go: impl Fn(&str)) {
        self.workspace.undo_close();
        if let Some(id) = untrack(|| self.workspace.focused()) {
            self.go_to(id, go);
        }
    }

    /// Shows a pane, from wherever the user is.
    pub(super) fn go_to(self, id: PaneId, go: impl Fn(&str)) {
        self.workspace.focus(id);
        if let Some(pane) = self.workspace.pane(id) {
            if !untrack(|| self.is_workspace_shown()) {
                go(&pane.target().page());
            }
            // It may have been the one already.
            pane.focus();
        }
    }
}

/// What can have the keyboard in a part of the page.
const CONTROLS: &str =
    "a[href], button:not(:disabled), input:not(:disabled), select, textarea, [tabindex='0']";
/// The parts of the page, in their order.
const REGIONS: &str = "[data-region]";

/// Gives the keyboard to the first control of the part of the page that is so many further.
fn go_to_region(distance: isize) -> bool {
    use wasm_bindgen::JsCast as _;
    use web_sys::HtmlElement;

    let document = document();
    let Ok(found) = document.query_selector_all(REGIONS) else {
        return false;
    };
    let elements = |list: web_sys::NodeList| -> Vec<HtmlElement> {
        let all = (0..list.length()).filter_map(|at| list.get(at)?.dyn_into().ok());
        // What is not shown takes no room.
        all.filter(|element: &HtmlElement| element.offset_width() > 0)
            .collect()
    };
    let regions = elements(found);
    let focused = document.active_element();
    let here = regions
        .iter()
        .position(|region| region.contains(focused.as_deref()));
    let count = regions.len() as isize;
    for step in 1..=count {
        let at = match here {
            Some(here) => here as isize + step * distance,
            None if distance > 0 => step - 1,
            None => count - step,
        };
        let region = &regions[at.rem_euclid(count) as usize];
        let controls = region.query_selector_all(CONTROLS).map(elements);
        // The terminal itself, where there is one: its header comes before it.
        let terminal = region
            .query_selector(".xterm-helper-textarea")
            .ok()
            .flatten();
        let terminal = terminal.and_then(|area| area.dyn_into::<HtmlElement>().ok());
        let first = terminal.or_else(|| controls.ok()?.into_iter().next());
        if let Some(first) = first {
            first.focus().ok();
            return true;
        }
    }
    true
}
