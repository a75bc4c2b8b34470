//! Whether a program runs in a shell, as far as a terminal can tell.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Date};
use wasm_bindgen::prelude::*;

use crate::xterm::bindings::{self, Marker, Xterm, object};

/// What a prompt ends with, in the shells and themes that are common.
const PROMPTS: [char; 7] = ['#', '$', '%', '>', '❯', '»', 'λ'];
/// So many words at most stand before that: user, place, branch, and the like.
const WORDS: usize = 4;

/// The mode's number.
const BRACKETED_PASTE: f64 = 2004.0;

/// What a shell has shown of when it waits for a command.
#[derive(Clone, Default)]
pub(crate) struct PromptDetector {
    /// Whether it asks for bracketed paste while it does, and only then, as bash, zsh and fish do.
    bracket: Rc<Cell<bool>>,
    /// What was entered last while it did.
    entered: Rc<RefCell<Option<Entered>>>,
}

/// A line that was entered at a prompt. What it says is read when it is asked for: its last characters may be on their way.
struct Entered {
    /// Where it is.
    place: Marker,
    /// When, in ms since 1970.
    at: f64,
}

/// A program that has a terminal, as far as that can tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Running {
    /// The command that began it, if it is still to be read.
    pub(crate) command: Option<String>,
    /// Since when, in ms since 1970.
    pub(crate) since: Option<f64>,
}

impl Running {
    /// What the program is called; nothing where the command is of several.
    pub(crate) fn program(&self) -> Option<&str> {
        let command = self.command.as_deref()?;
        if command.contains([';', '&', '|', '(', '{']) {
            return None;
        }
        let mut words = command.split_whitespace();
        // Before it may stand what it is given.
        let program = words.find(|word| !word.contains('='))?;
        program.rsplit('/').next()
    }
}

impl PromptDetector {
    /// Watches a terminal from here on.
    pub(crate) fn watch(terminal: &Xterm) -> Self {
        let marks = Self::default();
        let (bracket, entered) = (marks.bracket.clone(), marks.entered.clone());
        let set = Closure::<dyn FnMut(Array) -> bool>::new(move |modes: Array| {
            if modes
                .iter()
                .any(|mode| mode.as_f64() == Some(BRACKETED_PASTE))
            {
                bracket.set(true);
                // The shell waits anew: what was entered has ended.
                forget(&entered);
            }
            // xterm.js's own handler is next.
            false
        });
        let sequence = object(&[("prefix", "?".into()), ("final", "h".into())]);
        let handler = set.into_js_value();
        terminal
            .parser()
            .register_csi_handler(&sequence, handler.unchecked_ref());
        marks
    }

    /// Something is typed.
    pub(crate) fn typed(&self, terminal: &Xterm, text: &str) {
        let Some((_, rest)) = text.split_once('\r') else {
            return;
        };
        let is_busy = self.is_busy(terminal);
        // What is entered while a program runs may be for that, or for the shell after it. One that brackets says which.
        if !is_busy || !self.bracket.get() {
            self.forget();
        }
        if !is_busy && rest.is_empty() {
            *self.entered.borrow_mut() = bindings::mark_cursor(terminal).map(|place| Entered {
                place,
                at: Date::now(),
            });
        }
    }

    /// Another shell begins.
    pub(crate) fn forget(&self) {
        forget(&self.entered);
    }

    /// The program that seems to have the terminal, other than the shell.
    pub(crate) fn running(&self, terminal: &Xterm) -> Option<Running> {
        self.is_busy(terminal).then(|| {
            let entered = self.entered.borrow();
            let line = |entered: &Entered| bindings::whole_line(terminal, &entered.place);
            Running {
                command: entered
                    .as_ref()
                    .and_then(line)
                    .and_then(|line| command(&line)),
                since: entered.as_ref().map(|entered| entered.at),
            }
        })
    }

    /// Whether a program other than the shell seems to have the terminal.
    pub(crate) fn is_busy(&self, terminal: &Xterm) -> bool {
        if bindings::is_alternate(terminal) {
            return true;
        }
        let brackets = bindings::is_bracketed_paste(terminal);
        if self.bracket.get() {
            return !brackets;
        }
        !brackets && !is_prompt(&bindings::before_cursor(terminal))
    }
}

fn forget(entered: &RefCell<Option<Entered>>) {
    if let Some(entered) = entered.take() {
        entered.place.dispose();
    }
}

/// Whether a line up to the cursor looks like a prompt, with something typed behind it or not.
fn is_prompt(line: &str) -> bool {
    prompt(line).is_some()
}

/// How much of a line is a prompt, in bytes.
fn prompt(line: &str) -> Option<usize> {
    let mut end = 0;
    let ends = line.split_inclusive(' ').take(WORDS).map(|word| {
        end += word.len();
        (word.trim_end(), end)
    });
    ends.filter(|(word, _)| word.ends_with(PROMPTS))
        .map(|(_, end)| end)
        .next()
}

/// What stands behind a prompt.
fn command(line: &str) -> Option<String> {
    let command = line[prompt(line)?..].trim();
    (!command.is_empty()).then(|| command.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Running, command, is_prompt};

    #[test]
    fn prompts() {
        for line in [
            "$ ",
            "# ",
            "/ # ",
            "bash-5.2# ",
            "root@web-0:/app# ls -l",
            "[root@web-0 app]# ",
            "~/app main ❯ ",
            "web-0% ",
            "PS C:\\Users> ",
            "C:\\>",
        ] {
            assert!(is_prompt(line), "{line:?}");
        }
    }

    #[test]
    fn what_stands_behind_a_prompt_is_a_command() {
        for (line, expected) in [
            ("root@web-0:/app# sleep 100", Some("sleep 100")),
            (
                "/ # pg_dump shop > /backup/shop.sql ",
                Some("pg_dump shop > /backup/shop.sql"),
            ),
            ("~/app main ❯ make -j 4", Some("make -j 4")),
            ("$ ", None),
            ("12:00:01 info started", None),
            ("", None),
        ] {
            assert_eq!(command(line).as_deref(), expected, "{line:?}");
        }
    }

    #[test]
    fn a_command_names_a_program() {
        for (command, program) in [
            ("sleep 100", Some("sleep")),
            ("TZ=UTC LANG=C /usr/bin/top -b", Some("top")),
            ("A=1", None),
            ("cd /app && make", None),
            ("cat log | less", None),
            ("echo a; sleep 9", None),
        ] {
            let running = Running {
                command: Some(command.to_owned()),
                since: None,
            };
            assert_eq!(running.program(), program, "{command}");
        }
        assert_eq!(Running::default().program(), None);
    }

    #[test]
    fn no_prompts() {
        for line in [
            "",
            "12:00:01 info started",
            "Password: ",
            "Continue? [y/n] ",
            "  ",
        ] {
            assert!(!is_prompt(line), "{line:?}");
        }
    }
}
