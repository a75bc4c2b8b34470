//! Podshell's page: a pod list, and a terminal for any container.
//!
//! * `app`: the page as a whole; `navigation` and `route`: its addresses;
//! * `pods` and `pod_row`: the list, which `pod_store` keeps and `outline` puts in few words;
//! * `shell`: a terminal with its state line; `session` ties `screen` (xterm.js) to a
//!   `connection` (pure) over a `socket`;
//! * `api`, `failure`, `i18n`, `dom`, `panic`: what these share.

#![expect(
    unreachable_pub,
    reason = "what the component macro generates is pub, whatever the component is"
)]

mod api;
mod app;
mod connection;
mod dom;
mod failure;
mod i18n;
mod navigation;
mod outline;
mod panic;
mod pod_row;
mod pod_store;
mod pods;
mod route;
mod screen;
mod session;
mod shell;
mod socket;
mod theme;
mod xterm_ext;

/// Shows the page.
pub fn start() {
    panic::show_panics();
    leptos::mount::mount_to_body(app::App);
    app::remove_placeholder();
}
