//! The xterm.js terminal: opening it in an element, fitting it, writing to it, and what comes out of it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use js_sys::{JsString, Uint8Array};
use leptos::prelude::{GetUntracked as _, Signal, document};
use podshell_shared::terminal::Size;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, KeyboardEvent, ResizeObserver};

use crate::{
    browser::{dom, listener::Listener},
    xterm::{
        bindings::{self, FitAddon, StateAddon, Xterm, object},
        cover::Cover,
        decoder::Decoder,
        keys::{self, Key, KeyAction, Typed},
        links::{self, Link},
        paste,
        program_clipboard::{self, ClipboardRequest},
        prompt::PromptDetector,
        renderer,
        screen_keys::{Modifiers, ScreenKey},
        screen_snapshot::{RecentText, ScreenSnapshot},
        sync_output::SyncOutput,
        theme,
        touch::Touch,
        widths::Widths,
    },
};

/// What a terminal tells.
pub(crate) enum TerminalEvent {
    /// Typed, pasted, or the terminal's answer to a question of the program.
    Input(String),
    /// The same, where it is no text: mouse reports of the old form.
    Bytes(Vec<u8>),
    /// Pasted or dropped, and to be given back to [`Terminal::paste`].
    Pasted(String),
    /// To be copied, as the user wants it.
    Copied(String),
    /// Chosen by the user.
    Link(Link),
    /// The program wants something of the clipboard.
    ClipboardRequest(ClipboardRequest),
    /// Output up to this offset is on the screen.
    Rendered(u64),
    /// The program calls itself so.
    Titled(String),
    /// It has another size.
    Resized(Size),
    /// The user wants the keyboard back for the page.
    ReturnFocus,
}

/// Lines kept above the screen.
pub(crate) const SCROLLBACK: u32 = 5000;
/// What the systems have, the CJK ones last because their Latin letters are the poorer ones.
const FONTS: &str = "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, \
    'DejaVu Sans Mono', 'Liberation Mono', 'Noto Sans Mono CJK SC', monospace";
/// Begins an empty line.
const NEW_LINE: &str = "\r\n\x1b[J";

/// A terminal on the page; it is disposed of when dropped.
pub(crate) struct Terminal {
    inner: Rc<Inner>,
    decoder: Decoder,
    rendered: Closure<dyn FnMut()>,
    observer: ResizeObserver,
    _sync_output: SyncOutput,
    _widths: Widths,
    cover: RefCell<Option<Cover>>,
    _listeners: Vec<Listener>,
    _closures: Closures,
    _clipboard_requests: program_clipboard::Listening,
    _links: links::Chosen,
    _touch: Touch,
}

/// What JavaScript calls has to live as long as it may be called: input, binary input and titles, keys,
/// changes of size.
type Closures = (
    [Closure<dyn FnMut(String)>; 3],
    Closure<dyn FnMut(KeyboardEvent) -> bool>,
    Closure<dyn FnMut()>,
);

/// Text on its way to the screen.
struct QueuedText {
    text: JsString,
    kind: TextKind,
}

/// What text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TextKind {
    /// Output up to this offset.
    Output(u64),
    /// The page's own.
    Own,
    /// The last of another terminal's content.
    Restored,
    /// The end of what the last shell wrote.
    End,
}

struct Inner {
    terminal: Xterm,
    fit: FitAddon,
    state: StateAddon,
    marks: PromptDetector,
    host: HtmlElement,
    size: Cell<Size>,
    /// What is not on the screen yet, in order.
    queue: RefCell<VecDeque<QueuedText>>,
    recent: RefCell<RecentText>,
    /// What is not on the screen yet of another terminal's content.
    restoring: RefCell<Option<ScreenSnapshot>>,
    /// What keys have typed of a character.
    typed: Typed,
    /// Whether Ctrl+C and Ctrl+V are the clipboard's.
    clipboard_keys: Signal<bool>,
    handler: Box<dyn Fn(TerminalEvent)>,
}

impl Terminal {
    /// Opens a terminal that fills `host`; `clipboard_keys` says whether Ctrl+C and Ctrl+V are the clipboard's.
    pub(crate) fn open(
        host: &HtmlElement,
        clipboard_keys: Signal<bool>,
        handler: impl Fn(TerminalEvent) + 'static,
    ) -> Self {
        let terminal = bindings::terminal(&object(&[
            ("scrollback", SCROLLBACK.into()),
            ("fontFamily", FONTS.into()),
            ("fontSize", 14.into()),
            ("minimumContrastRatio", 4.5.into()),
            // a picture of one cell stays in it; WebGL alone can do that
            ("rescaleOverlappingGlyphs", true.into()),
            // Option types the characters of the keyboard's layout, as in the system's terminal
            ("macOptionIsMeta", false.into()),
            ("macOptionClickForcesSelection", true.into()),
            ("theme", theme::current().into()),
            // of output that is no terminal's it says so, line by line
            ("logLevel", "off".into()),
            // `unicode` is one
            ("allowProposedApi", true.into()),
        ]));
        let fit = FitAddon::new();
        load(&terminal, &fit);
        let state = StateAddon::new();
        load(&terminal, &state);
        terminal.open(host.clone());
        let marks = PromptDetector::watch(&terminal);
        let inner = Rc::new(Inner {
            terminal: terminal.clone(),
            marks,
            fit,
            state,
            host: host.clone(),
            size: Cell::default(),
            queue: RefCell::default(),
            recent: RefCell::default(),
            restoring: RefCell::default(),
            typed: Typed::default(),
            clipboard_keys,
            handler: Box::new(handler),
        });

        let input = closure(&inner, |inner, text| {
            (inner.handler)(TerminalEvent::Input(text))
        });
        let binary = closure(&inner, |inner, bytes: String| {
            // one char per byte
            let bytes = bytes.chars().map(|byte| byte as u8).collect();
            (inner.handler)(TerminalEvent::Bytes(bytes));
        });
        let key = {
            let inner = inner.clone();
            Closure::<dyn FnMut(_) -> bool>::new(move |event| inner.key(&event))
        };
        inner.terminal.on_data(input.as_ref().unchecked_ref());
        inner.terminal.on_binary(binary.as_ref().unchecked_ref());
        let titled = closure(&inner, |inner, title| {
            (inner.handler)(TerminalEvent::Titled(title))
        });
        inner
            .terminal
            .on_title_change(titled.as_ref().unchecked_ref());
        inner
            .terminal
            .attach_custom_key_event_handler(key.as_ref().unchecked_ref());

        let refit = {
            let inner = inner.clone();
            Closure::<dyn FnMut()>::new(move || inner.fit())
        };
        let observer = ResizeObserver::new(refit.as_ref().unchecked_ref())
            .expect("a browser with WebAssembly has a ResizeObserver");
        observer.observe(host);
        let shown = {
            let inner = inner.clone();
            Listener::new(&document(), "visibilitychange", move |_| {
                if dom::is_visible() {
                    inner.fit();
                }
            })
        };
        let coloured = {
            let inner = inner.clone();
            theme::watch(move || {
                let options = inner.terminal.options();
                bindings::set(&options, "theme", &theme::current());
            })
        };
        // xterm.js would take it as it is
        let pasted = {
            let inner = inner.clone();
            paste::listen(host, move |text| {
                (inner.handler)(TerminalEvent::Pasted(text.to_owned()))
            })
        };
        let links = {
            let inner = Rc::downgrade(&inner);
            let chosen = move |link| {
                if let Some(inner) = inner.upgrade() {
                    (inner.handler)(TerminalEvent::Link(link));
                }
            };
            links::listen(&terminal, chosen)
        };
        let clipboard_requests = {
            let inner = Rc::downgrade(&inner);
            program_clipboard::listen(&terminal, move |request| {
                // what is restored was said before
                if let Some(inner) = inner
                    .upgrade()
                    .filter(|inner| inner.restoring.borrow().is_none())
                {
                    (inner.handler)(TerminalEvent::ClipboardRequest(request));
                }
            })
        };
        inner.fit_when_fonts_are_loaded();

        let rendered = {
            let inner = inner.clone();
            Closure::new(move || inner.rendered())
        };
        renderer::draw_by_webgl(&inner.terminal);
        let terminal = Self {
            _sync_output: SyncOutput::watch(&inner.terminal),
            _widths: Widths::provide(&inner.terminal),
            inner,
            decoder: Decoder::new(),
            rendered,
            observer,
            cover: RefCell::default(),
            _listeners: [Some(shown), coloured]
                .into_iter()
                .flatten()
                .chain(pasted)
                .collect(),
            _closures: ([input, binary, titled], key, refit),
            _clipboard_requests: clipboard_requests,
            _links: links,
            _touch: Touch::listen(&terminal, host),
        };
        terminal.inner.fit();
        terminal
    }

    /// Its size; [`None`] while it isn't shown.
    pub(crate) fn size(&self) -> Option<Size> {
        Some(self.inner.size.get()).filter(|size| size.is_usable())
    }

    /// Writes output, of which the last whole character ends at the offset `end`; an [`TerminalEvent::Rendered`] follows when
    /// that is on the screen.
    pub(crate) fn write(&self, bytes: &Uint8Array, end: u64) {
        let text = self.decoder.push(bytes);
        if text.length() > 0 {
            self.put(&text, TextKind::Output(end));
        }
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
        // what the last shell wrote is no news to the next
        let mut queue = self.inner.queue.borrow_mut();
        for write in queue.iter_mut() {
            if let TextKind::Output(_) = write.kind {
                write.kind = TextKind::Own;
            }
        }
        drop(queue);
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
        let write = QueuedText {
            text: text.clone(),
            kind,
        };
        // before the write, which may call back at once
        self.inner.queue.borrow_mut().push_back(write);
        let rendered = self.rendered.as_ref().unchecked_ref();
        self.inner.terminal.write_text(text, rendered);
    }

    /// Whether a full-screen program has the screen.
    pub(crate) fn is_alternate(&self) -> bool {
        bindings::is_alternate(&self.inner.terminal)
    }

    /// Whether a program other than the shell seems to have it.
    pub(crate) fn is_busy(&self) -> bool {
        self.inner.marks.is_busy(&self.inner.terminal)
    }

    /// What is on it: all that was written and told as rendered, with that many lines above the screen at most.
    pub(crate) fn snapshot(&self, scrollback: u32) -> ScreenSnapshot {
        if let Some(snapshot) = self.inner.restoring.borrow().clone() {
            return snapshot;
        }
        let Inner {
            terminal,
            state,
            recent,
            ..
        } = &*self.inner;
        ScreenSnapshot::of(terminal, state, &recent.borrow(), scrollback)
    }

    /// Shows what was on another terminal. Gives false if another version of the page wrote it.
    pub(crate) fn restore(&self, snapshot: ScreenSnapshot) -> bool {
        let ScreenSnapshot { rows, cols, .. } = snapshot;
        // lines wrap as they did; the terminal takes its own size again afterwards
        self.inner.terminal.resize(cols.into(), rows.into());
        let is_known = self.inner.state.put(&snapshot.state);
        if is_known {
            let open = JsString::from(&*snapshot.open);
            *self.inner.restoring.borrow_mut() = Some(snapshot);
            self.put(&open, TextKind::Restored);
        } else {
            self.inner.fit();
        }
        is_known
    }

    /// Names it for screen readers.
    pub(crate) fn set_label(&self, label: &str) {
        let textarea = self.inner.terminal.get_textarea();
        textarea
            .set_attribute("aria-label", label)
            .expect("the attribute's name is valid");
    }

    /// Whether the program marks pastes, and so takes none of their lines for typed.
    pub(crate) fn marks_pastes(&self) -> bool {
        bindings::is_bracketed_paste(&self.inner.terminal)
    }

    /// Types a text: it comes out as what the keyboard types.
    pub(crate) fn type_in(&self, text: &str) {
        self.inner.terminal.input(text);
    }

    /// Types a line that was written elsewhere, with its end.
    pub(crate) fn type_line(&self, line: &str) {
        if !line.is_empty() {
            self.inner.terminal.paste(&paste::clean_paste(line));
        }
        self.type_in("\r");
    }

    /// Presses a key that the page has on the screen.
    pub(crate) fn press(&self, key: ScreenKey, modifiers: Modifiers) {
        let application = bindings::has_application_cursor(&self.inner.terminal);
        self.type_in(&modifiers.key(key, application));
    }

    /// Pastes a text that has been cleaned.
    pub(crate) fn paste(&self, text: &str) {
        self.inner.terminal.paste(text);
        self.inner.terminal.focus();
    }

    /// So many pixels of its foot are covered; the cursor stays in sight.
    pub(crate) fn cover(&self, height: f64) {
        // one at a time, for each puts back what it has moved
        drop(self.cover.take());
        let Inner { terminal, host, .. } = &*self.inner;
        let cover = (height > 0.0).then(|| Cover::new(terminal, host, height));
        self.cover.replace(cover);
    }

    /// Whether it is on the page.
    pub(crate) fn is_shown(&self) -> bool {
        self.inner.host.is_connected()
    }

    /// Gives it the keyboard.
    pub(crate) fn focus(&self) {
        self.inner.terminal.focus();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.observer.disconnect();
        drop(self.cover.take());
        self.inner.terminal.dispose();
    }
}

fn load(terminal: &Xterm, addon: &impl AsRef<JsValue>) {
    terminal.load_addon(addon.as_ref().clone().unchecked_into());
}

fn closure(
    inner: &Rc<Inner>,
    call: impl Fn(&Inner, String) + 'static,
) -> Closure<dyn FnMut(String)> {
    let inner = inner.clone();
    Closure::new(move |text| call(&inner, text))
}

impl Inner {
    /// Makes the terminal as large as its element.
    fn fit(&self) {
        // an element that isn't shown has no size to fit to
        let hidden = self.host.client_width() == 0 || self.host.client_height() == 0;
        if hidden || self.restoring.borrow().is_some() {
            return;
        }
        self.fit.fit();
        let cells = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let size = Size {
            rows: cells(self.terminal.get_rows()),
            cols: cells(self.terminal.get_cols()),
        };
        if size.is_usable() && self.size.replace(size) != size {
            (self.handler)(TerminalEvent::Resized(size));
        }
    }

    /// Another font has cells of another size.
    fn fit_when_fonts_are_loaded(self: &Rc<Self>) {
        let Ok(loaded) = document().fonts().ready() else {
            return;
        };
        let inner = Rc::downgrade(self);
        spawn_local(async move {
            if JsFuture::from(loaded).await.is_ok()
                && let Some(inner) = inner.upgrade()
            {
                inner.fit();
            }
        });
    }

    fn rendered(&self) {
        let Some(QueuedText { text, kind }) = self.queue.borrow_mut().pop_front() else {
            return;
        };
        let mut recent = self.recent.borrow_mut();
        if self.state.is_idle() {
            recent.clear();
        } else {
            recent.push(text);
        }
        drop(recent);
        match kind {
            TextKind::Output(end) => (self.handler)(TerminalEvent::Rendered(end)),
            TextKind::Own => {}
            TextKind::End => {
                self.state.renew();
                self.recent.borrow_mut().clear();
            }
            TextKind::Restored => {
                *self.restoring.borrow_mut() = None;
                self.fit();
            }
        }
    }

    /// Whether a key is for xterm.js.
    fn key(&self, event: &KeyboardEvent) -> bool {
        let key = Key {
            key: &event.key(),
            code: &event.code(),
            ctrl: event.ctrl_key(),
            shift: event.shift_key(),
            alt: event.alt_key(),
            meta: event.meta_key(),
            composing: event.is_composing(),
        };
        let meant = match &*event.type_() {
            "keydown" => keys::down(&key, self.clipboard_keys.get_untracked()),
            "keypress" => self.typed.press(&key, event.char_code()),
            _ => KeyAction::Terminal,
        };
        match &meant {
            KeyAction::Browser => return false,
            KeyAction::Type(text) => self.terminal.input(text),
            KeyAction::Copy | KeyAction::CopyOnce if self.terminal.has_selection() => {
                (self.handler)(TerminalEvent::Copied(self.terminal.get_selection()));
                if meant == KeyAction::CopyOnce {
                    // the next one interrupts
                    self.terminal.clear_selection();
                }
            }
            KeyAction::Terminal | KeyAction::CopyOnce => return true,
            KeyAction::Copy | KeyAction::Part => {}
            KeyAction::ReturnFocus => (self.handler)(TerminalEvent::ReturnFocus),
        }
        event.prevent_default();
        false
    }
}
