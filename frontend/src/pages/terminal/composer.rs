//! How to type on a phone: a line that is written in a native field, for input methods to work, and a row of keys above it.

use leptos::{attr::custom::custom_attribute, ev::SubmitEvent, html, prelude::*};

use crate::{
    i18n::use_language,
    xterm::screen_keys::{ComposerInput, Latch, Modifiers, ScreenKey},
};

/// The line and the keys. The style sheet shows them on narrow screens for fingers.
#[component]
pub(crate) fn Composer(
    modifiers: Modifiers,
    send: impl Fn(ComposerInput<'_>) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let field = NodeRef::<html::Input>::new();
    // What stood in the field before it was typed into.
    let before = StoredValue::new(String::new());
    let typed = move |_| {
        let Some(field) = field.get_untracked() else {
            return;
        };
        let now = field.value();
        let inserted = before.with_value(|before| inserted(before, &now));
        if let Some(character) = inserted.filter(|_| modifiers.is_pressed()) {
            // An input method does not let itself be stopped beforehand.
            field.set_value(&before.get_value());
            send(ComposerInput::Typed(&character));
        } else {
            before.set_value(now);
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            send(ComposerInput::Line(&field.value()));
            field.set_value("");
            before.set_value(String::new());
        }
    };
    let arrow = move |key: ScreenKey, sign: &'static str, name: Signal<&'static str>| {
        view! {
            <button type="button" class="composer__key" aria-label=name on:click=move |_| send(ComposerInput::Key(key))>{sign}</button>
        }
    };
    let plain = move |key: ScreenKey, sign: &'static str| {
        view! { <button type="button" class="composer__key" on:click=move |_| send(ComposerInput::Key(key))>{sign}</button> }
    };
    let modifier = move |latch: RwSignal<Latch>, sign: &'static str| {
        view! {
            <button
                type="button"
                class="composer__key"
                aria-pressed=move || if latch.get() == Latch::Off { "false" } else { "true" }
                class:composer__key--locked=move || latch.get() == Latch::Locked
                on:click=move |_| Modifiers::press(latch)
            >
                {sign}
            </button>
        }
    };
    view! {
        <section class="composer" data-testid="composer" aria-label=move || words().touch_keyboard>
            // The field keeps the focus, and with it the phone's keyboard.
            <div
                class="composer__keys"
                role="group"
                aria-label=move || words().keys
                on:mousedown=move |event| event.prevent_default()
            >
                {plain(ScreenKey::Esc, "Esc")}
                {plain(ScreenKey::Tab, "Tab")}
                {modifier(modifiers.ctrl, "Ctrl")}
                {modifier(modifiers.alt, "Alt")}
                {arrow(ScreenKey::Left, "←", Signal::derive(move || words().left))}
                {arrow(ScreenKey::Up, "↑", Signal::derive(move || words().up))}
                {arrow(ScreenKey::Down, "↓", Signal::derive(move || words().down))}
                {arrow(ScreenKey::Right, "→", Signal::derive(move || words().right))}
            </div>
            <form class="composer__form" on:submit=submit>
                <input
                    type="text"
                    class="field composer__line"
                    node_ref=field
                    data-testid="line"
                    aria-label=move || words().line
                    placeholder=move || words().line_hint
                    autocapitalize="off"
                    autocomplete="off"
                    {..custom_attribute("autocorrect", "off")}
                    spellcheck="false"
                    enterkeyhint="send"
                    on:input=typed
                />
                <button class="button--primary composer__send" on:mousedown=move |event| event.prevent_default()>
                    {move || words().send}
                </button>
            </form>
        </section>
    }
}

/// The character that was put into a text, if it was one.
fn inserted(before: &str, now: &str) -> Option<String> {
    let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), now.chars().collect());
    if new.len() != old.len() + 1 {
        return None;
    }
    let at = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    (old[at..] == new[at + 1..]).then(|| new[at].to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_found_wherever_it_was_typed() {
        for (before, now, character) in [
            ("", "c", Some("c")),
            ("abc", "abcd", Some("d")),
            ("abc", "xabc", Some("x")),
            ("你好", "你们好", Some("们")),
            ("aa", "aaa", Some("a")),
            // Taken away, replaced, or more than one.
            ("abc", "ab", None),
            ("abc", "abc", None),
            ("", "ls", None),
            ("abc", "xbcd", None),
        ] {
            assert_eq!(
                inserted(before, now).as_deref(),
                character,
                "{before} {now}"
            );
        }
    }
}
