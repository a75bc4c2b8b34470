//! Why pods can't be entered, in English.

use crate::i18n::why_words::WhyWords;

/// The words.
pub(super) static WHY: WhyWords = WhyWords {
    no_image: "Its image can't be pulled",
    bad_image_name: "Its image has no valid name",
    never_pulled: "Its image is not on the node, and may not be pulled",
    no_config: "Its container can't be configured",
    not_started: "Its container can't be started",
    no_node: "No node can take it",
    held_back: "It is held back from nodes",
    evicted: "Evicted from its node",
};
