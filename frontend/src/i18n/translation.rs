//! What each language gives: words, sentences that have a name or a number in them, and what is said of failures.

use podshell_shared::{api::ContainerKind, target::Mode, terminal::Notice};

use crate::{error::Kind, i18n::words::Words};

/// From so many matches on they are not counted.
pub(super) const MANY: u32 = 1_000;

/// A failure's headline, and what to do; the latter may be empty.
pub(crate) struct Advice {
    pub(crate) title: &'static str,
    pub(crate) hint: &'static str,
}

/// A language of the page. The compiler sees to it that none lacks anything.
pub(crate) trait Translation: Sync {
    /// Its tag, as in HTML's `lang`.
    fn tag(&self) -> &'static str;

    /// What it calls itself.
    fn name(&self) -> &'static str;

    /// Its words, and the sentences that are always the same.
    fn words(&self) -> &'static Words;

    /// A failure of this kind.
    fn failure(&self, kind: Kind) -> Advice;

    /// A shell ended by itself, or the process that the terminal was attached to.
    fn exited(&self, mode: &Mode, code: Option<i32>) -> String;

    /// How soon the next try to connect begins.
    fn in_seconds(&self, seconds: u32) -> String;

    /// No shell may be opened in a namespace.
    fn may_not_enter(&self, namespace: &str) -> String;

    /// Keys do something else already, which is called this.
    fn keys_taken(&self, by: &str) -> String;

    /// The connection is tried again in so many seconds.
    fn next_try(&self, seconds: u32) -> String;

    /// So many bytes of output were dropped because of a Ctrl-C.
    fn skipped(&self, bytes: u64) -> String;

    /// So many bytes of output were lost.
    fn missing(&self, bytes: u64) -> String;

    /// A remark of the server.
    fn notice(&self, notice: Notice) -> String;

    /// The user waits for this debug container.
    fn waiting_for(&self, container: &str) -> String;

    /// So many pods are shown, of all that there are.
    fn count(&self, shown: usize, all: usize) -> String;

    /// There are no pods in this namespace.
    fn no_pods_in(&self, namespace: &str) -> String;

    /// Pods of this namespace alone, or of these, are listed.
    fn only(&self, namespace: &str) -> String;

    /// The question whether so many lines are to be pasted.
    fn paste_title(&self, lines: usize) -> String;

    /// The button that pastes so many lines.
    fn paste_lines(&self, lines: usize) -> String;

    /// So many more lines are not shown.
    fn more_lines(&self, lines: usize) -> String;

    /// A program put so many characters on the clipboard.
    fn program_copied(&self, characters: usize) -> String;

    /// A program would put so many characters on the clipboard.
    fn program_would_copy(&self, characters: usize) -> String;

    /// A token that was brought had ended at this time.
    fn token_ended(&self, at: &str) -> String;

    /// So many shells of the page have ended with the sign-in.
    fn shells_ended(&self, shells: usize) -> String;

    /// So many shells of the page would end with the sign-in.
    fn shells_would_end(&self, shells: usize) -> String;

    /// Who somebody is, and the groups that they are in.
    fn user_and_groups(&self, user: &str, groups: &str) -> String;

    /// The question whether so many terminals are to be closed in which programs run.
    fn close_title(&self, panes: usize) -> String;

    /// A terminal of this name was closed.
    fn closed(&self, name: &str) -> String;

    /// So many of the pods that were counted can be entered: the end of that sentence.
    fn enterable(&self, pods: usize) -> String;

    /// A search in a terminal has found so many, of which it shows one: its number from the top.
    fn matches(&self, shown: Option<u32>, count: u32) -> String;

    /// What is said, and what Kubernetes says of it itself.
    fn with_detail(&self, text: &str, detail: &str) -> String;

    /// The sign-in ends within so many minutes.
    fn sign_in_ends(&self, minutes: u32) -> String;

    /// A shell is connected, and nothing has come from it for so long.
    fn quiet_for(&self, age: &str) -> String;

    /// A container that crashes has ended so last; the reason is Kubernetes's, and may be empty.
    fn crashed(&self, reason: &str, code: i32) -> String;

    /// The same, and that it is to be started again in such a time.
    fn starts_again(&self, crashed: &str, time: &str) -> String;

    /// So many restarts, the last of them so long ago.
    fn restarts_ago(&self, restarts: &str, age: &str) -> String;

    /// All containers of a pod.
    fn containers_of(&self, pod: &str) -> String;

    /// A debug container beside a container.
    fn debug_beside(&self, container: &str) -> String;

    /// A debug container sees the processes of a container.
    fn sees(&self, container: &str) -> String;

    /// A container that runs was restarted so long ago.
    fn restarted_ago(&self, age: &str) -> String;

    /// A container that waits ended last so long ago.
    fn ended_ago(&self, age: &str) -> String;

    /// A container has ended with this code, so long ago if that is known.
    fn ended_with(&self, code: i32, age: Option<&str>) -> String;

    /// A shell in a container is being opened, or its main process attached to.
    fn opening(&self, container: &str, is_attached: bool) -> String;

    /// Behind what takes, or took, so many seconds.
    fn for_seconds(&self, seconds: u32) -> String;

    /// A shell whose connection is lost is kept until a time of the day.
    fn kept_until(&self, time: &str) -> String;

    /// The question whether this program is to be ended.
    fn end_title(&self, program: &str) -> String;

    /// Something has gone on for so long.
    fn for_time(&self, age: &str) -> String;

    /// Which pane of how many it is.
    fn pane_of(&self, place: usize, all: usize) -> String;

    /// The log of what has this name.
    fn log_of(&self, name: &str) -> String;

    /// So many lines of a log are kept.
    fn lines(&self, lines: usize) -> String;

    /// So many lines have come to a log since its reader went up from the newest; the way back there.
    fn new_lines(&self, lines: usize) -> String;

    /// Since so many seconds ago.
    fn since(&self, seconds: u32) -> String;

    /// What marks a container that is not a regular one.
    fn kind(&self, kind: ContainerKind) -> Option<&'static str> {
        match kind {
            ContainerKind::Regular => None,
            ContainerKind::Init => Some(self.words().init),
            ContainerKind::Sidecar => Some(self.words().sidecar),
            ContainerKind::Ephemeral => Some(self.words().ephemeral),
        }
    }
}

/// What is said behind something else, if there is anything to say.
pub(super) fn detail(text: &str, before: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{before}{text}")
    }
}

/// So many bytes, in the unit that people use.
pub(crate) fn amount(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_have_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 KB"),
            (999_999, "999 KB"),
            (12_449_000, "12.4 MB"),
            (3_050_000_000, "3.0 GB"),
        ] {
            assert_eq!(amount(bytes), text);
        }
    }
}
