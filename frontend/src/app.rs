//! The page as a whole: what all of it shares, and which of its parts the address asks for.

use leptos::prelude::*;

use crate::{
    error::{Failure, Kind},
    i18n::{provide_language, use_language},
    pages::{
        pods::{page::PodsPage, store::PodStore},
        terminal::page::ShellPage,
    },
    routing::{
        navigation::{Link, provide_navigation, use_route},
        route::Route,
    },
    settings::provide_settings,
    ui::error_panel::ErrorPanel,
    workspace::terminals::provide_terminals,
};

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_language();
    provide_navigation();
    provide_settings();
    provide_context(PodStore::new());
    let route = use_route();
    provide_terminals(&route.get_untracked());
    move || match route.get() {
        Route::Pods => view! { <PodsPage /> }.into_any(),
        Route::Shell(target) => view! { <ShellPage target /> }.into_any(),
        Route::Unknown => view! { <UnknownPage /> }.into_any(),
    }
}

/// Says that the address leads nowhere.
#[component]
fn UnknownPage() -> impl IntoView {
    let language = use_language();
    document().set_title("Podshell");
    view! {
        <main class="page">
            <ErrorPanel failure=Failure::plain(Kind::NoPage)>
                <Link href="./" attr:class="button">
                    {move || language.get().words().back}
                </Link>
            </ErrorPanel>
        </main>
    }
}
