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
    let of = |command: Command| (command.keys(), command.name(words));
    let everywhere = vec![
        of(Command::GoTo),
        of(Command::Help),
        ("Shift Esc", words.leave_terminal),
        of(Command::Region(1)),
        of(Command::Split(Axis::Horizontal)),
        of(Command::Split(Axis::Vertical)),
        of(Command::Duplicate),
        of(Command::Toward(Direction::Up)),
        of(Command::Push(Direction::Up)),
        of(Command::Zoom),
        of(Command::Close),
        of(Command::Turn(1)),
        ("F2, Delete", words.tab_keys),
        of(Command::Search),
        (clipboard, words.copy_paste),
        ("Shift PgUp PgDn Home End", words.scroll),
    ];
    let in_list = vec![
        ("↑ ↓, J K", words.hint_choose),
        ("Enter, S", words.open_shell),
        ("→ ←", words.hint_containers),
        ("V H", words.hint_split),
        ("L", words.log.name),
        ("A", words.attach),
        ("D", words.hint_debug),
        ("/", words.filter),
        ("1–9", words.running_here),
    ];
    let in_log = vec![
        ("↑ ↓, PgUp PgDn, Home, End", words.log.keys_move),
        ("/, N, Shift N", words.log.keys_search),
        ("F", words.log.follow_title),
        ("T", words.log.times_title),
        ("W", words.log.wrap_title),
        ("P", words.log.previous_title),
        ("M", words.log.only_title),
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
                <div class="settings key-sheet" tabindex="0" role="region" aria-label=words.help>
                    <section>
                        <h3 class="settings__part">{words.everywhere}</h3>
                        {table(everywhere.clone())}
                    </section>
                    <section>
                        <h3 class="settings__part">{words.in_list}</h3>
                        {table(in_list.clone())}
                    </section>
                    <section>
                        <h3 class="settings__part">{words.log.in_log}</h3>
                        {table(in_log.clone())}
                    </section>
                </div>
            }
            .into_any()
        }),
        choices: vec![Choice::cancel(words.close)],
    });
}
