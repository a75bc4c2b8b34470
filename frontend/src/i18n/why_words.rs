//! What Kubernetes means by its words for why a pod can't be entered.

/// The words of one language. Behind each may stand what Kubernetes says itself.
pub(crate) struct WhyWords {
    pub(crate) no_image: &'static str,
    pub(crate) bad_image_name: &'static str,
    pub(crate) never_pulled: &'static str,
    pub(crate) no_config: &'static str,
    pub(crate) not_started: &'static str,
    pub(crate) no_node: &'static str,
    pub(crate) held_back: &'static str,
    pub(crate) evicted: &'static str,
}
