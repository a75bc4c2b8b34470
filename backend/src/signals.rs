//! The signals that ask the process to end.

#[cfg(unix)]
pub(crate) use unix::Signals;
#[cfg(not(unix))]
pub(crate) use windows::Signals;

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Ctrl-C, the system's wish, and the end of the terminal.
    #[derive(Debug)]
    pub(crate) struct Signals {
        interrupt: Signal,
        terminate: Signal,
        /// [`None`] under `nohup`.
        hangup: Option<Signal>,
    }

    impl Signals {
        /// From here on they no longer end the process by themselves.
        pub(crate) fn listen() -> io::Result<Self> {
            let hangup = SignalKind::hangup();
            // To be asked before anyone listens.
            let ignored = is_ignored(hangup);
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: (!ignored).then(|| signal(hangup)).transpose()?,
            })
        }

        /// Waits for the next one, and gives its number.
        pub(crate) async fn next(&mut self) -> u8 {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let kind = tokio::select! {
                _ = self.interrupt.recv() => SignalKind::interrupt(),
                _ = self.terminate.recv() => SignalKind::terminate(),
                _ = hangup => SignalKind::hangup(),
            };
            u8::try_from(kind.as_raw_value()).unwrap_or(u8::MAX)
        }

        /// Waits for another one that somebody means: a terminal that closes tells of it twice, by itself and by its shell.
        pub(crate) async fn again(&mut self) -> u8 {
            loop {
                let signal = self.next().await;
                if i32::from(signal) != SignalKind::hangup().as_raw_value() {
                    return signal;
                }
            }
        }
    }

    /// Whether the process was started so that a signal does nothing. Only Linux tells.
    fn is_ignored(kind: SignalKind) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default();
        ignored & (1 << (kind.as_raw_value() - 1)) != 0
    }
}

#[cfg(not(unix))]
mod windows {
    use std::io;

    use tokio::signal::windows::{CtrlC, ctrl_c};

    /// Ctrl-C.
    #[derive(Debug)]
    pub(crate) struct Signals(CtrlC);

    impl Signals {
        /// From here on it no longer ends the process by itself.
        pub(crate) fn listen() -> io::Result<Self> {
            ctrl_c().map(Self)
        }

        /// Waits for the next one, and gives the number that it has elsewhere.
        pub(crate) async fn next(&mut self) -> u8 {
            self.0.recv().await;
            2
        }

        /// Waits for another one.
        pub(crate) async fn again(&mut self) -> u8 {
            self.next().await
        }
    }
}
