//! What all pages are made of: questions, notices and errors.

pub(crate) mod age;
pub(crate) mod command;
pub(crate) mod copy_button;
pub(crate) mod dialogue;
pub(crate) mod error_panel;
pub(crate) mod icon;
pub(crate) mod notice;
pub(crate) mod searched_words;
