//! Signing in and out, and who is signed in.

pub(crate) mod link;
pub(crate) mod page;
mod provider;
mod token;
mod token_form;
pub(crate) mod user_box;
