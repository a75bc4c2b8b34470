//! The words that are said of the page's keys alone.

/// The words of one language.
pub(crate) struct KeyWords {
    pub(crate) previous_region: &'static str,
    pub(crate) full_screen: &'static str,
    /// How keys are changed.
    pub(crate) note: &'static str,
    /// The same, on a Mac.
    pub(crate) note_mac: &'static str,
    pub(crate) change: &'static str,
    /// In the place of keys where there are none.
    pub(crate) none: &'static str,
    pub(crate) press: &'static str,
    /// The same, where one of several keys does it.
    pub(crate) press_one: &'static str,
    pub(crate) give: &'static str,
    /// The same, on a Mac.
    pub(crate) take: &'static str,
    pub(crate) usual: &'static str,
    pub(crate) leave: &'static str,
    pub(crate) types: &'static str,
    pub(crate) browsers: &'static str,
    pub(crate) not_one: &'static str,
    pub(crate) programs: &'static str,
}
