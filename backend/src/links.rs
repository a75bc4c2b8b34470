//! Prints the link that signs a browser in, and another whenever the user asks for one.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
};

use podshell::Links;

/// Says which cluster is served, and where.
pub(crate) fn print_first(choice: &str, address: SocketAddr, page: &str, links: Option<&Links>) {
    let open = links.map_or_else(|| page.to_owned(), Links::current);
    let mut text = format!("Podshell serves {choice}, at {address}.\nOpen {open}\n");
    if cfg!(unix) && links.is_some() {
        let own = std::process::id();
        text += &format!("The link is good once; `kill -USR1 {own}` prints another.\n");
    }
    print(text);
}

/// Whoever asks for another link.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Asked(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Asked {
    /// From here on SIGUSR1 ends the process no more.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::user_defined1()).map(Self)
    }

    /// Prints a new link each time, for as long as it is waited for.
    pub(crate) async fn print_more(mut self, links: Links) {
        while self.0.recv().await.is_some() {
            print(format!("Open {}\n", links.renew()));
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Asked;

#[cfg(not(unix))]
impl Asked {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn print_more(self, _: Links) {}
}

/// In a thread of its own, for a terminal may stand still; and where nobody reads any more, there is a log at the most.
fn print(text: String) {
    tokio::task::spawn_blocking(move || {
        // In one piece, so that whoever has read the link may go.
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            tracing::warn!(%error, "nobody reads which link to open");
        }
    });
}
