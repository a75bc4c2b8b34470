//! The page around lists and terminals: a bar of tabs, the panes of the tab that is shown, and a line that tells how one fares.

mod area;
mod bar;
mod chord;
mod chords;
mod closing;
mod commands;
mod divider;
mod foot;
pub(crate) mod frame;
mod help;
mod key_row;
mod palette;
mod palette_offers;
mod palette_options;
mod pane_view;
mod save_text;
mod tab;
mod tab_count;
mod tab_name;
