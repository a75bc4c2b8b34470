//! A terminal on the page: opening it in an element, writing to it, and all else that is done to it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Function, JsString, Uint8Array};
use leptos::prelude::{RwSignal, Signal, document};
use podshell_shared::terminal::Size;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::{
    browser::{dom, listener::Listener},
    settings::Looks,
    xterm::{
        bindings::{self, FitAddon, StateAddon, Xterm},
        cover::Cover,
        decoder::Decoder,
        draw_queue::{DrawQueue, TextKind},
        keys::Typed,
        links::{self},
        options, paste,
        program_clipboard::{self},
        prompt::{PromptDetector, Running},
        renderer,
        screen_keys::{Modifiers, ScreenKey},
        screen_reader::{self, Labels},
        screen_snapshot::ScreenSnapshot,
        search::{Found, Query, Search, Toward},
        sync_output::SyncOutput,
        terminal_core::TerminalCore,
        terminal_event::TerminalEvent,
        text,
        theme::ThemeWatch,
        touch::Touch,
        widths,
    },
};

/// Begins an empty line.
const NEW_LINE: &str = "\r\n\x1b[J";
/// Clears the screen and what is above it.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";
/// Takes the cursor away.
const NO_CURSOR: &str = "\x1b[?25l";

/// A terminal on the page; it is disposed of when dropped.
pub(crate) struct Terminal {
    core: Rc<TerminalCore>,
    decoder: Decoder,
    /// The browser's own: xterm.js calls it for what was written last even when the terminal is gone.
    rendered: Function,
    _sync_output: SyncOutput,
    cover: RefCell<Option<Cover>>,
    _listeners: Vec<Listener>,
    _closures: Closures,
    _clipboard_requests: program_clipboard::Listening,
    _links: links::Chosen,
    search: Rc<Search>,
    labels: RefCell<Labels>,
    _theme: ThemeWatch,
    _touch: Touch,
}

/// What JavaScript calls has to live as long as it may be called: input, binary input and titles, the bell, keys.
type Closures = (
    [Closure<dyn FnMut(String)>; 3],
    Closure<dyn FnMut()>,
    Closure<dyn FnMut(KeyboardEvent) -> bool>,
);

impl Terminal {
    /// Opens a terminal that fills `host`; `clipboard_keys` says whether Ctrl+C and Ctrl+V are the clipboard's, and `found` is told
    /// what a search finds.
    pub(crate) fn open(
        host: &HtmlElement,
        looks: &Looks,
        clipboard_keys: Signal<bool>,
        found: RwSignal<Found>,
        handler: impl Fn(TerminalEvent) + 'static,
    ) -> Self {
        let terminal = bindings::terminal(&options::options(looks));
        let fit = FitAddon::new();
        load(&terminal, &fit);
        let state = StateAddon::new();
        load(&terminal, &state);
        terminal.open(host.clone());
        widths::provide(&terminal);
        let prompt = PromptDetector::watch(&terminal);
        let core = Rc::new(TerminalCore {
            terminal: terminal.clone(),
            prompt,
            fit,
            state,
            host: host.clone(),
            size: Cell::default(),
            queue: DrawQueue::new(),
            recent: RefCell::default(),
            restoring: RefCell::default(),
            is_hidden: Cell::default(),
            typed: Typed::default(),
            clipboard_keys,
            handler: Box::new(handler),
        });

        let input = closure(&core, |core, text: String| {
            core.prompt.typed(&core.terminal, &text);
            (core.handler)(TerminalEvent::Input(text))
        });
        let binary = closure(&core, |core, bytes: String| {
            // One char per byte.
            let bytes = bytes.chars().map(|byte| byte as u8).collect();
            (core.handler)(TerminalEvent::Bytes(bytes));
        });
        let key = {
            let core = core.clone();
            Closure::<dyn FnMut(_) -> bool>::new(move |event| core.key(&event))
        };
        core.terminal.on_data(input.as_ref().unchecked_ref());
        core.terminal.on_binary(binary.as_ref().unchecked_ref());
        let titled = closure(&core, |core, title| {
            (core.handler)(TerminalEvent::Titled(title))
        });
        core.terminal
            .on_title_change(titled.as_ref().unchecked_ref());
        let bell = {
            let core = core.clone();
            Closure::<dyn FnMut()>::new(move || {
                // What is restored was heard before.
                if core.restoring.borrow().is_none() {
                    (core.handler)(TerminalEvent::Rang);
                }
            })
        };
        core.terminal.on_bell(bell.as_ref().unchecked_ref());
        core.terminal
            .attach_custom_key_event_handler(key.as_ref().unchecked_ref());

        let shown = {
            let core = core.clone();
            Listener::new(&document(), "visibilitychange", move |_| {
                if dom::is_visible() {
                    core.fit();
                }
            })
        };
        // xterm.js would take it as it is.
        let pasted = {
            let core = core.clone();
            paste::listen(host, move |text| {
                (core.handler)(TerminalEvent::Pasted(text.to_owned()))
            })
        };
        // The browser's own keys copy what is selected, too.
        let copied = {
            let core = core.clone();
            Listener::capturing(host, "copy", move |event| {
                if core.is_hidden.get() {
                    event.prevent_default();
                    event.stop_immediate_propagation();
                }
            })
        };
        let links = {
            let core = Rc::downgrade(&core);
            let chosen = move |link| {
                if let Some(core) = core.upgrade() {
                    (core.handler)(TerminalEvent::Link(link));
                }
            };
            links::listen(&terminal, chosen)
        };
        let clipboard_requests = {
            let core = Rc::downgrade(&core);
            program_clipboard::listen(&terminal, move |request| {
                // What is restored was said before.
                if let Some(core) = core
                    .upgrade()
                    .filter(|core| core.restoring.borrow().is_none())
                {
                    (core.handler)(TerminalEvent::ClipboardRequest(request));
                }
            })
        };
        core.fit_when_fonts_are_loaded();

        let rendered = {
            let core = core.clone();
            Closure::<dyn FnMut()>::new(move || core.rendered())
        };
        let rendered = rendered.into_js_value().unchecked_into();
        renderer::draw_by_webgl(&core.terminal);
        let terminal = Self {
            _sync_output: SyncOutput::watch(&core.terminal),
            core,
            decoder: Decoder::new(),
            rendered,
            cover: RefCell::default(),
            _listeners: [shown, copied]
                .into_iter()
                .chain(pasted)
                .chain(screen_reader::listen(&terminal))
                .collect(),
            search: Rc::new(Search::new(&terminal, found)),
            labels: RefCell::default(),
            _theme: ThemeWatch::begin(&terminal),
            _closures: ([input, binary, titled], bell, key),
            _clipboard_requests: clipboard_requests,
            _links: links,
            _touch: Touch::listen(&terminal, host),
        };
        terminal.core.fit();
        terminal
    }

    /// Makes it as large as its element.
    pub(crate) fn fit(&self) {
        self.core.fit();
    }

    /// Makes it look so.
    pub(crate) fn set_looks(&self, looks: &Looks) {
        let live = self.core.terminal.options();
        for (name, value) in options::of_looks(looks) {
            bindings::set(&live, name, &value);
        }
        self.name();
        self.core.fit();
    }

    /// Its size; [`None`] while it isn't shown.
    pub(crate) fn size(&self) -> Option<Size> {
        Some(self.core.size.get()).filter(|size| size.is_usable())
    }

    /// Writes output, of which the last whole character ends at the offset `end`; an [`TerminalEvent::Rendered`] follows when
    /// that is on the screen.
    pub(crate) fn write(&self, bytes: &Uint8Array, end: u64) {
        let text = self.decoder.push(bytes);
        if text.length() > 0 {
            self.put(&text, TextKind::Output(end));
        }
    }

    /// Writes a text of the page's own; an [`TerminalEvent::Rendered`] with `end` follows when it is on the screen.
    pub(crate) fn print(&self, text: &str, end: u64) {
        self.put(&text.into(), TextKind::Output(end));
    }

    /// Takes everything off it, what is above the screen, too.
    pub(crate) fn clear(&self) {
        self.core.terminal.scroll_to_bottom();
        self.put_own(CLEAR);
    }

    /// Shows no cursor: nothing is typed here.
    pub(crate) fn hide_cursor(&self) {
        self.put_own(NO_CURSOR);
    }

    /// Output goes on at the beginning of the last character, of which a part may have been written.
    pub(crate) fn resume(&self) {
        drop(self.decoder.finish());
    }

    /// No more output follows.
    pub(crate) fn finish(&self) {
        self.put_own("");
    }

    /// Writes a remark of the page on a line of its own, dimmed. It may stand for output up to an offset. A
    /// full-screen program's screen is left as it is.
    pub(crate) fn remark(&self, text: &str, end: Option<u64>) {
        let line = if self.is_alternate() {
            String::new()
        } else {
            format!("\x1b[0m\r\n\x1b[2m{text}\x1b[0m\r\n")
        };
        let text = self.decoder.finish() + &line;
        self.put(&text.into(), end.map_or(TextKind::Own, TextKind::Output));
    }

    /// Makes the terminal fit for another shell; what is on it stays.
    pub(crate) fn begin_again(&self) {
        // What the last shell wrote is no news to the next.
        self.core.queue.disown_output();
        self.core.prompt.forget();
        let rest = self.decoder.finish();
        self.put(&rest.into(), TextKind::End);
        self.put_own(NEW_LINE);
    }

    /// Writes something of the page's own, behind all of the output: the rest of a character never comes.
    fn put_own(&self, text: &str) {
        let text = self.decoder.finish() + text;
        self.put(&text.into(), TextKind::Own);
    }

    fn put(&self, text: &JsString, kind: TextKind) {
        // Before the write, which may call back at once.
        self.core.queue.push(text.clone(), kind);
        self.core.terminal.write_text(text, &self.rendered);
    }

    /// Whether a full-screen program has the screen.
    pub(crate) fn is_alternate(&self) -> bool {
        bindings::is_alternate(&self.core.terminal)
    }

    /// The program that seems to have it, other than the shell.
    pub(crate) fn running(&self) -> Option<Running> {
        self.core.prompt.running(&self.core.terminal)
    }

    /// What is on it: all that was written and told as rendered, with that many lines above the screen at most.
    pub(crate) fn snapshot(&self, scrollback: u32) -> ScreenSnapshot {
        if let Some(snapshot) = self.core.restoring.borrow().clone() {
            return snapshot;
        }
        let TerminalCore {
            terminal,
            state,
            recent,
            ..
        } = &*self.core;
        ScreenSnapshot::of(terminal, state, &recent.borrow(), scrollback)
    }

    /// Shows what was on another terminal. Gives false if another version of the page wrote it.
    pub(crate) fn restore(&self, snapshot: ScreenSnapshot) -> bool {
        let ScreenSnapshot { rows, cols, .. } = snapshot;
        // Lines wrap as they did; the terminal takes its own size again afterwards.
        self.core.terminal.resize(cols.into(), rows.into());
        let is_known = self.core.state.put(&snapshot.state);
        if is_known {
            let open = JsString::from(&*snapshot.open);
            *self.core.restoring.borrow_mut() = Some(snapshot);
            self.put(&open, TextKind::Restored);
        } else {
            self.core.fit();
        }
        is_known
    }

    /// Names it for screen readers.
    pub(crate) fn set_labels(&self, labels: Labels) {
        self.labels.replace(labels);
        self.name();
    }

    fn name(&self) {
        let TerminalCore { terminal, host, .. } = &*self.core;
        screen_reader::name(terminal, host, &self.labels.borrow());
    }

    /// What stands on it and above its screen, as lines of text; empty where nothing does.
    pub(crate) fn text(&self) -> JsString {
        if self.core.is_hidden.get() {
            return JsString::from("");
        }
        text::text_of(&self.core.terminal)
    }

    /// Keeps what is on the screen from who uses the page, or no more. That it can't be seen is for who shows it.
    pub(crate) fn hide(&self, is_hidden: bool) {
        self.core.is_hidden.set(is_hidden);
    }

    /// Whether the program marks pastes, and so takes none of their lines for typed.
    pub(crate) fn marks_pastes(&self) -> bool {
        bindings::is_bracketed_paste(&self.core.terminal)
    }

    /// Types a text: it comes out as what the keyboard types.
    pub(crate) fn type_in(&self, text: &str) {
        self.core.terminal.input(text);
    }

    /// Types a line that was written elsewhere, with its end.
    pub(crate) fn type_line(&self, line: &str) {
        if !line.is_empty() {
            self.core.terminal.paste(&paste::clean_paste(line));
        }
        self.type_in("\r");
    }

    /// Presses a key that the page has on the screen.
    pub(crate) fn press(&self, key: ScreenKey, modifiers: Modifiers) {
        let application = bindings::has_application_cursor(&self.core.terminal);
        self.type_in(&modifiers.key(key, application));
    }

    /// Pastes a text that has been cleaned.
    pub(crate) fn paste(&self, text: &str) {
        self.core.terminal.paste(text);
        self.core.terminal.focus();
    }

    /// Loads what searches in it; false if that can't be had.
    pub(crate) fn load_search(&self) -> impl Future<Output = bool> + use<> {
        Rc::clone(&self.search).load()
    }

    /// Looks for a text, once that is loaded.
    pub(crate) fn find(&self, query: &Query, toward: Toward) {
        self.search.find(query, toward);
    }

    /// Marks nothing any more that was found.
    pub(crate) fn end_search(&self) {
        self.search.end();
    }

    /// Moves what is seen by so many lines, up if negative.
    pub(crate) fn scroll_lines(&self, lines: i32) {
        self.core.terminal.scroll_by(lines);
    }

    /// Shows the last line, and those that follow.
    pub(crate) fn scroll_to_end(&self) {
        self.core.terminal.scroll_to_bottom();
    }

    /// Whether the last line is in sight.
    pub(crate) fn is_at_end(&self) -> bool {
        let buffer = self.core.terminal.get_buffer().get_active();
        buffer.get_viewport_y() >= buffer.get_base_y()
    }

    /// Has a function called when other lines are seen, for as long as the terminal is there.
    pub(crate) fn on_scroll(&self, scrolled: impl Fn() + 'static) {
        let scrolled = Closure::<dyn FnMut()>::new(scrolled).into_js_value();
        self.core.terminal.on_scroll(scrolled.unchecked_ref());
    }

    /// How many cells a character takes on it.
    pub(crate) fn cells(character: char) -> usize {
        widths::cells(character.into()).into()
    }

    /// So many pixels of its foot are covered; the cursor stays in sight.
    pub(crate) fn cover(&self, height: f64) {
        // One at a time, for each puts back what it has moved.
        drop(self.cover.take());
        let TerminalCore { terminal, host, .. } = &*self.core;
        let cover = (height > 0.0).then(|| Cover::new(terminal, host, height));
        self.cover.replace(cover);
    }

    /// Gives it the keyboard.
    pub(crate) fn focus(&self) {
        self.core.terminal.focus();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.cover.take());
        self.core.terminal.dispose();
    }
}

fn load(terminal: &Xterm, addon: &impl AsRef<JsValue>) {
    terminal.load_addon(addon.as_ref().clone().unchecked_into());
}

fn closure(
    core: &Rc<TerminalCore>,
    call: impl Fn(&TerminalCore, String) + 'static,
) -> Closure<dyn FnMut(String)> {
    let core = core.clone();
    Closure::new(move |text| call(&core, text))
}
