//! What stands at an address that leads nowhere.

use leptos::prelude::*;

use crate::{
    error::{Failure, Kind},
    i18n::use_language,
    ui::error_panel::ErrorPanel,
};

/// Says that the address leads nowhere.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    let language = use_language();
    document().set_title("Podshell");
    view! {
        <main class="page">
            <ErrorPanel failure=Failure::plain(Kind::NoPage)>
                <a href="./" class="button">
                    {move || language.get().words().back}
                </a>
            </ErrorPanel>
        </main>
    }
}
