//! Whether a program runs in a shell, as far as a terminal can tell.

use std::{cell::Cell, rc::Rc};

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::xterm::bindings::{self, Xterm, object};

/// What a prompt ends with, in the shells and themes that are common.
const PROMPTS: [char; 7] = ['#', '$', '%', '>', '❯', '»', 'λ'];
/// So many words at most stand before that: user, place, branch, and the like.
const WORDS: usize = 4;

/// The mode's number.
const BRACKETED_PASTE: f64 = 2004.0;

/// What a shell has shown of when it waits for a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct PromptDetector {
    /// Whether it asks for bracketed paste while it does, and only then, as bash, zsh and fish do.
    bracket: Rc<Cell<bool>>,
}

impl PromptDetector {
    /// Watches a terminal from here on.
    pub(crate) fn watch(terminal: &Xterm) -> Self {
        let marks = Self::default();
        let bracket = marks.bracket.clone();
        let set = Closure::<dyn FnMut(Array) -> bool>::new(move |modes: Array| {
            if modes
                .iter()
                .any(|mode| mode.as_f64() == Some(BRACKETED_PASTE))
            {
                bracket.set(true);
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

/// Whether a line up to the cursor looks like a prompt, with something typed behind it or not.
fn is_prompt(line: &str) -> bool {
    line.split_inclusive(' ')
        .take(WORDS)
        .map(str::trim_end)
        .any(|word| word.ends_with(PROMPTS))
}

#[cfg(test)]
mod tests {
    use super::is_prompt;

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
