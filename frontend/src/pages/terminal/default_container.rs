//! A terminal's page whose address names no container: it finds out which one is meant, and goes there.

use leptos::prelude::*;
use podshell_shared::target::PodRequest;
use wasm_bindgen_futures::spawn_local;

use crate::{
    account::use_account,
    error::{Failure, Kind},
    i18n::use_language,
    net::api,
    routing::navigation::use_redirect,
    ui::error_panel::ErrorPanel,
};

/// Shows nothing for as long as it asks, and then what went wrong, if that did.
#[component]
pub(crate) fn DefaultContainerPage(asked: PodRequest) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let account = use_account();
    let redirect = use_redirect();
    let failed = RwSignal::new(None::<Failure>);
    document().set_title(&format!("{} – Podshell", asked.pod));
    let ask = move || {
        failed.set(None);
        let asked = asked.clone();
        spawn_local(async move {
            let told = api::pod(&asked).await.and_then(|pod| {
                let first = pod.containers.into_iter().next().map(|first| first.name);
                let container = pod.default_container.or(first);
                container.ok_or_else(|| Failure::plain(Kind::NoContainer))
            });
            // The user may have gone elsewhere meanwhile.
            if failed.is_disposed() {
                return;
            }
            match told {
                Ok(container) => redirect(&asked.in_container(container).page()),
                Err(failure) => {
                    account.refused(&failure);
                    failed.set(Some(failure));
                }
            }
        });
    };
    ask();
    view! {
        <main class="page">
            {move || {
                let ask = ask.clone();
                failed.get().map(|failure| view! {
                    <ErrorPanel failure>
                        <button class="button--primary" data-testid="retry" on:click=move |_| ask()>
                            {move || words().retry}
                        </button>
                        <a href="./" class="button">{move || words().back}</a>
                    </ErrorPanel>
                })
            }}
        </main>
    }
}
