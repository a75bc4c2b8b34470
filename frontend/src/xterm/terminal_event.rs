//! What a terminal tells.

use podshell_shared::terminal::Size;

use crate::xterm::{links::Link, program_clipboard::ClipboardRequest};

/// What a terminal tells.
pub(crate) enum TerminalEvent {
    /// Typed, pasted, or the terminal's answer to a question of the program.
    Input(String),
    /// The same, where it is no text: mouse reports of the old form.
    Bytes(Vec<u8>),
    /// Pasted or dropped, and to be given back to the terminal.
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
    /// The program rings the bell.
    Rang,
    /// It has another size.
    Resized(Size),
    /// The user wants the keyboard back for the page.
    ReturnFocus,
}
