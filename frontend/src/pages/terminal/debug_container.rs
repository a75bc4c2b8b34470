//! A debug container for a container without a shell: adding it to the pod, waiting for it in the user's sight, opening a shell in it.

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*};
use podshell_shared::api::{DebugProfile, DebugState};
use wasm_bindgen_futures::spawn_local;

use podshell_shared::target::TargetRequest;

use crate::{
    browser::clock,
    error::{Failure, Kind},
    i18n::{Words, use_language},
    net::api,
    pages::pods::pod_summary::ORDINARY,
};

/// How often it is looked what the container is doing, in ms.
const LOOK_EVERY: u32 = 500;

/// How far the debug container is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// Nobody wants one.
    Offered,
    /// It is on its way; [`None`] while the cluster is asked for it.
    Waiting(Option<Waiting>),
    /// It could not be had.
    Failed(Failure),
}

/// What is known of a container that does not run yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    container: String,
    seconds: u64,
    reason: String,
    message: String,
}

/// The wait for one debug container. What is asked for belongs to the latest try, or is forgotten.
#[derive(Clone, Copy)]
struct Wait {
    progress: RwSignal<Progress>,
    /// What it may do; [`None`] leaves the choice to the server.
    profile: RwSignal<Option<DebugProfile>>,
    /// The container that was added already.
    added: StoredValue<Option<String>>,
    tries: StoredValue<u32>,
}

impl Wait {
    /// Shows how far it is; [`None`] if nobody waits for it any more.
    fn show(self, attempt: u32, progress: Progress) -> Option<()> {
        let wanted = self.tries.try_get_value() == Some(attempt);
        wanted.then(|| self.progress.set(progress))
    }

    /// Forgets what is under way.
    fn next_try(self) -> u32 {
        self.tries.update_value(|tries| *tries += 1);
        self.tries.get_value()
    }

    /// Adds a container, if that is not done yet, and waits until it runs; [`None`] if nobody waits for it
    /// any more, or it can't be had.
    async fn run(self, attempt: u32, beside: TargetRequest) -> Option<TargetRequest> {
        let since = clock::now();
        let container = match self.added.try_get_value()? {
            Some(container) => container,
            None => match api::add_debug(&beside, self.profile.try_get_untracked()?).await {
                Ok(added) => added.container,
                Err(failure) => {
                    self.show(attempt, Progress::Failed(failure))?;
                    return None;
                }
            },
        };
        self.added.try_set_value(Some(container.clone()));
        let target = beside.beside(container.clone());
        loop {
            let (reason, message) = match api::debug_state(&target).await {
                Ok(DebugState::Running) => break,
                Ok(DebugState::Waiting { reason, message }) => (reason, message),
                Ok(DebugState::Ended { reason, message }) => {
                    self.added.try_set_value(None);
                    let parts = [reason, message];
                    let known: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                    let failure = Failure::new(Kind::DebugEnded, known.join(": "));
                    self.show(attempt, Progress::Failed(failure))?;
                    return None;
                }
                Err(failure) => {
                    self.show(attempt, Progress::Failed(failure))?;
                    return None;
                }
            };
            let waiting = Waiting {
                container: container.clone(),
                seconds: ((clock::now() - since) / 1000.0) as u64,
                reason,
                message,
            };
            self.show(attempt, Progress::Waiting(Some(waiting)))?;
            TimeoutFuture::new(LOOK_EVERY).await;
        }
        (self.tries.try_get_value()? == attempt).then_some(target)
    }
}

/// Offers a debug container beside the container of `target`.
#[component]
pub(crate) fn DebugOffer(
    target: TargetRequest,
    button: NodeRef<html::Button>,
    /// Whether it is what most would do next.
    is_first: bool,
    /// Goes on to a shell in it.
    go_on: Callback<TargetRequest>,
) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let wait = Wait {
        progress: RwSignal::new(Progress::Offered),
        profile: RwSignal::new(None),
        added: StoredValue::new(None),
        tries: StoredValue::new(0),
    };
    let profiles = RwSignal::new(Vec::new());
    spawn_local(async move {
        // Without an answer there is no choice to be had, which most do without.
        if let Ok(options) = api::debug_options().await {
            profiles.try_set(options.profiles);
        }
    });
    let begin = move || {
        let attempt = wait.next_try();
        wait.progress.set(Progress::Waiting(None));
        let target = target.clone();
        spawn_local(async move {
            if let Some(target) = wait.run(attempt, target).await {
                go_on.run(target);
            }
        });
    };
    let offer = move |text: fn(&Words) -> &'static str| {
        let begin = begin.clone();
        view! {
            <span class="debug-offer">
                <button
                    type="button"
                    class:button--primary=is_first
                    data-testid="debug"
                    node_ref=button
                    on:click=move |_| begin()
                >
                    {move || text(words())}
                </button>
                <ProfileChoice wait profiles />
            </span>
        }
    };
    // The box stays while what it says changes.
    let waits = Memo::new(move |_| {
        wait.progress
            .with(|now| matches!(now, Progress::Waiting(_)))
    });
    let failure = Memo::new(move |_| match wait.progress.get() {
        Progress::Failed(failure) => Some(failure),
        Progress::Offered | Progress::Waiting(_) => None,
    });
    move || match (waits.get(), failure.get()) {
        (true, _) => view! { <WaitingPanel wait /> }.into_any(),
        (false, None) => offer(|words| words.debug_offer).into_any(),
        (false, Some(failure)) => {
            let title = {
                let failure = failure.clone();
                move || failure.title(language.get())
            };
            let particulars = {
                let failure = failure.clone();
                move || failure.particulars(language.get()).map(str::to_owned)
            };
            view! {
                <div class="debug-container" data-testid="debug-progress" data-state="failed" role="alert">
                    <strong>{title}</strong>
                    <p class="debug-container__text">{particulars}</p>
                    <p class="debug-container__text">{move || failure.advice(language.get())}</p>
                    {offer(|words| words.retry)}
                </div>
            }
            .into_any()
        }
    }
}

/// Lets the user choose what the container may do, where there is a choice.
#[component]
fn ProfileChoice(wait: Wait, profiles: RwSignal<Vec<DebugProfile>>) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let choose = move |name: String| {
        wait.profile.set(name.parse().ok());
        // What is there already has another.
        wait.added.set_value(None);
    };
    let options = move || {
        let option = |profile: DebugProfile| {
            let chosen = wait.profile.get_untracked() == Some(profile);
            view! { <option value=profile.name() selected=chosen>{profile.name()}</option> }
        };
        profiles.get().into_iter().map(option).collect_view()
    };
    let is_there = Memo::new(move |_| profiles.with(|profiles| profiles.len() > 1));
    move || {
        is_there.get().then(|| {
            view! {
                <label class="debug-offer__profile" title=move || words().debug_profile_hint>
                    {move || words().debug_profile}
                    <select
                        class="field field--select"
                        data-testid="debug-profile"
                        on:change:target=move |event| choose(event.target().value())
                    >
                        <option value="">{move || words().automatic}</option>
                        {options}
                    </select>
                </label>
            }
        })
    }
}

/// What the user waits for, and the way out of that.
#[component]
fn WaitingPanel(wait: Wait) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let waiting = Memo::new(move |_| match wait.progress.get() {
        Progress::Waiting(waiting) => waiting,
        Progress::Offered | Progress::Failed(_) => None,
    });
    let what = move || match waiting.get() {
        Some(waiting) => language.get().waiting_for(&waiting.container),
        None => words().debug_asking.to_owned(),
    };
    let seconds = move || Some(format!(" · {} s", waiting.get()?.seconds));
    let why = move || {
        let reason = waiting.get()?.reason;
        Some(if ORDINARY.contains(&reason.as_str()) {
            words().debug_creating.to_owned()
        } else {
            reason
        })
    };
    let message = move || Some(waiting.get()?.message);
    let button = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        // The button that was pressed is gone.
        if let Some(button) = button.get() {
            button.focus().ok();
        }
    });
    let cancel = move |_| {
        wait.next_try();
        wait.progress.set(Progress::Offered);
    };
    view! {
        <div class="debug-container" data-testid="debug-progress" data-state="waiting" role="status">
            <strong>{what}<span aria-hidden="true">{seconds}</span></strong>
            <p class="debug-container__text">{why}</p>
            <p class="debug-container__text">{message}</p>
            <button type="button" data-testid="cancel" node_ref=button on:click=cancel>
                {move || words().cancel}
            </button>
        </div>
    }
}
