//! How fast requests begin: one at a time, so that a crowd of them leaves all the others their turn in between.

use std::sync::Arc;

use tokio::{sync::Mutex, task::yield_now};

/// Whose turn it is to begin. Clones are the same.
///
/// One thread carries all terminals. If a hundred requests began as they come, a keystroke behind them would wait for the
/// work of all, on its way there and back.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<Mutex<()>>);

impl Pace {
    /// Waits for those who came before, and until the runtime has looked at all sockets and done what that led to.
    pub(super) async fn turn(&self) {
        let _turn = self.0.lock().await;
        yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        net::TcpStream,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use axum::{Router, routing::get};
    use tokio_util::sync::CancellationToken;

    use super::{super::*, *};

    const CROWD: usize = 50;
    const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// Waits until `count` says that all have had their turn; gives how many had it between two turns of another's.
    async fn most_at_once(count: impl Fn() -> usize) -> usize {
        let mut most = 0;
        while count() < CROWD {
            let before = count();
            yield_now().await;
            most = most.max(count() - before);
        }
        most
    }

    #[tokio::test]
    async fn a_crowd_leaves_others_their_turns() {
        let begun = Arc::new(AtomicUsize::new(0));
        let handler = {
            let begun = Arc::clone(&begun);
            async move || {
                begun.fetch_add(1, Ordering::Relaxed);
            }
        };
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        // All of them wait before any is let in.
        let mut crowd: Vec<_> = (0..CROWD)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let limits = Limits {
            places: Places::new(2 * CROWD),
            silence: Duration::from_secs(30),
        };
        let places = limits.places.clone();
        let routes = Router::new().route("/", get(handler));
        let shutdown = CancellationToken::new();
        let _running = tokio::spawn(serve(listener, routes, limits, None, shutdown));
        assert!(most_at_once(|| places.taken()).await <= 2);
        // All of them have asked before any is answered.
        for stream in &mut crowd {
            stream.write_all(ASK).unwrap();
        }
        assert!(most_at_once(|| begun.load(Ordering::Relaxed)).await <= 2);
    }
}
