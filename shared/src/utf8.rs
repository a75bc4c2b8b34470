//! Cutting a byte stream into text only where a character ends.

/// The longest incomplete start of a UTF-8 character, in bytes.
const MAX_PARTIAL: usize = 3;
/// U+FFFD.
const REPLACEMENT: &str = "\u{fffd}";

/// Turns a stream of bytes, split anywhere, into the same text as the whole would give.
///
/// A character whose bytes come in two pieces is held back until it is whole. Bytes that are
/// not UTF-8 become U+FFFD, one for each maximal wrong run as [`String::from_utf8_lossy`] has it.
#[derive(Clone, Debug, Default)]
pub struct Utf8Stream {
    partial: [u8; MAX_PARTIAL],
    held: usize,
}

impl Utf8Stream {
    /// How many bytes wait for the rest of their character.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Gives to `take`, piece by piece, all of `bytes` that is complete, behind what was held back before.
    pub fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(&str)) {
        // Complete the character that the last call left open, byte by byte.
        while self.held > 0 {
            let Some((&next, rest)) = bytes.split_first() else {
                return;
            };
            let mut joined = [0; MAX_PARTIAL + 1];
            joined[..self.held].copy_from_slice(&self.partial[..self.held]);
            joined[self.held] = next;
            match str::from_utf8(&joined[..=self.held]) {
                Ok(character) => {
                    take(character);
                    self.held = 0;
                    bytes = rest;
                }
                Err(error) if error.error_len().is_none() => {
                    self.partial[self.held] = next;
                    self.held += 1;
                    bytes = rest;
                }
                Err(_) => {
                    // The open character is wrong; the new byte may begin another.
                    take(REPLACEMENT);
                    self.held = 0;
                }
            }
        }
        // Far faster than chunk by chunk, and the rule.
        if let Ok(text) = str::from_utf8(bytes) {
            if !text.is_empty() {
                take(text);
            }
            return;
        }
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            if !chunk.valid().is_empty() {
                take(chunk.valid());
            }
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            if chunks.peek().is_none() && is_incomplete(invalid) {
                self.partial[..invalid.len()].copy_from_slice(invalid);
                self.held = invalid.len();
            } else {
                take(REPLACEMENT);
            }
        }
    }

    /// What stands for the bytes that are still held back, if any: the stream is over.
    pub fn finish(&mut self) -> Option<&'static str> {
        (std::mem::take(&mut self.held) > 0).then_some(REPLACEMENT)
    }
}

/// Whether more bytes could still make `bytes` a character.
fn is_incomplete(bytes: &[u8]) -> bool {
    matches!(str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_pieces(bytes: &[u8], cuts: &[prop::sample::Index]) -> String {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut stream = Utf8Stream::default();
        let mut text = String::new();
        for pair in cuts.windows(2) {
            stream.push(&bytes[pair[0]..pair[1]], |part| text.push_str(part));
        }
        text.extend(stream.finish());
        text
    }

    /// Text, noise, and text cut off in the middle of characters.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(
            prop_oneof![
                any::<char>().prop_map(|c| c.to_string().into_bytes()),
                any::<char>().prop_map(|c| {
                    let mut bytes = c.to_string().into_bytes();
                    bytes.pop();
                    bytes
                }),
                prop::collection::vec(any::<u8>(), 0..4),
            ],
            0..40,
        )
        .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_split_gives_the_text_of_the_whole(
            bytes in bytes(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            prop_assert_eq!(in_pieces(&bytes, &cuts), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn byte_by_byte_gives_the_text_of_the_whole(bytes in bytes()) {
            let mut stream = Utf8Stream::default();
            let mut text = String::new();
            for byte in &bytes {
                stream.push(&[*byte], |part| text.push_str(part));
            }
            text.extend(stream.finish());
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_split_character_waits() {
        let mut stream = Utf8Stream::default();
        let mut text = String::new();
        stream.push(&"汉".as_bytes()[..2], |part| text.push_str(part));
        assert_eq!((text.as_str(), stream.held()), ("", 2));
        stream.push(&"汉".as_bytes()[2..], |part| text.push_str(part));
        assert_eq!((text.as_str(), stream.held()), ("汉", 0));
    }
}
