//! English.

mod failures;
mod log;

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
        &WORDS
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

    fn crashed(&self, reason: &str, code: i32) -> String {
        format!("Ended last with code {code}{}", detail(reason, ", "))
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

const WORDS: Words = Words {
    pods: "Pods",
    demo: "This is the built-in demo: the pods are made up, and their shells run on the machine that Podshell itself runs on.",
    loading: "Loading pods…",
    retry: "Retry",
    new_shell: "New shell",
    back: "Back to pods",
    filter: "Filter pods",
    filter_hint: "Name, namespace, node, label or image",
    no_pods: "No pods",
    no_pods_hint: "The cluster has no pods that you may see. New ones appear here by themselves.",
    no_pods_hint_in: "There are none that you may see. New ones appear here by themselves.",
    no_match: "No pod matches the filter.",
    nothing_found: "Nothing matches.",
    clear_filter: "Clear filter",
    first_visit: [
        "This page opens a shell in any container of your cluster: choose a pod and press ",
        ", or go anywhere with ",
        ".",
    ],
    first_visit_by_touch: "This page opens a shell in any container of your cluster: tap one.",
    all_namespaces: "All namespaces",
    bad_namespace: "Names of namespaces have lower-case letters, digits and '-' only.",
    name_a_namespace: "If there is a namespace whose pods you may list, name it here.",
    stale: "This list is out of date:",
    namespace: "Namespace",
    name: "Name",
    ready: "Ready",
    status: "Status",
    restarts: "Restarts",
    age: "Age",
    node: "Node",
    open_shell: "Open a shell",
    init: "init",
    sidecar: "sidecar",
    ephemeral: "ephemeral",
    asking: "Connecting: asking for a session…",
    opening: "Connecting: opening the connection…",
    starting: "Connecting: starting the shell…",
    connected: "Connected",
    lost: "Lost",
    failed: "Failed",
    ended: "Ended",
    round_trip: "Round trip",
    size: "Columns × rows",
    terminal: "Terminal",
    way_out: "leaves the terminal",
    reconnecting: "Reconnecting",
    connection_lost: "Connection lost.",
    sent_later: "The shell is kept, and what you type is sent later.",
    trying: "Trying now…",
    try_now: "Try now",
    take_back: "Take it back",
    attach: "Attach",
    attach_title: "Attach to the main process",
    attached: "attached",
    attach_note: "Leaving does not stop the process",
    attach_again: "Attach again",
    starting_attach: "Connecting: attaching to the process…",
    web_socket: "WebSocket",
    web_socket_text: "WebSocket, text",
    xhr_streaming: "HTTP streaming",
    event_source: "HTTP event stream",
    xhr_polling: "HTTP polling",
    transport: "Transport",
    connection: "Connection",
    container: "Container",
    connected_since: "Connected since",
    output_received: "Output received",
    input_sent: "Input sent",
    interrupt: "Instant Ctrl-C",
    interrupt_hint: "Ctrl-C discards output that has not been shown yet",
    too_long: "This is too much to paste at once: the limit is 64 MB.",
    shell_gone: "… the previous shell has ended, this is a new one …",
    debug_offer: "Open a debug container",
    debug_profile: "Profile",
    debug_profile_hint: "What the debug container may do. Automatic: as much as the namespace allows",
    automatic: "Automatic",
    debug_asking: "Adding a debug container to the pod…",
    debug_creating: "The node is preparing it; its image may have to be pulled first.",
    cancel: "Cancel",
    your_shells: "Your shells",
    your_shells_note: "they keep running while this tab is open",
    return_to: "Return",
    end: "End",
    end_title: "End this shell and everything that runs in it",
    end_busy: "A program is running. End it?",
    running_here: "Return to your shell",
    dismiss: "Dismiss",
    close: "Close",
    copy_failed: "Not copied: the browser does not let this page write to the clipboard.",
    paste_hint: "This program does not recognise pastes: a shell would run each line at once.",
    paste_text: "Text to paste",
    paste_one_line: "Paste as one line",
    do_not_ask: "Don't ask again in this shell",
    link_title: "Open this address?",
    address: "Address",
    open_link: "Open in a new tab",
    copy_address: "Copy address",
    other_host: ["The text on the screen names ", ", the link leads to ", "."],
    show: "Show",
    copy: "Copy",
    never_again: "Not from this shell again",
    program_text: "What the program copied",
    settings: "Settings",
    clipboard_keys: "Ctrl+C and Ctrl+V",
    clipboard_keys_hint: "Ctrl+C copies while something is selected, and Ctrl+V pastes",
    clipboard_keys_auto: "As usual on this system",
    clipboard_keys_on: "Copy and paste",
    clipboard_keys_off: "Go to the program",
    program_copies: "Programs may copy to the clipboard",
    program_copies_hint: "tmux and vim do, for example (OSC 52). No program can read it",
    keys: "Keys",
    touch_keyboard: "Touch keyboard",
    left: "Left",
    up: "Up",
    down: "Down",
    right: "Right",
    line: "Line to send",
    line_hint: "Type a line",
    send: "Send",
    program_copies_too_much: "A program tried to copy more than 1 MiB to your clipboard, which is the limit.",
    sign_in: "Sign in",
    sign_in_again: "Sign in again",
    token: "Token of the cluster",
    token_kind: "A bearer token that the cluster knows: yours, or a service account’s. You enter with its rights.",
    show_token: "Show",
    hide: "Hide",
    no_token: "No token? This makes one for a service account, good for 8 hours:",
    copied: "Copied",
    not_copied: "Not copied",
    stop: ". ",
    as_yourself: "Shells in the pods of your cluster. You enter as yourself, with your own rights.",
    recorded: "What you open is recorded under your name.",
    sign_in_not_begun: "It took too long, or was begun in another browser. Try again.",
    sign_in_denied: "The provider did not agree:",
    not_signed_in: "You are not signed in.",
    by_proxy: "People are signed in by the proxy in front of Podshell, and it has not said who you are. Reload the page to sign in there; if that does not help, ask whoever runs it.",
    not_by_proxy: "People are signed in by the proxy in front of Podshell, and this page did not come through it. Open Podshell by its public address, or ask whoever runs it.",
    reload: "Reload",
    sign_in_ended: "Your sign-in has ended. ",
    signed_out: "You are signed out. ",
    shells_of_mine_ended: "Your shells have ended with it.",
    look: "Only look at the screens",
    sign_out: "Sign out",
    sign_out_title: "Sign out?",
    open_alone: "Open in a page of its own",
    terminals: "Terminals",
    mark_connecting: "Connecting",
    mark_output: "New output",
    mark_bell: "Bell",
    tab_name: "Name of this tab",
    split_right: "Split right",
    split_down: "Split down",
    zoom: "Zoom",
    divider: "Divider",
    undo: "Undo",
    undo_close: "Undo close",
    close_hint: "A program is still running. It ends with its terminal.",
    end_and_close: "End it and close",
    keep_open: "Keep it open",
    debug: "Debug",
    only_enterable: "Only what I can enter",
    hint_choose: "choose",
    hint_shell: "shell",
    hint_containers: "containers",
    hint_split: "in a split",
    hint_attach: "attach",
    hint_search: "search",
    appearance: "Appearance",
    language: "Language",
    theme: "Theme",
    theme_hint: "System follows light and dark",
    as_system: "System",
    light: "Light",
    dark: "Dark",
    contrast: "Contrast",
    high: "High",
    font: "Font",
    font_hint: "Any font on this computer",
    sample: "Preview",
    usual_font: "As usual",
    font_size: "Font size",
    smaller: "Smaller",
    larger: "Larger",
    cursor: "Cursor",
    block: "Block",
    beam: "Bar",
    underline: "Underline",
    cursor_blinks: "Cursor blinks",
    cursor_blinks_hint: "Never when reduced motion is on",
    scrollback: "Scrollback",
    scrollback_hint: "Lines above the screen, for each terminal",
    screen_reader: "Screen reader",
    screen_reader_hint: "Lines can be read one by one, and new output is read out",
    too_much_output: "Too much output to be read out: go to the lines to read it",
    search_terminal: "Search in this terminal",
    save_text: "Save as text",
    nothing_to_save: "There is nothing on this terminal to save.",
    not_saved: "Not saved: the browser has no room for the file.",
    older: "Previous match (Enter)",
    newer: "Next match (Shift Enter)",
    match_case: "Match case",
    expression: "Regular expression",
    bad_expression: "not an expression",
    go_to: "Go to",
    go_to_hint: "Pods, running shells, commands",
    go_there: "go there",
    recent: "Recent",
    commands: "Commands",
    new_tab: "New shell",
    duplicate: "Same container in a new tab",
    equal: "Equal sizes",
    close_pane: "Close this terminal",
    help: "Keys",
    everywhere: "Everywhere",
    in_list: "In the list of pods",
    leave_terminal: "leave the terminal",
    next_region: "next part of the page",
    toward: "pane in a direction",
    move_divider: "move the divider",
    next_tab: "next, previous tab",
    tab_keys: "rename, close a tab that has the keyboard",
    copy_paste: "copy, paste",
    scroll: "scroll",
    log: &log::LOG,
};

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
