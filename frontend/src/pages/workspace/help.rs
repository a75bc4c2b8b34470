//! The sheet of all keys, of which the page's own can be changed.

use leptos::prelude::*;

use crate::{
    browser::dom,
    i18n::Words,
    pages::workspace::{
        chords::ROWS,
        commands::{Command, Commands},
        key_row::KeyRow,
    },
    ui::dialogue::{Choice, Dialogue},
};

/// Shows it.
pub(super) fn open(commands: Commands) {
    let words = commands.language.get_untracked().words();
    commands.dialogues.ask(Dialogue {
        title: words.help.to_owned(),
        body: Box::new(move || view! { <Sheet commands words /> }.into_any()),
        choices: vec![Choice::cancel(words.close)],
    });
}

#[component]
fn Sheet(commands: Commands, words: &'static Words) -> impl IntoView {
    // On a Mac it is the key that no shell sees.
    let clipboard = if dom::is_mac() {
        "Cmd C, V"
    } else {
        "Ctrl Shift C, V"
    };
    let note = if dom::is_mac() {
        words.chords.note_mac
    } else {
        words.chords.note
    };
    let fixed = |keys: &'static str, what: &'static str| {
        view! { <tr><th scope="row">{what}</th><td><kbd>{keys}</kbd></td></tr> }
    };
    let table = |rows: Vec<(&'static str, &'static str)>| {
        let rows = rows.into_iter().map(|(keys, what)| fixed(keys, what));
        view! { <table class="keys">{rows.collect_view()}</table> }
    };
    // The row that waits for its new keys.
    let waiting = RwSignal::new(None::<usize>);
    let own = (0..ROWS.len()).map(|at| {
        let after = match ROWS[at].command() {
            Command::Help => Some(fixed("Shift Esc", words.leave_terminal)),
            Command::Turn(_) => Some(fixed("F2, Delete", words.tab_keys)),
            _ => None,
        };
        view! {
            <KeyRow at commands waiting words />
            {after}
        }
    });
    view! {
        <div class="settings key-sheet" tabindex="0" role="region" aria-label=words.help>
            <section>
                <h3 class="settings__part">{words.everywhere}</h3>
                <p class="key-sheet__note">{note}</p>
                <table class="keys">
                    {own.collect_view()}
                    {fixed(clipboard, words.copy_paste)}
                    {fixed("Shift PgUp PgDn Home End", words.scroll)}
                </table>
            </section>
            <section>
                <h3 class="settings__part">{words.in_list}</h3>
                {table(vec![
                    ("↑ ↓, J K", words.hint_choose),
                    ("Enter, S", words.open_shell),
                    ("→ ←", words.hint_containers),
                    ("V H", words.hint_split),
                    ("L", words.log.name),
                    ("A", words.attach),
                    ("D", words.hint_debug),
                    ("/", words.filter),
                    ("1–9", words.running_here),
                ])}
                <h3 class="settings__part">{words.log.in_log}</h3>
                {table(vec![
                    ("↑ ↓, PgUp PgDn, Home, End", words.log.keys_move),
                    ("/, N, Shift N", words.log.keys_search),
                    ("F", words.log.follow_title),
                    ("T", words.log.times_title),
                    ("W", words.log.wrap_title),
                    ("P", words.log.previous_title),
                    ("M", words.log.only_title),
                ])}
            </section>
        </div>
    }
}
