//! What browsers load: the page's files, embedded in the binary.

pub(crate) mod assets;
