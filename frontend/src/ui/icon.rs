//! Signs on buttons. What they mean is said by the button's name.

use leptos::{prelude::*, svg};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Attach,
    Close,
    Down,
    Find,
    Lock,
    Log,
    Minus,
    Plus,
    Settings,
    SplitRight,
    SplitDown,
    Up,
    Zoom,
}

impl Icon {
    /// As a path in a square of 16 by 16.
    fn path(self) -> &'static str {
        match self {
            Self::Attach => "M6 2v3M10 2v3M4.5 5h7v3a3.5 3.5 0 0 1-7 0zM8 11.5V14",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Down => "M4 6l4 4 4-4",
            Self::Find => "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14",
            Self::Lock => "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
            Self::Log => "M3 4h10M3 8h10M3 12h6",
            Self::Minus => "M3 8h10",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Settings => "M3 4.5h6M12 4.5h1M3 11.5h1M7 11.5h6M10.5 3v3M5.5 10v3",
            Self::Up => "M4 10l4-4 4 4",
            Self::SplitRight => "M2.5 3h11v10h-11zM8 3v10",
            Self::SplitDown => "M2.5 3h11v10h-11zM2.5 8h11",
            Self::Zoom => "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
        }
    }

    /// It, to be drawn.
    pub(crate) fn draw(self) -> impl IntoView {
        svg::svg()
            .attr("class", "icon")
            .attr("viewBox", "0 0 16 16")
            .attr("aria-hidden", "true")
            .child(svg::path().attr("d", self.path()))
    }
}
