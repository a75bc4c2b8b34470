//! A row of the sheet of keys: what a command's keys are, and how they get others.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::KeyboardEvent;

use crate::{
    browser::{dom, listener::Listener},
    i18n::{Language, Words},
    pages::workspace::{
        chord::Chord,
        chords::{Bindings, ROWS, Refusal},
        commands::Commands,
    },
    settings::Settings,
    xterm::keys::Key,
};

/// The row of one of [`ROWS`].
#[component]
pub(super) fn KeyRow(
    at: usize,
    commands: Commands,
    /// The row that waits for its new keys.
    waiting: RwSignal<Option<usize>>,
    words: &'static Words,
) -> impl IntoView {
    let bindings = commands.bindings;
    let settings: Settings = expect_context();
    let language = commands.language;
    let said = RwSignal::new(String::new());
    let button = NodeRef::<html::Button>::new();
    let ways = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(ways) = ways.get() {
            dom::scroll_to(&ways);
        }
    });
    let keys = move || bindings.with(|bindings| bindings.keys_of(at));
    // The keyboard goes back to where it was.
    let leave = move || {
        waiting.set(None);
        request_animation_frame(move || {
            // The sheet may be closed by then.
            if let Some(Some(button)) = button.try_get_untracked() {
                button.focus().ok();
            }
        });
    };
    let change = move |changed: Result<Bindings, Refusal>| match changed {
        Ok(changed) => {
            settings.set_keys(&changed.kept());
            said.set(if changed.is_taken_from_programs(at) {
                words.chords.programs.to_owned()
            } else {
                String::new()
            });
            leave();
        }
        Err(refusal) => said.set(reason(refusal, words, language.get_untracked())),
    };
    let now = move || bindings.with_untracked(Clone::clone);
    let waits = move || {
        (waiting.get() == Some(at)).then(|| {
        let listener = listen(move |pressed| match pressed {
            Some(chord) => change(now().choose(at, chord)),
            None => leave(),
        });
        StoredValue::new_local(listener);
        let has_keys = !keys().is_empty();
        let is_changed = bindings.with_untracked(|bindings| bindings.is_changed(at));
        view! {
            <div class="key-row__ways" node_ref=ways>
                {has_keys.then(|| view! {
                    <button type="button" on:click=move |_| change(Ok(now().without(at)))>{if dom::is_mac() { words.chords.take } else { words.chords.give }}</button>
                })}
                {is_changed.then(|| view! {
                    <button type="button" on:click=move |_| change(now().reset(at))>{words.chords.usual}</button>
                })}
                <button type="button" on:click=move |_| leave()>{words.chords.leave}</button>
            </div>
        }
    })
    };
    let press = if ROWS[at].is_of_several() {
        words.chords.press_one
    } else {
        words.chords.press
    };
    let text = move || {
        let press = if waiting.get() == Some(at) { press } else { "" };
        format!("{} {press}", said.get()).trim().to_owned()
    };
    let shown = move || {
        let keys = keys();
        if keys.is_empty() {
            words.chords.none.to_owned()
        } else {
            keys
        }
    };
    view! {
        <tr data-testid="key-row" data-command=ROWS[at].id()>
            <th scope="row">{ROWS[at].command().name(words)}</th>
            <td>
                <button
                    type="button"
                    class="key-row__keys"
                    node_ref=button
                    title=words.chords.change
                    aria-expanded=move || (waiting.get() == Some(at)).to_string()
                    on:click=move |_| {
                        said.set(String::new());
                        waiting.set(Some(at));
                    }
                >
                    <kbd>{shown}</kbd>
                </button>
                <p class="key-row__said" role="status">{text}</p>
                {waits}
            </td>
        </tr>
    }
    .into_any()
}

/// Hears of the next chord before anybody else does, and of nothing where Esc is pressed. Keys that go from button to button, and
/// press them, do that.
fn listen(tell: impl Fn(Option<Chord>) + 'static) -> Listener {
    Listener::capturing(&window(), "keydown", move |event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        let (name, code) = (event.key(), event.code());
        let is_alone = !(event.ctrl_key() || event.alt_key() || event.meta_key());
        if is_alone && matches!(&*name, "Tab" | "Enter" | " ") {
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        if is_alone && !event.shift_key() && name == "Escape" {
            tell(None);
            return;
        }
        if let Some(chord) = Chord::of(&Key::of(event, &name, &code)) {
            tell(Some(chord));
        }
    })
}

/// Why keys can't be had, in words.
fn reason(refusal: Refusal, words: &Words, language: Language) -> String {
    match refusal {
        Refusal::Types => words.chords.types.to_owned(),
        Refusal::Browser => words.chords.browsers.to_owned(),
        Refusal::NotOne => words.chords.not_one.to_owned(),
        Refusal::Taken(by) => language.keys_taken(by(words)),
        Refusal::Chosen(by) => language.keys_taken(by.name(words)),
    }
}
