//! Podshell's page: a pod list, and a terminal for any container.
//!
//! * `app`: the page as a whole; `navigation` and `route`: its addresses;
//! * `pods` and `pod_row`: the list, which `pod_store` keeps and `outline` puts in few words;
//! * `terminals`: all terminals of the page, shown or not, which `running` lists; `busy` says in which a program runs;
//! * `shell`: a terminal's page, with its `state_bar`, `notice`s and `dialogue`s, and the `composer` with its `screen_keys` for phones, in the
//!   height that `viewport` finds; what stands there when it is `over`, and the `debug` container that may help then;
//! * `session` ties `screen` (xterm.js) to
//!   a `Client` of `podshell-client` over a `socket`; `status` is what the page sees of it; `reload` carries it over a
//!   reload, with a `snapshot` of the screen that an add-on of our own writes (`xterm-state.mjs`);
//! * beside the `screen`: `paste` cleans what is pasted, `keys` says what keys are, `clipboard` copies, `osc52` hears what programs copy,
//!   `links` which of theirs are chosen, `touch` makes swipes scroll, `cover` keeps the cursor in sight, `widths` says how many cells
//!   characters take, `sync_output` has whole pictures drawn, which a `renderer` does, and a `title` is shown in the tab;
//! * `sign_in` has the key that `api` sends;
//! * `api`, `failure`, `i18n`, `settings`, `dom`, `panic`: what these share.

#![expect(
    unreachable_pub,
    reason = "what the component macro generates is pub, whatever the component is"
)]

mod api;
mod app;
mod busy;
mod clipboard;
mod composer;
mod cover;
mod debug;
mod decoder;
mod dialogue;
mod dom;
mod failure;
mod http_socket;
mod i18n;
mod info;
mod keys;
mod links;
mod navigation;
mod notice;
mod osc52;
mod outline;
mod over;
mod panic;
mod paste;
mod pod_row;
mod pod_store;
mod pods;
mod reload;
mod renderer;
mod route;
mod running;
mod screen;
mod screen_keys;
mod session;
mod settings;
mod shell;
mod sign_in;
mod snapshot;
mod socket;
mod state_bar;
mod status;
mod sync_output;
mod terminals;
mod theme;
mod title;
mod touch;
mod viewport;
mod web_socket;
mod widths;
mod xterm_ext;

use wasm_bindgen_futures::spawn_local;

/// Shows the page, once it is known who is there.
pub fn start() {
    panic::show_panics();
    spawn_local(async {
        sign_in::begin().await;
        leptos::mount::mount_to_body(app::App);
        app::remove_placeholder();
    });
}
