//! The page as a whole: what all of it shares, and which of its parts the address asks for.

use leptos::prelude::*;

use crate::{
    i18n::provide_language,
    pages::{
        not_found::NotFoundPage,
        pods::{page::PodsPage, store::PodStore},
        terminal::page::TerminalPage,
    },
    routing::{
        navigation::{provide_navigation, use_route},
        route::Route,
    },
    settings::provide_settings,
    workspace::open_panes::provide_workspace,
};

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_language();
    provide_navigation();
    provide_settings();
    provide_context(PodStore::new());
    let route = use_route();
    provide_workspace(&route.get_untracked());
    move || match route.get() {
        Route::Pods => view! { <PodsPage /> }.into_any(),
        Route::Terminal(target) => view! { <TerminalPage target /> }.into_any(),
        Route::Unknown => view! { <NotFoundPage /> }.into_any(),
    }
}
