//! Questions to the user: a box that holds the focus until it is answered, and gives it back to where it was.

use std::rc::Rc;

use leptos::{ev::KeyboardEvent, html, prelude::*};

use crate::browser::clock;

/// For how long keys are ignored, in ms: what was typed before the box was seen is no answer.
const BLIND: f64 = 300.0;
/// The box's name for screen readers is the element that has this id.
const TITLE: &str = "dialogue-title";

/// A question. Esc and [`Choice::cancel`] mean that nothing happens.
pub(crate) struct Dialogue {
    pub(crate) title: String,
    /// What stands between title and buttons.
    pub(crate) body: Box<dyn Fn() -> AnyView>,
    /// The buttons. Enter presses the last, which is the safe one where another would lose or leak something.
    pub(crate) choices: Vec<Choice>,
}

/// A button, and what it does.
pub(crate) struct Choice {
    name: String,
    act: Option<Box<dyn Fn()>>,
}

impl Choice {
    /// A button that does something.
    pub(crate) fn new(name: impl Into<String>, act: impl Fn() + 'static) -> Self {
        Self {
            name: name.into(),
            act: Some(Box::new(act)),
        }
    }

    /// A button by which nothing happens.
    pub(crate) fn cancel(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            act: None,
        }
    }

    /// What stands on the button.
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    /// Does what the button is for.
    pub(crate) fn act(&self) {
        if let Some(act) = &self.act {
            act();
        }
    }
}

/// Where a question is put, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Dialogues(RwSignal<Option<Rc<Dialogue>>, LocalStorage>);

/// Where questions are put.
pub(crate) fn use_dialogues() -> Dialogues {
    expect_context()
}

impl Dialogues {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new_local(None))
    }

    /// Nobody is there to answer: nothing happens.
    pub(crate) fn give_up(self) {
        if self.0.with_untracked(Option::is_some) {
            self.0.set(None);
        }
    }

    /// Asks. Nobody else can meanwhile: all but the dialogue is out of reach.
    pub(crate) fn ask(self, dialogue: Dialogue) {
        self.0.set(Some(Rc::new(dialogue)));
    }
}

/// The question that is open, if there is one.
#[component]
pub(crate) fn DialogueBox(dialogues: Dialogues) -> impl IntoView {
    let Dialogues(open) = dialogues;
    move || {
        let dialogue = open.get()?;
        let this = Rc::downgrade(&dialogue);
        let element = NodeRef::<html::Dialog>::new();
        // The one that Enter presses.
        let first = NodeRef::<html::Button>::new();
        Effect::new(move |_| {
            if let Some(element) = element.get() {
                element
                    .show_modal()
                    .expect("it is on the page, and was not open before");
                // `autofocus` would do so but in a frame of another page, where browsers complain of it.
                if let Some(first) = first.get_untracked() {
                    first.focus().ok();
                }
            }
        });
        // The browser gives the focus back before anything is done with the answer.
        let close = move |pressed: Option<usize>| {
            let answered = open.get_untracked();
            if let Some(element) = element.get_untracked() {
                element.close();
            }
            open.set(None);
            if let Some((dialogue, pressed)) = answered.zip(pressed) {
                dialogue.choices[pressed].act();
            }
        };
        let seen = clock::now() + BLIND;
        let key = move |event: KeyboardEvent| {
            let presses = matches!(&*event.key(), "Enter" | " ");
            if clock::now() < seen || (presses && event.repeat()) {
                event.prevent_default();
            }
        };
        let last = dialogue.choices.len().saturating_sub(1);
        let buttons = dialogue.choices.iter().enumerate().map(|(n, way)| {
            let hint = match (way.act.is_none(), n == last) {
                (true, _) => Some("Esc"),
                (false, true) => Some("Enter"),
                (false, false) => None,
            };
            // The only one leads nowhere.
            let is_first = n == last && last > 0;
            let hint = hint.map(|hint| view! { <kbd aria-hidden="true">{hint}</kbd> });
            view! {
                <button
                    class:button--primary=is_first
                    // Enter in a box to tick presses the one that is a form's to submit.
                    type=if n == last { "submit" } else { "button" }
                    node_ref=if n == last { first } else { NodeRef::new() }
                    on:click=move |event| {
                        event.prevent_default();
                        close(Some(n));
                    }
                >
                    {way.name()}
                    {hint}
                </button>
            }
        });
        Some(
            view! {
                <dialog
                    class="dialogue"
                    data-testid="dialogue"
                    aria-labelledby=TITLE
                    node_ref=element
                    on:keydown=key
                    on:keyup=key
                    on:close=move |_| {
                        // By then another may be open, in the same element.
                        let is_open = element.get_untracked().is_some_and(|element| element.open());
                        let is_this = |shown: &Option<Rc<Dialogue>>| {
                            shown.as_ref().is_some_and(|shown| Rc::as_ptr(shown) == this.as_ptr())
                        };
                        if !is_open && open.with_untracked(is_this) {
                            open.set(None);
                        }
                    }
                >
                    <form class="dialogue__form" method="dialog">
                        <h2 id=TITLE class="dialogue__title">{dialogue.title.clone()}</h2>
                        {(dialogue.body)()}
                        <div class="button-row dialogue__ways">{buttons.collect_view()}</div>
                    </form>
                </dialog>
            }
            .into_any(),
        )
    }
}
