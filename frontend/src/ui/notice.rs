//! What is said at the foot of a terminal, until it has been read or is true no more.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use leptos::{html, prelude::*};

use crate::{
    browser::{dom, listener::Listener},
    i18n::use_language,
    ui::dialogue::Choice,
};

/// For how long a notice stands, in ms.
const STANDS: u32 = 8_000;

/// Something to be said, and what can be done about it.
#[derive(Default)]
pub(crate) struct Notice {
    text: String,
    /// What else there is to know.
    detail: String,
    /// What it is about, as it stands elsewhere.
    about: String,
    /// What changes from second to second, and is not read out.
    counts: Option<Box<dyn Fn() -> String>>,
    choices: Vec<Choice>,
    until: Until,
    /// Whether something has to be done, or to be waited for.
    warns: bool,
}

/// Until when a notice stands. Of two the one is shown that comes first here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Until {
    /// Until it has been read.
    #[default]
    Read,
    /// Until the connection is back.
    Connected,
    /// Until something is typed.
    Typed,
}

impl Notice {
    /// A notice that says this.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// It says this as well.
    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { detail, ..self }
    }

    /// It says what changes from second to second.
    pub(crate) fn counts(self, counts: impl Fn() -> String + 'static) -> Self {
        Self {
            counts: Some(Box::new(counts)),
            ..self
        }
    }

    /// It shows what it is about.
    pub(crate) fn about(self, about: String) -> Self {
        Self { about, ..self }
    }

    /// It has these buttons.
    pub(crate) fn choices(self, choices: Vec<Choice>) -> Self {
        Self { choices, ..self }
    }

    /// Something has to be done, or to be waited for.
    pub(crate) fn warns(self) -> Self {
        Self {
            warns: true,
            ..self
        }
    }

    /// It is true until something is typed.
    pub(crate) fn until_typed(self) -> Self {
        Self {
            until: Until::Typed,
            ..self
        }
    }

    /// It is true until the connection is back. Its buttons leave it there.
    pub(crate) fn until_connected(self) -> Self {
        Self {
            until: Until::Connected,
            ..self
        }
    }

    /// How long it stands, in ms; `None` for as long as it is true.
    fn stands(&self) -> Option<u32> {
        (self.until == Until::Read).then_some(STANDS)
    }
}

/// What there is to be said at a terminal: what was said last, and behind it what is true for longer.
#[derive(Clone, Copy)]
pub(crate) struct Notices(RwSignal<[Option<Rc<Notice>>; 3], LocalStorage>);

impl Notices {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new_local(Default::default()))
    }

    /// Says it in place of what was said before.
    pub(crate) fn show(self, notice: Notice) {
        let place = notice.until as usize;
        self.0
            .update(|notices| notices[place] = Some(Rc::new(notice)));
    }

    /// Nothing is to be said any more.
    pub(crate) fn clear(self) {
        for until in [Until::Read, Until::Connected, Until::Typed] {
            self.end(until);
        }
    }

    /// Something was typed, or there is no session any more that might end.
    pub(crate) fn end_idle_warning(self) {
        self.end(Until::Typed);
    }

    /// There is a connection again, or nobody waits for one.
    pub(crate) fn end_loss(self) {
        self.end(Until::Connected);
    }

    /// What is shown.
    fn shown(self) -> Option<Rc<Notice>> {
        self.0
            .with(|notices| notices.iter().flatten().next().cloned())
    }

    /// The user has read what is shown.
    fn close(self) {
        if let Some(notice) = untrack(|| self.shown()) {
            self.end(notice.until);
        }
    }

    /// Nobody is woken for nothing.
    fn end(self, until: Until) {
        self.0
            .maybe_update(|notices| notices[until as usize].take().is_some());
    }
}

/// The notice, if there is one. It stays for as long as the pointer or the focus is on it, and while nobody sees it: `is_seen`
/// says whether it is where the user looks, if they look at the page.
/// `covers` is told how much of the terminal it covers, in pixels; `leave` gives the focus back to the terminal.
#[component]
pub(crate) fn NoticeBar(
    notices: Notices,
    is_seen: Signal<bool>,
    covers: impl Fn(f64) + Copy + 'static,
    leave: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let held = RwSignal::new(false);
    let seen = RwSignal::new(dom::is_visible());
    let looked = Listener::new(&document(), "visibilitychange", move |_| {
        seen.set(dom::is_visible());
    });
    StoredValue::new_local(looked);
    // What the last run gave is dropped, and a timer with it.
    Effect::new(move |_: Option<Option<Timeout>>| {
        let stands = notices.shown().and_then(|notice| notice.stands());
        (!held.get() && seen.get() && is_seen.get())
            .then_some(stands?)
            .map(|stands| Timeout::new(stands, move || notices.close()))
    });
    let bar = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let nothing = notices.shown().is_none();
        // What it says now is on the page in the next frame.
        request_animation_frame(move || {
            let bar = bar.try_get_untracked().flatten().filter(|_| !nothing);
            covers(
                bar.map(|bar| bar.offset_height())
                    .unwrap_or_default()
                    .into(),
            );
        });
    });
    let close = move |pressed: Option<usize>| {
        let notice = untrack(|| notices.shown());
        let focused = bar.get_untracked().is_some_and(|bar| dom::has_focus(&bar));
        let stays = |notice: &Rc<Notice>| notice.until == Until::Connected;
        if pressed.is_none() || !notice.as_ref().is_some_and(stays) {
            notices.close();
        }
        if focused {
            leave();
        }
        if let Some((notice, pressed)) = notice.zip(pressed) {
            notice.choices[pressed].act();
        }
    };
    let content = move || {
        let notice = notices.shown()?;
        // Who was on the last one is not on this.
        held.set(false);
        let buttons = notice.choices.iter().enumerate().map(|(n, way)| {
            view! { <button on:click=move |_| close(Some(n))>{way.name()}</button> }
        });
        let about = Some(notice.about.clone()).filter(|about| !about.is_empty());
        let detail = Some(notice.detail.clone()).filter(|detail| !detail.is_empty());
        let counts = notice.counts.is_some();
        let count = move || {
            let notice = notices.shown()?;
            notice.counts.as_ref().map(|count| count())
        };
        Some(view! {
            <div
                class="notice"
                class:notice--warns=notice.warns
                data-testid="notice"
                node_ref=bar
                on:pointerenter=move |_| held.set(true)
                on:pointerleave=move |_| held.set(false)
                on:focusin=move |_| held.set(true)
                on:focusout=move |_| held.set(false)
            >
                <p class="notice__text">
                    <strong>{notice.text.clone()}</strong>
                    {detail.map(|detail| view! { " " {detail} })}
                    {about.map(|about| view! { " " <code class="notice__about">{about}</code> })}
                    {counts.then(|| view! { " " <span aria-hidden="true">{count}</span> })}
                </p>
                <div class="button-row notice__ways">
                    {buttons.collect_view()}
                    <button
                        class="button--quiet"
                        aria-label=move || language.get().words().dismiss
                        on:click=move |_| close(None)
                    >
                        <span aria-hidden="true">"✕"</span>
                    </button>
                </div>
            </div>
        })
    };
    // A screen reader hears of what comes into an element that it knows.
    view! { <div role="status">{content}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_idle_warning_stands_until_something_is_typed() {
        let warning = || Notice::new("idle").until_typed();
        let old = || Notice::new("old");
        assert_eq!((warning().stands(), old().stands()), (None, Some(8_000)));
        let notices = Notices::new();
        let shown = || untrack(|| notices.shown()).map(|notice| notice.text.clone());
        notices.show(warning());
        assert_eq!(shown().as_deref(), Some("idle"));
        notices.end_idle_warning();
        assert_eq!(shown(), None);
        notices.show(old());
        notices.end_idle_warning();
        assert_eq!(shown().as_deref(), Some("old"));

        // It is there again when the other is gone.
        notices.show(warning());
        assert_eq!(shown().as_deref(), Some("old"));
        notices.close();
        assert_eq!(shown().as_deref(), Some("idle"));
        notices.close();
        assert_eq!(shown(), None);
    }
}
