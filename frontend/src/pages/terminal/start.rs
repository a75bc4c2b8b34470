//! What one sees of a shell that takes its time to start: the three steps to it, how long each takes, and the way out.

use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, KeyboardEvent};

use crate::{
    browser::{clock, dom, listener::Listener},
    i18n::use_language,
    session::{status::Status, view::TerminalView},
};

/// A shell that is there within so many ms shows nothing of this.
const TELL_AFTER: u32 = 400;
/// How often the seconds are counted, in ms.
const TICK: u32 = 250;

/// What has been reached on the way to a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Asking,
    Opening,
    Starting,
}

impl Step {
    const ALL: [Self; 3] = [Self::Asking, Self::Opening, Self::Starting];

    fn of(status: &Status) -> Option<Self> {
        match status {
            Status::Asking => Some(Self::Asking),
            Status::Opening => Some(Self::Opening),
            Status::Starting => Some(Self::Starting),
            Status::Connected
            | Status::Reconnecting { .. }
            | Status::Ended(_)
            | Status::Lost(_)
            | Status::Failed(_) => None,
        }
    }
}

/// When each step began, in ms; a step that was passed over has none.
#[derive(Clone, Copy, Debug, Default)]
struct Times([Option<f64>; 3]);

impl Times {
    /// Notes that a step has begun, unless it had. What comes after it has not: it begins anew.
    fn reach(&mut self, step: Step, now: f64) {
        let at = step as usize;
        self.0[at].get_or_insert(now);
        self.0[at + 1..].fill(None);
    }

    /// How many whole seconds a step has taken, or takes until now.
    fn seconds(self, step: Step, now: f64) -> Option<u32> {
        let at = step as usize;
        let began = self.0[at]?;
        let ended = self.0[at + 1..].iter().flatten().next();
        Some(((ended.copied().unwrap_or(now) - began) / 1000.0) as u32)
    }
}

/// The steps, in the place of a terminal on which nothing stands yet.
#[component]
pub(super) fn Start(
    view: TerminalView,
    /// What it is called that is waited for.
    container: String,
    /// Whether it is the main process that is attached to.
    is_attached: bool,
    /// Gives it up, where that can be done.
    cancel: Option<Callback<()>>,
    /// Gives the keyboard to the terminal below.
    focus: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let step = Memo::new(move |_| view.status.with(Step::of));
    let times = RwSignal::new(Times::default());
    let now = RwSignal::new(clock::now());
    let is_told = RwSignal::new(false);
    let clocks = StoredValue::new_local(None::<(Timeout, Interval)>);
    Effect::new(move |_| {
        let Some(step) = step.get() else {
            // The next start is another one.
            times.set(Times::default());
            is_told.set(false);
            clocks.set_value(None);
            return;
        };
        times.update(|times| times.reach(step, clock::now()));
        let is_counted = clocks.with_value(Option::is_some);
        if !is_counted {
            let tell = Timeout::new(TELL_AFTER, move || is_told.set(true));
            let tick = Interval::new(TICK, move || now.set(clock::now()));
            clocks.set_value(Some((tell, tick)));
        }
    });
    let shown = Memo::new(move |_| is_told.get() && step.get().is_some() && !view.drawn.get());
    let container = StoredValue::new(container);
    Effect::new(move |before: Option<bool>| {
        let shown = shown.get();
        if before == Some(true) && !shown && view.has_keyboard.get_untracked() {
            // Whoever was on its button is in the terminal then.
            request_animation_frame(move || {
                if dom::has_no_focus() {
                    focus();
                }
            });
        }
        shown
    });
    move || {
        shown.get().then(|| {
            if let Some(cancel) = cancel {
                StoredValue::new_local(give_up_by_key(view, cancel));
            }
            view! { <Steps step times now container is_attached cancel focus /> }
        })
    }
}

/// Esc gives up what has not started, for who is in its pane.
fn give_up_by_key(view: TerminalView, cancel: Callback<()>) -> Listener {
    Listener::capturing(&window(), "keydown", move |event| {
        let event: &KeyboardEvent = event.unchecked_ref();
        let is_chord = event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key();
        let is_meant = event.key() == "Escape" && !is_chord && !event.is_composing();
        // Whatever else has the keyboard has a use of its own for it.
        let on = event.target().and_then(|on| on.dyn_into::<Element>().ok());
        let is_here =
            on.is_some_and(|on| on.matches("body, .xterm *, .start *").unwrap_or_default());
        // A dialogue is answered first.
        let is_asked = || matches!(document().query_selector("dialog[open]"), Ok(Some(_)));
        if is_meant && is_here && view.has_keyboard.get_untracked() && !is_asked() {
            event.prevent_default();
            event.stop_propagation();
            cancel.run(());
        }
    })
}

#[component]
fn Steps(
    step: Memo<Option<Step>>,
    times: RwSignal<Times>,
    now: RwSignal<f64>,
    container: StoredValue<String>,
    is_attached: bool,
    cancel: Option<Callback<()>>,
    focus: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let title = move || container.with_value(|name| language.get().opening(name, is_attached));
    let row = move |of: Step| {
        let is_past = move || step.get().is_some_and(|step| step as usize > of as usize);
        let is_now = move || step.get() == Some(of);
        let text = move || {
            let words = words();
            match (of, is_past()) {
                (Step::Asking, false) => words.step_asking,
                (Step::Asking, true) => words.step_asked,
                (Step::Opening, false) => words.step_opening,
                (Step::Opening, true) => words.step_opened,
                (Step::Starting, _) if is_attached => words.step_attaching,
                (Step::Starting, _) => words.step_starting,
            }
        };
        let seconds = Memo::new(move |_| {
            let seconds = times.get().seconds(of, now.get());
            seconds.filter(|seconds| *seconds > 0)
        });
        let seconds = move || Some(language.get().for_seconds(seconds.get()?));
        view! {
            <li class="start__step" data-past=is_past data-now=is_now>
                {text}
                // A screen reader need not count along.
                <span aria-hidden="true">{seconds}</span>
            </li>
        }
    };
    view! {
        <section
            class="start"
            data-testid="start"
            // It lies over the terminal, and stands for it.
            on:mousedown=move |event| {
                event.prevent_default();
                focus();
            }
        >
            <h2 class="start__title">{title}</h2>
            <ol class="start__steps">{Step::ALL.map(row)}</ol>
            {cancel.map(|cancel| view! {
                <button
                    class="start__cancel"
                    data-testid="cancel-start"
                    on:click=move |_| cancel.run(())
                >
                    {move || words().cancel}
                    <kbd aria-hidden="true">"Esc"</kbd>
                </button>
            })}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_takes_its_own_time() {
        let mut times = Times::default();
        times.reach(Step::Asking, 1_000.0);
        times.reach(Step::Asking, 2_000.0);
        assert_eq!(times.seconds(Step::Asking, 3_500.0), Some(2));
        assert_eq!(times.seconds(Step::Opening, 3_500.0), None);
        // Opened in no time that was seen.
        times.reach(Step::Starting, 4_000.0);
        assert_eq!(times.seconds(Step::Asking, 60_000.0), Some(3));
        assert_eq!(times.seconds(Step::Opening, 60_000.0), None);
        assert_eq!(times.seconds(Step::Starting, 6_100.0), Some(2));
        // Another transport is tried.
        times.reach(Step::Opening, 7_000.0);
        assert_eq!(times.seconds(Step::Starting, 8_000.0), None);
        assert_eq!(times.seconds(Step::Opening, 8_000.0), Some(1));
    }
}
