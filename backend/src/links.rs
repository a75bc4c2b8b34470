//! Prints the link that signs a browser in, and another whenever the user asks for one.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
};

use podshell::Links;

/// Says which cluster is served, and where.
pub(crate) fn print_first(choice: &str, address: SocketAddr, links: &Links) {
    let mut text = format!(
        "Podshell serves {choice}, at {address}.\nOpen {}",
        links.current()
    );
    if cfg!(unix) {
        let own = std::process::id();
        text += &format!("\nThe link is good once; `kill -USR1 {own}` prints another.");
    }
    print(&text);
}

/// Prints a new link at each SIGUSR1, for as long as it is waited for.
#[cfg(unix)]
pub(crate) async fn print_more(links: Links) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = match signal(SignalKind::user_defined1()) {
        Ok(asked) => asked,
        Err(error) => {
            tracing::warn!(%error, "no more than one sign-in link can be printed");
            return;
        }
    };
    while asked.recv().await.is_some() {
        print(&format!("Open {}", links.renew()));
    }
}

#[cfg(not(unix))]
pub(crate) async fn print_more(_: Links) {}

/// Where nobody reads any more, there is a log at the most.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        tracing::warn!(%error, "nobody reads which link to open");
    }
}
