//! What responses bring that receive over plain HTTP: SockJS frames, and whether there is to be another request. No browser.

/// What a request that receives brought so far.
#[derive(Debug, Default)]
pub struct Receiving {
    /// Of a frame whose end has not come.
    partial: String,
    /// Whether any frame came.
    has_received: bool,
    is_closed: bool,
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

    /// The response is complete, or broken if it is not `good`. Tells whether to make another request; else the session is
    /// lost.
    pub fn done(&mut self, good: bool) -> bool {
        self.partial.clear();
        good && std::mem::take(&mut self.has_received) && !self.is_closed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_lines_behind_a_prelude() {
        let mut receiving = Receiving::default();
        let prelude = "h".repeat(2048);
        assert!(receiving.receive(&prelude).is_empty());
        assert_eq!(receiving.receive("\no\nh\na[\"x"), ["o", "h"]);
        assert_eq!(receiving.receive("\"]\n"), [r#"a["x"]"#]);
        assert!(receiving.done(true));
        assert!(!receiving.done(true), "an empty response");
    }

    #[test]
    fn after_the_close_frame_nothing_is_asked_for() {
        let mut receiving = Receiving::default();
        assert_eq!(receiving.receive_event("a[\"100 %25\"]"), "a[\"100 %\"]");
        assert_eq!(receiving.receive("c[3000,\"\"]\n"), ["c[3000,\"\"]"]);
        assert!(!receiving.done(true));
        let mut broken = Receiving::default();
        broken.receive("o\na[");
        assert!(!broken.done(false));
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
