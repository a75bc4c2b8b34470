//! Who is signed in, and the way out, in a page's header.

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use podshell_shared::api::Me;

use crate::{
    account::use_account,
    browser::clock,
    i18n::use_language,
    session::{status::Status, view::TerminalView},
    ui::dialogue::{Choice, Dialogue, Dialogues},
    workspace::open_panes::use_workspace,
};

/// What the names of service accounts begin with.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// So long before its end a sign-in's end is told, in ms.
const SOON: f64 = 10.0 * 60_000.0;
/// At how many minutes that is read out.
const TOLD: [u32; 3] = [1, 5, 10];
/// How often it is looked at how long it has to go, in ms.
const TICK: u32 = 10_000;

/// The user's name, and a button that signs them out; nothing for whoever has started the server.
#[component]
pub(crate) fn UserBox(
    /// Where it is asked whether the user's shells are to end.
    dialogues: Dialogues,
) -> impl IntoView {
    let language = use_language();
    let account = use_account();
    let workspace = use_workspace();
    let sign_out = move || {
        account.sign_out(move |failure| {
            let language = language.get_untracked();
            let advice = failure.advice(language);
            dialogues.ask(Dialogue {
                title: failure.title(language).to_owned(),
                body: Box::new(move || view! { <p>{advice.clone()}</p> }.into_any()),
                choices: vec![Choice::cancel(language.words().close)],
            });
        });
    };
    let leave = move |_| {
        let shells = untrack(|| workspace.terminals());
        let runs = |view: &TerminalView| !view.status.with_untracked(Status::is_ended);
        let shells = shells.iter().filter(|(_, _, view)| runs(view)).count();
        if shells == 0 {
            sign_out();
            return;
        }
        let language = language.get_untracked();
        let words = language.words();
        let text = language.shells_would_end(shells);
        dialogues.ask(Dialogue {
            title: words.sign_out_title.to_owned(),
            body: Box::new(move || {
                view! { <p class="dialogue__hint">{text.clone()}</p> }.into_any()
            }),
            choices: vec![
                Choice::new(words.sign_out, sign_out),
                Choice::cancel(words.cancel),
            ],
        });
    };
    let (now, tell_time) = signal(clock::now());
    StoredValue::new_local(Interval::new(TICK, move || tell_time.set(clock::now())));
    let minutes = Memo::new(move |_| {
        let left = account.ends()? - now.get();
        (left > 0.0 && left <= SOON).then(|| (left / 60_000.0).ceil() as u32)
    });
    // A screen reader need not count down with it.
    let told = Memo::new(move |_| {
        let minutes = minutes.get()?;
        TOLD.into_iter().find(|told| minutes <= *told)
    });
    let end = move || {
        let text = move |minutes| language.get().sign_in_ends(minutes);
        view! {
            <span role="status" class="visually-hidden">{move || told.get().map(text)}</span>
            {move || minutes.get().map(|minutes| view! {
                <span class="sign-in-end" data-testid="sign-in-end" aria-hidden="true" title=text(minutes)>
                    <span class="sign-in-end__long">{text(minutes)}</span>
                    <span class="sign-in-end__short">{minutes} " min"</span>
                </span>
            })}
        }
    };
    move || {
        let Me {
            user,
            groups,
            can_sign_out,
            ..
        } = account.me()?;
        let user = user?;
        let title = if groups.is_empty() {
            user.clone()
        } else {
            language.get().user_and_groups(&user, &groups.join(", "))
        };
        let user = short_name(&user).to_owned();
        let way_out = (can_sign_out && !account.is_out()).then(|| {
            view! {
                <button
                    class="button--quiet"
                    data-testid="sign-out"
                    // The keyboard stays where it is, and comes back there.
                    on:mousedown=move |event| event.prevent_default()
                    on:click=leave
                >
                    {move || language.get().words().sign_out}
                </button>
            }
        });
        Some(
            view! {
                {end()}
                <span class="user" data-testid="user" title=title>{user}</span>
                {way_out}
            }
            .into_any(),
        )
    }
}

/// What of a user's name tells them from others in little room.
fn short_name(user: &str) -> &str {
    user.strip_prefix(SERVICE_ACCOUNT).unwrap_or(user)
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn what_all_service_accounts_are_called_is_left_out() {
        assert_eq!(short_name("system:serviceaccount:people:ada"), "people:ada");
        assert_eq!(short_name("ada@example.org"), "ada@example.org");
        assert_eq!(short_name("system:admin"), "system:admin");
    }
}
