//! English.

mod failures;
mod keys;
mod log;
mod why;
mod words;

use podshell_shared::{target::Mode, terminal::Notice};

use crate::{
    error::Kind,
    i18n::{
        translation::{Advice, MANY, Translation, amount, detail},
        words::Words,
    },
};

/// English.
pub(super) struct English;

impl Translation for English {
    fn tag(&self) -> &'static str {
        "en"
    }

    fn name(&self) -> &'static str {
        "English"
    }

    fn words(&self) -> &'static Words {
        &words::WORDS
    }

    fn failure(&self, kind: Kind) -> Advice {
        failures::advice(kind)
    }

    fn exited(&self, mode: &Mode, code: Option<i32>) -> String {
        let what = match mode {
            Mode::Exec(_) => "shell",
            Mode::Attach => "container's main process",
        };
        match code {
            Some(code) => format!("The {what} ended with exit code {code}"),
            None => format!("The {what} ended"),
        }
    }

    fn in_seconds(&self, seconds: u32) -> String {
        format!(" in {seconds} s")
    }

    fn may_not_enter(&self, namespace: &str) -> String {
        format!("You may not open shells in {namespace}")
    }

    fn keys_taken(&self, by: &str) -> String {
        format!("These keys are those of: {by}")
    }

    fn next_try(&self, seconds: u32) -> String {
        format!("Next try in {seconds} s.")
    }

    fn skipped(&self, bytes: u64) -> String {
        format!("… {} not shown (Ctrl-C) …", amount(bytes))
    }

    fn missing(&self, bytes: u64) -> String {
        format!("… {} not shown …", amount(bytes))
    }

    fn notice(&self, notice: Notice) -> String {
        notice.to_string()
    }

    fn waiting_for(&self, container: &str) -> String {
        format!("Waiting for {container}")
    }

    fn count(&self, shown: usize, all: usize) -> String {
        let all_pods = counted(all, "pod");
        if shown == all {
            all_pods
        } else {
            format!("{shown} of {all_pods}")
        }
    }

    fn no_pods_in(&self, namespace: &str) -> String {
        format!("No pods in {namespace}")
    }

    fn only(&self, namespace: &str) -> String {
        format!("Only the pods in {namespace} are listed. Name another namespace to see its pods.")
    }

    fn paste_title(&self, lines: usize) -> String {
        format!("{}?", self.paste_lines(lines))
    }

    fn paste_lines(&self, lines: usize) -> String {
        format!("Paste {}", counted(lines, "line"))
    }

    fn more_lines(&self, lines: usize) -> String {
        format!("… {}", counted(lines, "more line"))
    }

    fn program_copied(&self, characters: usize) -> String {
        let amount = counted(characters, "character");
        format!("A program copied {amount} to your clipboard:")
    }

    fn program_would_copy(&self, characters: usize) -> String {
        let amount = counted(characters, "character");
        format!("A program wants to copy {amount} to your clipboard:")
    }

    fn token_ended(&self, at: &str) -> String {
        format!("It ended on {at}. ")
    }

    fn shells_ended(&self, shells: usize) -> String {
        match shells {
            1 => "Your shell here ended with it. Its screen is still there.".to_owned(),
            _ => format!("Your {shells} shells here ended with it. Their screens are still there."),
        }
    }

    fn shells_would_end(&self, shells: usize) -> String {
        let shells = match shells {
            1 => "shell".to_owned(),
            _ => format!("{shells} shells"),
        };
        format!("This ends your {shells} here, and all that you have open elsewhere.")
    }

    fn user_and_groups(&self, user: &str, groups: &str) -> String {
        format!("{user}\nGroups: {groups}")
    }

    fn close_title(&self, panes: usize) -> String {
        match panes {
            1 => "Close this terminal?".to_owned(),
            panes => format!("Close {panes} terminals?"),
        }
    }

    fn closed(&self, name: &str) -> String {
        format!("Closed {name}.")
    }

    fn containers_of(&self, pod: &str) -> String {
        format!("Containers of {pod}")
    }

    fn debug_beside(&self, container: &str) -> String {
        format!("A debug container beside {container}")
    }

    fn sees(&self, container: &str) -> String {
        format!("sees {container}")
    }

    fn restarted_ago(&self, age: &str) -> String {
        format!("restarted {age} ago")
    }

    fn ended_ago(&self, age: &str) -> String {
        format!("last ended {age} ago")
    }

    fn ended_with(&self, code: i32, age: Option<&str>) -> String {
        match age {
            Some(age) => format!("ended {age} ago with code {code}"),
            None => format!("ended with code {code}"),
        }
    }

    fn opening(&self, container: &str, is_attached: bool) -> String {
        if is_attached {
            format!("Attaching to {container}")
        } else {
            format!("Opening a shell in {container}")
        }
    }

    fn for_seconds(&self, seconds: u32) -> String {
        format!(", {seconds} s")
    }

    fn kept_until(&self, time: &str) -> String {
        format!("The shell is kept until {time}, and what you type is sent later.")
    }

    fn end_title(&self, program: &str) -> String {
        format!("End {program}?")
    }

    fn for_time(&self, age: &str) -> String {
        format!("for {age}")
    }

    fn pane_of(&self, place: usize, all: usize) -> String {
        format!("Pane {place} / {all}")
    }

    fn log_of(&self, name: &str) -> String {
        format!("Log of {name}")
    }

    fn lines(&self, lines: usize) -> String {
        format!("{lines} {}", if lines == 1 { "line" } else { "lines" })
    }

    fn new_lines(&self, lines: usize) -> String {
        match lines {
            0 => "Newest".to_owned(),
            1 => "1 new line".to_owned(),
            lines => format!("{lines} new lines"),
        }
    }

    fn since(&self, seconds: u32) -> String {
        match seconds {
            seconds if seconds % 3600 == 0 => format!("Last {} h", seconds / 3600),
            seconds if seconds % 60 == 0 => format!("Last {} min", seconds / 60),
            seconds => format!("Last {seconds} s"),
        }
    }

    fn enterable(&self, pods: usize) -> String {
        format!(", {pods} can be entered")
    }

    fn matches(&self, shown: Option<u32>, count: u32) -> String {
        match (shown, count) {
            (_, 0) => "no match".to_owned(),
            (_, MANY..) => "1,000+".to_owned(),
            (Some(shown), count) => format!("{shown} of {count}"),
            (None, count) => count.to_string(),
        }
    }

    fn with_detail(&self, text: &str, detail: &str) -> String {
        format!("{text}: {detail}")
    }

    fn sign_in_ends(&self, minutes: u32) -> String {
        format!("Sign-in ends in {minutes} min")
    }

    fn quiet_for(&self, age: &str) -> String {
        format!("Connected, quiet for {age}")
    }

    fn crashed(&self, reason: &str, code: i32) -> String {
        format!("Exit code {code}{}", detail(reason, ", "))
    }

    fn starts_again(&self, crashed: &str, time: &str) -> String {
        format!("{crashed}; next start in {time}")
    }

    fn restarts_ago(&self, restarts: &str, age: &str) -> String {
        format!("{restarts} ({age} ago)")
    }
}

/// So many of something, of which there may be one.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(English.count(1, 1), "1 pod");
        assert_eq!(English.count(0, 0), "0 pods");
        assert_eq!(English.count(1, 2), "1 of 2 pods");
        assert_eq!(English.more_lines(1), "… 1 more line");
        assert_eq!(English.paste_title(3), "Paste 3 lines?");
        let soon = Notice::IdleSoon { seconds: 1 };
        assert!(English.notice(soon).contains("1 second."));
    }

    #[test]
    fn what_was_skipped_has_its_amount() {
        assert_eq!(
            English.skipped(12_449_000),
            "… 12.4 MB not shown (Ctrl-C) …"
        );
    }
}
