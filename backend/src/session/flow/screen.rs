//! Which screen a terminal shows, by the output that it was sent: programs that draw on all of it take the alternate one.

use memchr::memchr;

const ESCAPE: u8 = 0x1b;
/// The private modes that switch screens.
const ALTERNATE: [u16; 3] = [47, 1047, 1049];

/// A terminal's screen.
#[derive(Debug, Default)]
pub(in crate::session) struct Screen {
    alternate: bool,
    state: State,
}

/// What a byte may be a part of.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// No sequence that matters here.
    #[default]
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind ESC [.
    Control,
    /// Behind ESC [ ?: the digits before this byte, and whether a number before them switches.
    Modes(u16, bool),
}

impl Screen {
    /// Whether the alternate screen is shown.
    pub(in crate::session) fn is_alternate(&self) -> bool {
        self.alternate
    }

    /// Output was sent, in whatever pieces.
    pub(in crate::session) fn hear(&mut self, mut data: &[u8]) {
        loop {
            if matches!(self.state, State::Ground) {
                let Some(at) = memchr(ESCAPE, data) else {
                    return;
                };
                data = &data[at..];
            }
            let Some((&byte, rest)) = data.split_first() else {
                return;
            };
            self.state = self.next(byte);
            data = rest;
        }
    }

    fn next(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (_, ESCAPE) => State::Escape,
            (State::Escape, b'[') => State::Control,
            (State::Escape, b'c') => {
                self.alternate = false;
                State::Ground
            }
            (State::Control, b'?') => State::Modes(0, false),
            (State::Modes(mode, switches), b'0'..=b'9') => {
                let digit = u16::from(byte - b'0');
                State::Modes(mode.saturating_mul(10).saturating_add(digit), switches)
            }
            (State::Modes(mode, switches), b';') => {
                State::Modes(0, switches || ALTERNATE.contains(&mode))
            }
            (State::Modes(mode, switches), b'h' | b'l') => {
                if switches || ALTERNATE.contains(&mode) {
                    self.alternate = byte == b'h';
                }
                State::Ground
            }
            _ => State::Ground,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the alternate screen is shown after these.
    fn after(pieces: &[&str]) -> bool {
        let mut screen = Screen::default();
        pieces
            .iter()
            .for_each(|piece| screen.hear(piece.as_bytes()));
        screen.is_alternate()
    }

    #[test]
    fn programs_take_it_and_give_it_back() {
        let cases = [
            ("", false),
            ("plain text", false),
            ("\x1b[?1049h", true),
            ("\x1b[?47h", true),
            ("\x1b[?1047h\x1b[22;0;0t~\r\n", true),
            ("\x1b[?1049;1006h", true),
            ("\x1b[?25;1049h", true),
            ("\x1b[?1049h\x1b[?25l", true),
            ("\x1b[?1049h\x1b[?1049l", false),
            ("\x1b[?1049h\x1b[?1;1047l$ ", false),
            // The terminal is reset.
            ("\x1b[?1049h\x1bc", false),
            // Other modes, other sequences, none at all.
            ("\x1b[?2004h", false),
            ("\x1b[1049h", false),
            ("\x1b[?1049$p", false),
            ("\x1b[?149h\x1b[?10490h\x1b[?99999999999h", false),
            ("[?1049h", false),
            // One sequence breaks off another.
            ("\x1b[?10\x1b[?1049h", true),
            ("\x1b]0;title\x1b[?1049h", true),
        ];
        for (output, alternate) in cases {
            assert_eq!(after(&[output]), alternate, "{output:?}");
            for cut in 0..output.len() {
                let (one, other) = output.split_at(cut);
                assert_eq!(after(&[one, other]), alternate, "{one:?} {other:?}");
            }
        }
    }
}
