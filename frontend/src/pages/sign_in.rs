//! Signing in.

pub(crate) mod link;
