//! Podshell's page: a pod list, and a terminal for any container.
//!
//! Each floor knows only those below it:
//!
//! * `app`: the page as a whole, and which of its pages the address asks for;
//! * `pages`: a folder each;
//! * `workspace`: the terminals that are open, shown or not;
//! * `account`, `last_user`: who uses the page, whether they have to sign in, and who did before them;
//! * `embedding`: the page around this one, where that shows a terminal in a frame;
//! * `log`: one container's log, read and drawn on a terminal;
//! * `session`: one terminal's session, which drives a client of `podshell-client`;
//! * `xterm`: the terminal itself; `net`: the way to the server; `ui`: what pages are made of;
//! * `settings`, `i18n`, `error`, `routing`, `browser`: what all of these share.

#![expect(
    unreachable_pub,
    reason = "what the component macro generates is pub, whatever the component is"
)]

mod account;
mod app;
mod browser;
mod embedding;
mod error;
mod i18n;
mod last_user;
mod log;
mod net;
mod pages;
mod panic;
mod routing;
mod session;
mod settings;
mod ui;
mod workspace;
mod xterm;

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

/// Shows the page, once it is known who is there.
pub fn start() {
    panic::show_panics();
    spawn_local(async {
        pages::sign_in::link::begin().await;
        // A task of its own: together with the compilation it would be a long one, in which the browser answers nothing. In a page
        // that nobody sees, browsers hold timers back.
        if browser::dom::is_visible() {
            TimeoutFuture::new(0).await;
        }
        leptos::mount::mount_to_body(app::App);
        browser::dom::remove_placeholder();
    });
}
