//! A remark below a terminal, which goes when it has been read, or is true no more.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use podshell_shared::terminal::IDLE_WARNING;

/// For how long a remark stands, in ms.
const STANDS: u32 = 8_000;

/// The remark, if there is one. It stays for as long as the pointer or the focus is on it.
#[component]
pub(crate) fn Toast(text: RwSignal<Option<String>>) -> impl IntoView {
    let held = RwSignal::new(false);
    // what the last run gave is dropped, and a timer with it
    Effect::new(move |_: Option<Option<Timeout>>| {
        let stands = text.with(|text| text.as_deref().and_then(stands));
        (!held.get())
            .then_some(stands?)
            .map(|stands| Timeout::new(stands, move || text.set(None)))
    });
    move || {
        let text = text.get()?;
        // who was on the last one is not on this
        held.set(false);
        Some(view! {
            <p
                class="toast"
                role="status"
                tabindex="0"
                on:pointerenter=move |_| held.set(true)
                on:pointerleave=move |_| held.set(false)
                on:focus=move |_| held.set(true)
                on:blur=move |_| held.set(false)
            >
                {text}
            </p>
        })
    }
}

/// How long a remark stands, in ms; `None` for as long as it is true.
fn stands(text: &str) -> Option<u32> {
    (!is_idle_warning(text)).then_some(STANDS)
}

/// Whether a remark is true no more once something was typed.
fn is_idle_warning(text: &str) -> bool {
    text.starts_with(IDLE_WARNING)
}

/// Something was typed, or there is no session any more that might end.
pub(crate) fn end_idle_warning(text: RwSignal<Option<String>>) {
    let is_warned = |text: &Option<String>| text.as_deref().is_some_and(is_idle_warning);
    if text.with_untracked(is_warned) {
        text.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_idle_warning_stands_until_something_is_typed() {
        let warning = format!("{IDLE_WARNING}, this session ends in 59 seconds.");
        let old = "This session ends in 59 seconds: it is as old as allowed here.";
        assert_eq!((stands(&warning), stands(old)), (None, Some(8_000)));
        for (said, after) in [(warning.as_str(), None), (old, Some(old))] {
            let text = RwSignal::new(Some(said.to_owned()));
            end_idle_warning(text);
            assert_eq!(text.get_untracked().as_deref(), after);
        }
    }
}
