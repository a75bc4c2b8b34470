//! SockJS over plain HTTP as a state machine: what responses bring goes in, what is to be asked for comes out. No browser.

/// What a request that receives brought so far.
#[derive(Debug, Default)]
pub struct Receiving {
    /// Of a frame whose end has not come.
    partial: String,
    /// Whether any frame came.
    has_received: bool,
    is_closed: bool,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make another request, with this body if it sends something.
    Request(String),
    /// Nothing, for now.
    Wait,
    /// The session is lost.
    GiveUp,
}

impl Receiving {
    /// Takes the next part of a response; gives the frames that it completes. Each ends with a line end; what is nothing
    /// but heartbeats came first, to fill buffers on the way.
    pub fn receive(&mut self, part: &str) -> Vec<String> {
        self.partial.push_str(part);
        let Some(end) = self.partial.rfind('\n') else {
            return Vec::new();
        };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        let is_prelude = |line: &&str| line.len() > 1 && line.bytes().all(|byte| byte == b'h');
        let frames: Vec<String> = whole
            .lines()
            .filter(|line| !line.is_empty() && !is_prelude(line))
            .map(str::to_owned)
            .collect();
        self.record(&frames);
        frames
    }

    /// Takes an event of an `EventSource`, which is a frame with its percent signs encoded.
    pub fn receive_event(&mut self, data: &str) -> String {
        let frame = [data.replace("%25", "%")];
        self.record(&frame);
        let [frame] = frame;
        frame
    }

    fn record(&mut self, frames: &[String]) {
        self.has_received |= !frames.is_empty();
        self.is_closed |= frames.iter().any(|frame| frame.starts_with('c'));
    }

    /// The response is complete, or broken if it is not `good`.
    pub fn done(&mut self, good: bool) -> Action {
        self.partial.clear();
        if good && std::mem::take(&mut self.has_received) && !self.is_closed {
            Action::Request(String::new())
        } else {
            Action::GiveUp
        }
    }
}

/// What is to be sent: one request at a time, so that the order is kept, each with all that waits.
#[derive(Debug, Default)]
pub struct Sending {
    queued: Vec<String>,
    is_sending: bool,
}

/// How much one request carries at most, in bytes: servers take 64 KiB of SockJS's own client, too.
const MAX_BATCH: usize = 48 << 10;

impl Sending {
    /// Takes a message; gives what is to be sent now.
    pub fn push(&mut self, message: String) -> Action {
        self.queued.push(message);
        if self.is_sending {
            Action::Wait
        } else {
            self.next()
        }
    }

    /// A request is done, or failed if it is not `good`: what it carried may have arrived or not.
    pub fn done(&mut self, good: bool) -> Action {
        self.is_sending = false;
        if good { self.next() } else { Action::GiveUp }
    }

    /// Whether all has been sent.
    pub fn is_done(&self) -> bool {
        !self.is_sending
    }

    fn next(&mut self) -> Action {
        let mut length = 0;
        let count = self
            .queued
            .iter()
            .take_while(|message| {
                let first = length == 0;
                length += message.len() + 3;
                first || length <= MAX_BATCH
            })
            .count();
        if count == 0 {
            return Action::Wait;
        }
        self.is_sending = true;
        let mut batch = String::new();
        sockjs::frame::encode_batch(&mut batch, self.queued.drain(..count));
        Action::Request(batch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(action: Action) -> Vec<String> {
        match action {
            Action::Request(batch) => sockjs::frame::decode_batch(&batch).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_are_lines_behind_a_prelude() {
        let mut receiving = Receiving::default();
        let prelude = "h".repeat(2048);
        assert!(receiving.receive(&prelude).is_empty());
        assert_eq!(receiving.receive("\no\nh\na[\"x"), ["o", "h"]);
        assert_eq!(receiving.receive("\"]\n"), [r#"a["x"]"#]);
        assert_eq!(receiving.done(true), Action::Request(String::new()));
        assert_eq!(receiving.done(true), Action::GiveUp, "an empty response");
    }

    #[test]
    fn after_the_close_frame_nothing_is_asked_for() {
        let mut receiving = Receiving::default();
        assert_eq!(receiving.receive_event("a[\"100 %25\"]"), "a[\"100 %\"]");
        assert_eq!(receiving.receive("c[3000,\"\"]\n"), ["c[3000,\"\"]"]);
        assert_eq!(receiving.done(true), Action::GiveUp);
        let mut broken = Receiving::default();
        broken.receive("o\na[");
        assert_eq!(broken.done(false), Action::GiveUp);
    }

    #[test]
    fn one_request_at_a_time_carries_all_that_waits() {
        let mut sending = Sending::default();
        assert_eq!(messages(sending.push("a".to_owned())), ["a"]);
        assert_eq!(sending.push("b".to_owned()), Action::Wait);
        assert_eq!(sending.push("\n".to_owned()), Action::Wait);
        assert_eq!(messages(sending.done(true)), ["b", "\n"]);
        assert_eq!(sending.done(true), Action::Wait);
        assert!(sending.is_done());
        let long = "x".repeat(2 * MAX_BATCH);
        assert_eq!(
            messages(sending.push(long.clone())),
            std::slice::from_ref(&long)
        );
        assert_eq!(sending.push("c".to_owned()), Action::Wait);
        assert_eq!(sending.push(long.clone()), Action::Wait);
        assert_eq!(messages(sending.done(true)), ["c"]);
        assert_eq!(messages(sending.done(true)), [long]);
        assert_eq!(sending.done(false), Action::GiveUp);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames(
            frames in prop::collection::vec("[oa]\\[[a-z汉]{0,20}\\]", 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let text: String = frames.iter().map(|frame| format!("{frame}\n")).collect();
            let ends: Vec<usize> = (0..=text.len()).filter(|end| text.is_char_boundary(*end)).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| ends[cut.index(ends.len())]).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut receiving = Receiving::default();
            let got: Vec<String> = cuts
                .windows(2)
                .flat_map(|cut| receiving.receive(&text[cut[0]..cut[1]]))
                .collect();
            prop_assert_eq!(got, frames);
        }
    }
}
