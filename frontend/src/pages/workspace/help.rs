//! The sheet of all keys.

use leptos::prelude::*;

use crate::{
    browser::dom,
    i18n::Language,
    pages::workspace::commands::Command,
    ui::dialogue::{Choice, Dialogue, Dialogues},
    workspace::layout::{Axis, Direction},
};

/// Shows it.
pub(super) fn open(dialogues: Dialogues, language: Language) {
    let words = language.words();
    // On a Mac it is the key that no shell sees.
    let clipboard = if dom::is_mac() {
        "Cmd C, V"
    } else {
        "Ctrl Shift C, V"
    };
    let everywhere = vec![
        (Command::GoTo.keys(), words.go_to),
        (Command::Help.keys(), words.help),
        ("Shift Esc", words.leave_terminal),
        (Command::Region(1).keys(), words.next_region),
        (Command::Split(Axis::Horizontal).keys(), words.split_right),
        (Command::Split(Axis::Vertical).keys(), words.split_down),
        (Command::Duplicate.keys(), words.duplicate),
        (Command::Toward(Direction::Up).keys(), words.toward),
        (Command::Push(Direction::Up).keys(), words.move_divider),
        (Command::Zoom.keys(), words.zoom),
        (Command::Close.keys(), words.close_pane),
        (Command::Turn(1).keys(), words.next_tab),
        (Command::Search.keys(), words.search_terminal),
        (clipboard, words.copy_paste),
        ("Shift PgUp PgDn Home End", words.scroll),
    ];
    let in_list = vec![
        ("↑ ↓, J K", words.hint_choose),
        ("Enter, S", words.open_shell),
        ("→", words.hint_containers),
        ("V H", words.hint_split),
        ("A", words.attach),
        ("/", words.filter),
        ("1–9", words.running_here),
    ];
    let table = |rows: Vec<(&'static str, &'static str)>| {
        let rows = rows.into_iter().map(|(keys, what)| {
            view! { <tr><th scope="row">{what}</th><td><kbd>{keys}</kbd></td></tr> }
        });
        view! { <table class="keys">{rows.collect_view()}</table> }
    };
    dialogues.ask(Dialogue {
        title: words.help.to_owned(),
        body: Box::new(move || {
            view! {
                <div class="settings" tabindex="0" role="region" aria-label=words.help>
                    <h3 class="settings__part">{words.everywhere}</h3>
                    {table(everywhere.clone())}
                    <h3 class="settings__part">{words.in_list}</h3>
                    {table(in_list.clone())}
                </div>
            }
            .into_any()
        }),
        choices: vec![Choice::cancel(words.close)],
    });
}
