//! Work that is done once in a frame, from when it is asked for until there is no more.

use leptos::prelude::*;

/// What is done in a frame; says whether there is more to do in the next one.
type Work = Box<dyn FnMut() -> bool>;

/// Such work. It ends with whoever owns it.
#[derive(Clone, Copy)]
pub(crate) struct Frames {
    work: StoredValue<Work, LocalStorage>,
    is_due: StoredValue<bool>,
}

impl Frames {
    /// Nothing is done until it is asked for.
    pub(crate) fn new(work: impl FnMut() -> bool + 'static) -> Self {
        Self {
            work: StoredValue::new_local(Box::new(work)),
            is_due: StoredValue::new(false),
        }
    }

    /// Has it done in the next frame.
    pub(crate) fn ask(self) {
        // Nothing is due any more where its owner is gone.
        let Some(false) = self
            .is_due
            .try_update_value(|due| std::mem::replace(due, true))
        else {
            return;
        };
        request_animation_frame(move || {
            self.is_due.try_set_value(false);
            if self.work.try_update_value(|work| work()) == Some(true) {
                self.ask();
            }
        });
    }
}
