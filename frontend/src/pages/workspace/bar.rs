//! The one bar of the page: the list, the tabs, the cluster, settings and user.

use leptos::prelude::*;

use crate::{
    account::use_account,
    browser::dom,
    i18n::{LanguageSwitch, use_language},
    pages::{
        pods::store::PodStore,
        settings::dialogue::SettingsButton,
        sign_in::user_box::UserBox,
        workspace::{
            commands::{Command, Commands},
            tab::{TabItem, TabSummary},
            tab_count::TabCount,
        },
    },
    ui::icon::Icon,
    workspace::pane::PaneId,
};

/// The bar.
#[component]
pub(super) fn TopBar(commands: Commands) -> impl IntoView {
    let language = use_language();
    let words = move || language.get().words();
    let store: PodStore = expect_context();
    let account = use_account();
    let workspace = commands.workspace;
    let tabs = Memo::new(move |_| TabSummary::all(workspace));
    let keys = move || commands.keys(Command::GoTo);
    let list_is_here = Memo::new(move |_| !commands.is_workspace_shown());
    let list_href = move || store.address().href();
    let cluster = move || {
        let (name, mark) = account.cluster()?;
        let title = name.clone();
        let mark = mark.map(|mark| {
            let title = mark.clone();
            view! { <strong class="badge badge--danger" title=title>{mark}</strong> }
        });
        Some(view! {
            <span class="cluster-name" title=title>{name}</span>
            {mark}
        })
    };
    // Who has pressed a control goes on in the terminal.
    let clicked = move |event: leptos::ev::MouseEvent| {
        let here = untrack(|| commands.here());
        if dom::is_click_on_control(&event)
            && let Some(pane) = here.and_then(|id| workspace.pane(id))
        {
            pane.focus();
        }
    };
    let tab = move |key: PaneId| {
        Signal::derive(move || tabs.with(|tabs| tabs.iter().find(|tab| tab.key() == key).cloned()))
    };
    view! {
        <header class="top-bar" data-region="bar">
            <a
                href=list_href
                class="top-bar__home"
                aria-current=move || list_is_here.get().then_some("page")
            >
                <span class="top-bar__mark" aria-hidden="true">"❯_"</span>
                <span class="top-bar__home-name">{move || words().pods}</span>
            </a>
            <nav class="tabs" aria-label=move || words().your_shells>
                <ul class="tabs__list">
                    <For
                        each=move || tabs.with(|tabs| tabs.iter().map(TabSummary::key).collect::<Vec<_>>())
                        key=|key| *key
                        let(key)
                    >
                        <TabItem tab=tab(key) commands />
                    </For>
                </ul>
            </nav>
            <TabCount tabs commands />
            <button
                class="icon-button top-bar__new"
                data-testid="new-shell-tab"
                title=move || words().new_tab
                aria-label=move || words().new_tab
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| commands.palette.set(true)
            >
                {Icon::Plus.draw()}
            </button>
            <div class="top-bar__tools" on:click=clicked>
                <button
                    class="goto"
                    data-testid="go-to"
                    aria-label=move || words().go_to
                    on:mousedown=move |event| event.prevent_default()
                    on:click=move |event| {
                        event.stop_propagation();
                        commands.palette.set(true);
                    }
                >
                    {Icon::Find.draw()}
                    <span class="goto__text">{move || words().go_to}</span>
                    <kbd class="goto__text">{keys}</kbd>
                </button>
                {cluster}
                <SettingsButton open=move || commands.open_settings(None) />
                <LanguageSwitch />
                <UserBox dialogues=commands.dialogues />
            </div>
        </header>
    }
    .into_any()
}
