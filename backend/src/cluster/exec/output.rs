//! What comes from a process in a container, as a terminal takes it.

use std::{collections::VecDeque, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{
    Frames,
    process_marker::{Leader, Marker},
};
use crate::session::{Output, ProcessEnd, ProcessEvent, ProcessReader};

/// How long a launcher may take to say that the shell starts.
const LAUNCH_TIME: Duration = Duration::from_secs(10);
/// How much longer it may take once there is other output.
const MARKER_TIME: Duration = Duration::from_secs(1);
/// How long a process that was started without a launcher and says nothing is taken for one that could
/// not be started. A shell prints its prompt at once.
const PROMPT_TIME: Duration = Duration::from_secs(2);

/// The direction from the container.
pub struct ExecOutput {
    frames: Frames,
    filter: Filter,
    /// What is to be told before anything else is read.
    ahead: VecDeque<ProcessEvent>,
    leader: Option<Leader>,
}

/// What is done to the output.
enum Filter {
    /// Nothing, so that it need not be copied.
    Nothing,
    /// The launcher's marker is taken out of its begin.
    Marker(Marker),
    /// What a terminal's line discipline would do is done here: each line feed goes to the line's begin
    /// too.
    Newlines,
}

impl ExecOutput {
    pub(in crate::cluster) fn new(frames: Frames) -> Self {
        Self {
            frames,
            filter: Filter::Nothing,
            ahead: VecDeque::new(),
            leader: None,
        }
    }

    /// For a process whose launcher prints a marker.
    #[must_use]
    pub(in crate::cluster) fn with_marker(mut self) -> Self {
        self.filter = Filter::Marker(Marker::default());
        self
    }

    /// For a process that has no terminal.
    #[must_use]
    pub(in crate::cluster) fn with_newlines(mut self) -> Self {
        self.filter = Filter::Newlines;
        self
    }

    /// Puts a remark before all output.
    pub(in crate::cluster) fn remark(&mut self, remark: &str) {
        let line = format!("\x1b[2m{remark}\x1b[22m\r\n");
        let output = Output::copy_of(line.as_bytes());
        self.ahead.push_front(ProcessEvent::Output(output));
    }

    /// The process that leads the terminal's session, if its launcher has told.
    pub(in crate::cluster) fn leader(&self) -> Option<Leader> {
        self.leader
    }

    /// Waits until the process is seen to have been started, or is taken for started; or until the end.
    pub(in crate::cluster) async fn started(&mut self) {
        let has_launcher = matches!(self.filter, Filter::Marker(_));
        let patience = if has_launcher {
            LAUNCH_TIME
        } else {
            PROMPT_TIME
        };
        let mut until = Instant::now() + patience;
        while self.ahead.is_empty() && has_launcher == matches!(self.filter, Filter::Marker(_)) {
            let Ok(event) = timeout_at(until, self.frames.read_frame()).await else {
                break;
            };
            if event != ProcessEvent::Alive {
                self.take_in(event);
            }
            if self.holds_text() {
                until = until.min(Instant::now() + MARKER_TIME);
            }
        }
        if self.holds_text() {
            self.give_up_marker();
        }
    }

    /// How the process ended that never told that it had begun, and what was printed until then. It is not taken from what
    /// comes.
    pub(in crate::cluster) fn early_end(&self) -> Option<(&ProcessEnd, String)> {
        let Some(ProcessEvent::Ended(end)) = self.ahead.back() else {
            return None;
        };
        let mut printed = Vec::new();
        for event in &self.ahead {
            if let ProcessEvent::Output(output) = event {
                printed.extend_from_slice(output.data());
            }
        }
        let printed = String::from_utf8_lossy(&printed).into_owned();
        self.leader.is_none().then_some((end, printed))
    }

    fn holds_text(&self) -> bool {
        matches!(&self.filter, Filter::Marker(marker) if marker.holds_text())
    }

    /// Passes on what was held back.
    fn give_up_marker(&mut self) {
        if let Filter::Marker(marker) = &mut self.filter {
            let text = marker.take();
            self.filter = Filter::Nothing;
            self.push(&text);
        }
    }

    fn push(&mut self, text: &[u8]) {
        if !text.is_empty() {
            let output = Output::copy_of(text);
            self.ahead.push_back(ProcessEvent::Output(output));
        }
    }

    fn take_in(&mut self, event: ProcessEvent) {
        match (event, &mut self.filter) {
            (ProcessEvent::Output(output), Filter::Marker(marker)) => {
                if let Some(found) = marker.feed(output.data()) {
                    self.filter = Filter::Nothing;
                    self.leader = found.leader;
                    self.push(&found.text);
                }
            }
            (ProcessEvent::Output(output), Filter::Newlines) => {
                self.push(&with_carriage_returns(output.data()));
            }
            (ended @ ProcessEvent::Ended(_), _) => {
                self.give_up_marker();
                self.ahead.push_back(ended);
            }
            (event, _) => self.ahead.push_back(event),
        }
    }
}

impl ProcessReader for ExecOutput {
    async fn read_event(&mut self) -> ProcessEvent {
        loop {
            if let Some(event) = self.ahead.pop_front() {
                return event;
            }
            let event = self.frames.read_frame().await;
            if matches!(self.filter, Filter::Nothing) {
                return event;
            }
            self.take_in(event);
        }
    }
}

impl std::fmt::Debug for ExecOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecOutput").finish_non_exhaustive()
    }
}

/// What a terminal's line discipline makes of a program's output: each line feed gets a carriage return.
/// It needs nothing of what came before, so output may be cut anywhere.
fn with_carriage_returns(data: &[u8]) -> Vec<u8> {
    let lines = data.iter().filter(|&&byte| byte == b'\n').count();
    let mut translated = Vec::with_capacity(data.len() + lines);
    for &byte in data {
        if byte == b'\n' {
            translated.push(b'\r');
        }
        translated.push(byte);
    }
    translated
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_feeds_get_carriage_returns() {
        assert_eq!(with_carriage_returns(b""), b"");
        assert_eq!(with_carriage_returns(b"a\n\nb"), b"a\r\n\r\nb");
        assert_eq!(with_carriage_returns(b"50%\r100%\n"), b"50%\r100%\r\n");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(data: Vec<u8>, cut: proptest::sample::Index) {
            let (left, right) = data.split_at(cut.index(data.len() + 1));
            let pieces = [with_carriage_returns(left), with_carriage_returns(right)].concat();
            prop_assert_eq!(pieces, with_carriage_returns(&data));
        }
    }
}
