//! The words of the page's keys in English.

use crate::i18n::key_words::KeyWords;

/// They.
pub(super) static KEYS: KeyWords = KeyWords {
    previous_region: "previous part of the page",
    full_screen: "Full screen",
    note: "Choose keys to change them. In full screen Ctrl W, T and N are the shell's too; hold Esc to leave it.",
    note_mac: "Choose keys to change them.",
    change: "Change these keys",
    none: "none",
    press: "Press the new keys. Esc leaves them as they are.",
    press_one: "Press one of its keys together with Ctrl, Shift or Alt. Esc leaves them as they are.",
    give: "Give to the shell",
    take: "No keys",
    usual: "As usual",
    leave: "Leave",
    types: "These keys write text. Hold Ctrl or Alt, too.",
    browsers: "The browser keeps these keys to itself.",
    not_one: "It is done by these keys together with others; press one of them.",
    programs: "Programs in a terminal get these keys no more.",
};
