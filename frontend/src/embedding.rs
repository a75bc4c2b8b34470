//! The page around this one, where it shows a terminal in a frame: which it may be, and what the two tell each other.

mod look;
mod message;
mod parent;

pub(crate) use self::{
    look::{Colours, Look},
    message::{Heard, Said},
    parent::Parent,
};
