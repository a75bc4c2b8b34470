//! Between a client's connection and a session: the encodings.

pub(crate) mod sockjs;
