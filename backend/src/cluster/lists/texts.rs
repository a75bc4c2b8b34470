//! The pods of all lists as JSON, each that looks the same once: those who may see the same pods have lists of their own.

use std::{cell::RefCell, collections::HashSet, rc::Rc};

/// All texts that are in use.
#[derive(Debug, Default)]
pub(super) struct Texts(RefCell<HashSet<Rc<[u8]>>>);

impl Texts {
    /// The one that reads so.
    pub(super) fn share(&self, text: Vec<u8>) -> Rc<[u8]> {
        let mut all = self.0.borrow_mut();
        if let Some(known) = all.get(&*text) {
            return Rc::clone(known);
        }
        let text = Rc::<[u8]>::from(text);
        all.insert(Rc::clone(&text));
        text
    }

    /// Somebody has no use for it any more.
    pub(super) fn release(&self, text: &Rc<[u8]>) {
        // Theirs, and ours.
        if Rc::strong_count(text) == 2 {
            self.0.borrow_mut().remove(text);
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_there_once_and_as_long_as_somebody_has_it() {
        let texts = Texts::default();
        let (one, same) = (texts.share(b"a".to_vec()), texts.share(b"a".to_vec()));
        assert!(Rc::ptr_eq(&one, &same));
        let other = texts.share(b"b".to_vec());
        assert_eq!(texts.count(), 2);
        texts.release(&one);
        drop(one);
        assert_eq!(texts.count(), 2);
        texts.release(&same);
        texts.release(&other);
        assert_eq!(texts.count(), 0);
    }
}
