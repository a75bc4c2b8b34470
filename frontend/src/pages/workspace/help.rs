//! The sheet of all keys.

use leptos::prelude::*;

use crate::{
    browser::dom,
    i18n::Language,
    ui::dialogue::{Choice, Dialogue, Dialogues},
};

/// Shows it.
pub(super) fn open(dialogues: Dialogues, language: Language) {
    let words = language.words();
    let is_mac = dom::is_mac();
    // On a Mac it is the key that no shell sees.
    let chord = move |others: &'static str, mac: &'static str| if is_mac { mac } else { others };
    let everywhere = vec![
        (chord("Ctrl Shift K", "Cmd K"), words.go_to),
        (chord("Ctrl Shift H", "Cmd Shift H"), words.help),
        ("Shift Esc", words.way_out),
        ("Ctrl F6", words.next_region),
        (chord("Ctrl Shift E", "Cmd D"), words.split_right),
        (chord("Ctrl Shift O", "Cmd Shift D"), words.split_down),
        (
            chord("Ctrl Shift Enter", "Cmd Shift Enter"),
            words.duplicate,
        ),
        (
            chord("Ctrl Shift ← ↑ → ↓", "Cmd Shift ← ↑ → ↓"),
            words.toward,
        ),
        (
            chord("Ctrl Shift Alt ← ↑ → ↓", "Cmd Shift Option ← ↑ → ↓"),
            words.move_divider,
        ),
        (chord("Ctrl Shift Z", "Cmd Shift Z"), words.zoom),
        (chord("Ctrl Shift X", "Cmd Shift X"), words.close_pane),
        ("Ctrl Shift PgDn PgUp", words.next_tab),
        (chord("Ctrl Shift F", "Cmd F"), words.search_terminal),
        (chord("Ctrl Shift C, V", "Cmd C, V"), words.copy_paste),
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
