//! What a session asks its user, and tells them of: before lines are pasted, before a link opens, when something is copied.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::clipboard,
    session::{status::Status, view::TerminalView},
    settings::Preferences,
    ui::{
        dialogue::{Choice, Dialogue},
        notice::Notice,
    },
    xterm::{links::Link, paste, program_clipboard::ClipboardRequest, terminal::Terminal},
};

/// So many lines of a paste are shown.
const LINES: usize = 4;
/// So much of a line or of a short text is shown, in characters.
const LINE: usize = 200;
const BEGINNING: usize = 24;
/// So much of what a program has copied is shown, in characters.
const SHOWN: usize = 10_000;

/// What a user has settled for one shell.
#[derive(Default)]
struct Settled {
    /// Not to be asked before lines are pasted.
    pastes: Cell<bool>,
    /// Programs may not write the clipboard.
    no_copies: Cell<bool>,
    /// What a program wants on the clipboard; the last is enough, however fast they come.
    copying: RefCell<Option<Rc<str>>>,
    /// Whether the browser is busy with an earlier one.
    busy: Cell<bool>,
}

/// The questions at one terminal.
pub(crate) struct Questions {
    me: Weak<Self>,
    terminal: Rc<Terminal>,
    view: TerminalView,
    preferences: Preferences,
    settled: RefCell<Rc<Settled>>,
}

impl Questions {
    /// Asks at a terminal, where `view` is shown.
    pub(crate) fn new(
        terminal: Rc<Terminal>,
        view: TerminalView,
        preferences: Preferences,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            terminal,
            view,
            preferences,
            settled: RefCell::default(),
        })
    }

    /// Forgets what was settled: another shell begins.
    pub(crate) fn begin_again(&self) {
        self.settled.take();
    }

    /// Pastes a text, or asks first where each of its lines would run at once.
    pub(crate) fn paste(&self, text: String) {
        let lines = paste::lines(&text).count();
        let settled = self.settled.borrow().clone();
        let runs = lines > 1 && !self.view.status.with_untracked(Status::is_ended);
        let asks = self.preferences.paste_asks.get_untracked() && !settled.pastes.get();
        if !runs || !asks || self.terminal.marks_pastes() {
            self.terminal.paste(&text);
            return;
        }
        let language = self.preferences.language.get_untracked();
        let words = language.words();
        let shown: Vec<String> = paste::lines(&text)
            .take(LINES)
            .map(|line| beginning(line, LINE))
            .collect();
        let mut shown = shown.join("\n");
        if lines > LINES {
            shown.push('\n');
            shown.push_str(&language.more_lines(lines - LINES));
        }
        let asks_again = RwSignal::new(true);
        let body = move || {
            view! {
                <p class="dialogue__hint">{words.paste_hint}</p>
                <pre class="dialogue__text" tabindex="0" role="region" aria-label=words.paste_text>
                    {shown.clone()}
                </pre>
                <label class="choice">
                    <input
                        type="checkbox"
                        class="choice__box"
                        on:change:target=move |event| asks_again.set(!event.target().checked())
                    />
                    {words.do_not_ask}
                </label>
            }
            .into_any()
        };
        let whole = Rc::<str>::from(text);
        let pastes = |text: Rc<str>, one_line: bool| {
            let (me, settled) = (self.me.clone(), settled.clone());
            move || {
                settled.pastes.set(!asks_again.get_untracked());
                if let Some(me) = me.upgrade() {
                    if one_line {
                        me.terminal.paste(&paste::as_one_line(&text));
                    } else {
                        me.terminal.paste(&text);
                    }
                }
            }
        };
        self.view.dialogues.ask(Dialogue {
            title: language.paste_title(lines),
            body: Box::new(body),
            choices: vec![
                Choice::cancel(words.cancel),
                Choice::new(words.paste_one_line, pastes(Rc::clone(&whole), true)),
                Choice::new(language.paste_lines(lines), pastes(whole, false)),
            ],
        });
    }

    /// Asks whether to open a link.
    pub(crate) fn ask_for_link(&self, link: Link) {
        let words = self.preferences.language.get_untracked().words();
        let Link {
            address,
            host,
            other,
        } = link;
        let (before, after) = around(&address, &host);
        let (before, after) = (before.to_owned(), after.to_owned());
        let is_other = other.is_some();
        let body = move || {
            let warning = other.clone().map(|other| {
                let [names, leads, end] = words.other_host;
                view! {
                    <p class="dialogue__warning">
                        {names}<strong>{other}</strong>{leads}<strong>{host.clone()}</strong>{end}
                    </p>
                }
            });
            view! {
                <pre class="dialogue__text dialogue__text--wraps" tabindex="0" role="region" aria-label=words.address>
                    {before.clone()}<strong>{host.clone()}</strong>{after.clone()}
                </pre>
                {warning}
            }
            .into_any()
        };
        let copies = {
            let (me, address) = (self.me.clone(), address.clone());
            Choice::new(words.copy_address, move || copy(&me, &address))
        };
        let opens = Choice::new(words.open_link, move || {
            let opened = window().open_with_url_and_target_and_features(
                &address,
                "_blank",
                "noopener,noreferrer",
            );
            // With `noopener` there is nothing to be told of it.
            drop(opened);
        });
        let cancels = Choice::cancel(words.cancel);
        self.view.dialogues.ask(Dialogue {
            title: words.link_title.to_owned(),
            body: Box::new(body),
            choices: if is_other {
                vec![copies, opens, cancels]
            } else {
                vec![cancels, copies, opens]
            },
        });
    }

    /// Copies what the user has selected.
    pub(crate) fn copy(&self, text: &str) {
        copy(&self.me, text);
    }

    /// A program asks for the clipboard.
    pub(crate) fn receive_clipboard_request(&self, request: ClipboardRequest) {
        let settled = self.settled.borrow().clone();
        if settled.no_copies.get() || !self.preferences.program_copies.get_untracked() {
            return;
        }
        match request {
            ClipboardRequest::TooMuch => {
                let language = self.preferences.language.get_untracked();
                let too_much = Notice::new(language.words().program_copies_too_much);
                self.view
                    .notices
                    .show(too_much.choices(vec![self.never_again()]));
            }
            ClipboardRequest::Write(text) => {
                *settled.copying.borrow_mut() = Some(text.into());
                if !settled.busy.replace(true) {
                    self.copy_for_program(settled);
                }
            }
        }
    }

    /// Puts on the clipboard what a program asked for last, and says so.
    fn copy_for_program(&self, settled: Rc<Settled>) {
        let me = self.me.clone();
        spawn_local(async move {
            while let Some(text) = settled.copying.take() {
                // Who looks elsewhere would not hear of it.
                let shown = me
                    .upgrade()
                    .is_some_and(|me| me.view.is_seen.get_untracked());
                let copied = shown && clipboard::write(&text).await;
                if let Some(me) = me.upgrade() {
                    me.tell_of_copy(text, copied);
                }
            }
            settled.busy.set(false);
        });
    }

    fn tell_of_copy(&self, text: Rc<str>, copied: bool) {
        let language = self.preferences.language.get_untracked();
        let words = language.words();
        let count = text.chars().count();
        let first = paste::lines(&text)
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let mut about = beginning(first.trim(), BEGINNING);
        if about.chars().count() < count && !about.ends_with('…') {
            about.push('…');
        }
        let mut choices = Vec::new();
        if !copied {
            let (me, text) = (self.me.clone(), Rc::clone(&text));
            choices.push(Choice::new(words.copy, move || copy(&me, &text)));
        }
        let me = self.me.clone();
        choices.push(Choice::new(words.show, move || {
            if let Some(me) = me.upgrade() {
                me.show_copy(&text);
            }
        }));
        choices.push(self.never_again());
        let says = if copied {
            language.program_copied(count)
        } else {
            language.program_would_copy(count)
        };
        self.view
            .notices
            .show(Notice::new(says).about(about).choices(choices));
    }

    /// Shows what a program has copied.
    fn show_copy(&self, text: &str) {
        let words = self.preferences.language.get_untracked().words();
        let shown = paste::clean_paste(&text.replace("\r\n", "\n")).into_owned();
        let shown = match shown.char_indices().nth(SHOWN) {
            Some((at, _)) => format!("{}…", &shown[..at]),
            None => shown,
        };
        let body = move || {
            view! {
                <pre class="dialogue__text" tabindex="0" role="region" aria-label=words.program_text>
                    {shown.clone()}
                </pre>
            }
            .into_any()
        };
        self.view.dialogues.ask(Dialogue {
            title: words.program_text.to_owned(),
            body: Box::new(body),
            choices: vec![Choice::cancel(words.close)],
        });
    }

    fn never_again(&self) -> Choice {
        let words = self.preferences.language.get_untracked().words();
        let settled = self.settled.borrow().clone();
        Choice::new(words.never_again, move || settled.no_copies.set(true))
    }
}

/// Copies what the user asks for, and says so if that fails.
fn copy(questions: &Weak<Questions>, text: &str) {
    let copied = clipboard::write(text);
    let questions = questions.clone();
    spawn_local(async move {
        if !copied.await
            && let Some(me) = questions.upgrade()
        {
            let words = me.preferences.language.get_untracked().words();
            me.view.notices.show(Notice::new(words.copy_failed));
        }
    });
}

/// The beginning of a line, with its control characters shown.
fn beginning(line: &str, length: usize) -> String {
    let line = match line.char_indices().nth(length) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    };
    paste::clean_paste(&line).into_owned()
}

/// What stands before a host in an address, and behind it.
fn around<'a>(address: &'a str, host: &str) -> (&'a str, &'a str) {
    let scheme = address.find("://").map_or(0, |at| at + 3);
    let authority = address[scheme..]
        .find(['/', '?', '#'])
        .map_or(address.len(), |at| scheme + at);
    // Behind the name of a user, which may look like a host.
    let user = address[scheme..authority]
        .rfind('@')
        .map_or(scheme, |at| scheme + at + 1);
    let end = (user + host.len()).min(address.len());
    (&address[..user], &address[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_the_one_that_is_gone_to() {
        for (address, host, before, after) in [
            ("https://a.example/b", "a.example", "https://", "/b"),
            (
                "https://a.example@evil.example:8443/?a@b",
                "evil.example",
                "https://a.example@",
                ":8443/?a@b",
            ),
            ("http://[::1]:80/", "[::1]", "http://", ":80/"),
        ] {
            assert_eq!(around(address, host), (before, after), "{address}");
        }
    }

    #[test]
    fn beginnings_are_whole_characters() {
        assert_eq!(beginning("你好🎉é", 3), "你好🎉…");
        assert_eq!(beginning("a\u{1b}[0m", 9), "a␛[0m");
    }
}
