//! The page as a whole: what all of it shares, and which of its parts the address asks for.

use leptos::prelude::*;
use podshell_shared::api::Me;

use crate::{
    account::{provide_account, use_account},
    i18n::provide_language,
    last_user,
    pages::{
        not_found::NotFoundPage,
        pods::{known_namespaces::KNOWN_NAMESPACES, store::PodStore},
        sign_in::page::SignInPage,
        terminal::{default_container::DefaultContainerPage, embedded::EmbeddedPage},
        workspace::frame::Frame,
    },
    routing::{
        list_address::ListAddress,
        navigation::{provide_navigation, use_route},
        route::Route,
    },
    session::recent_shells::RECENT_SHELLS,
    settings::provide_settings,
    workspace::open_panes::{provide_workspace, use_workspace},
};

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_language();
    provide_navigation();
    provide_settings();
    let store = PodStore::new();
    provide_context(store);
    let route = use_route();
    let first = route.get_untracked();
    provide_workspace(&first);
    // The page around a frame signs in whom it shows it to.
    provide_account(!matches!(first, Route::Embedded(_)));
    let account = use_account();
    let workspace = use_workspace();
    let users = RwSignal::new(0);
    // What is listed is the list's own affair, and which terminal is shown the workspace's.
    let page = Memo::new(move |_| match route.get() {
        Route::Pods(_) | Route::Pane(_) => Route::Pods(ListAddress::default()),
        other => other,
    });
    Effect::new(move |before: Option<Option<Me>>| {
        let me = account.me();
        // What one has on their screens is not for who comes after them, on this page or on one after it.
        let is_other = before.flatten().is_some_and(|before| Some(before) != me);
        let is_another = me.as_ref().is_some_and(|me| !last_user::is(me));
        if is_other || is_another {
            workspace.close_all();
            store.clear();
            KNOWN_NAMESPACES.forget();
            RECENT_SHELLS.forget();
            users.update(|users| *users += 1);
        }
        if let Some(me) = &me {
            last_user::remember(me);
        }
        me
    });
    move || match (users.get(), page.get()).1 {
        Route::Embedded(target) => view! { <EmbeddedPage target /> }.into_any(),
        _ if account.asked().is_some() => {
            let method = account.asked();
            method
                .map(|method| view! { <SignInPage method /> })
                .into_any()
        }
        Route::Pods(_) | Route::Pane(_) => view! { <Frame /> }.into_any(),
        Route::Pod(asked) => view! { <DefaultContainerPage asked /> }.into_any(),
        Route::Unknown => view! { <NotFoundPage /> }.into_any(),
    }
}
