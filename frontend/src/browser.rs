//! What the browser gives: its document, storage, clipboard and clock, in the page's own terms.

pub(crate) mod clipboard;
pub(crate) mod clock;
pub(crate) mod dom;
pub(crate) mod download;
pub(crate) mod frames;
pub(crate) mod full_screen;
pub(crate) mod listener;
pub(crate) mod random;
pub(crate) mod resize_listener;
pub(crate) mod storage;
pub(crate) mod viewport;
