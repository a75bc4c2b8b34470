//! What keys do in a log, as a terminal tells of them: nothing can be typed there.

/// Something to do with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Goes to the newest line, and stays there.
    Follow,
    /// Goes to the oldest line.
    Top,
    /// So many lines further.
    Lines(i32),
    /// So many screens further.
    Pages(i32),
    /// So many halves of a screen to the right.
    Sideways(i32),
    /// The keyboard goes to the field in which one searches.
    Search,
    /// The next match, towards older lines, or towards newer ones.
    Older,
    Newer,
    Times,
    Wrap,
    Previous,
    OnlyMatches,
    /// Reads it again, if it has ended.
    Again,
}

/// What is meant by what a key types: letters as in `less` and k9s.
pub(super) fn act(typed: &str) -> Option<Act> {
    Some(match typed {
        "\x1b[F" | "\x1bOF" | "G" | "f" => Act::Follow,
        "\x1b[H" | "\x1bOH" | "g" => Act::Top,
        "\x1b[A" | "\x1bOA" | "k" => Act::Lines(-1),
        "\x1b[B" | "\x1bOB" | "j" => Act::Lines(1),
        "\x1b[5~" | "b" => Act::Pages(-1),
        "\x1b[6~" | " " => Act::Pages(1),
        "\x1b[D" | "\x1bOD" => Act::Sideways(-1),
        "\x1b[C" | "\x1bOC" => Act::Sideways(1),
        "/" => Act::Search,
        "n" => Act::Older,
        "N" => Act::Newer,
        "t" => Act::Times,
        "w" => Act::Wrap,
        "p" => Act::Previous,
        "m" => Act::OnlyMatches,
        "\r" => Act::Again,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_one_thing_whatever_the_terminals_mode() {
        for (typed, meant) in [
            ("\x1b[F", Some(Act::Follow)),
            ("\x1bOF", Some(Act::Follow)),
            ("k", Some(Act::Lines(-1))),
            ("\x1b[5~", Some(Act::Pages(-1))),
            ("x", None),
            ("\x03", None),
            ("ff", None),
        ] {
            assert_eq!(act(typed), meant, "{typed:?}");
        }
    }
}
