//! What stands in a terminal's dialogues, notices and settings, and on its keys, in English and Chinese.

use super::Language;

/// The words of one language.
pub(crate) struct Details {
    pub(crate) dismiss: &'static str,
    pub(crate) close: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) copy_failed: &'static str,
    pub(crate) paste_hint: &'static str,
    pub(crate) paste_text: &'static str,
    pub(crate) paste_one_line: &'static str,
    pub(crate) do_not_ask: &'static str,
    pub(crate) link_title: &'static str,
    pub(crate) address: &'static str,
    pub(crate) open_link: &'static str,
    pub(crate) copy_address: &'static str,
    /// Before the host that a link's text names, between it and the host that it leads to, and behind that.
    pub(crate) other_host: [&'static str; 3],
    pub(crate) show: &'static str,
    pub(crate) copy: &'static str,
    pub(crate) never_again: &'static str,
    pub(crate) program_text: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) clipboard_keys: &'static str,
    pub(crate) clipboard_keys_hint: &'static str,
    pub(crate) clipboard_keys_auto: &'static str,
    pub(crate) clipboard_keys_on: &'static str,
    pub(crate) clipboard_keys_off: &'static str,
    pub(crate) program_copies: &'static str,
    pub(crate) program_copies_hint: &'static str,
    pub(crate) keys: &'static str,
    pub(crate) left: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    pub(crate) right: &'static str,
    pub(crate) line: &'static str,
    pub(crate) line_hint: &'static str,
    pub(crate) send: &'static str,
}

const ENGLISH: Details = Details {
    dismiss: "Dismiss",
    close: "Close",
    cancel: "Cancel",
    copy_failed: "Not copied: the browser does not let this page write to the clipboard.",
    paste_hint: "The program here does not mark pastes: a shell would run each line at once.",
    paste_text: "What would be pasted",
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
    clipboard_keys_hint: "Ctrl+C copies while something is selected, Ctrl+V pastes",
    clipboard_keys_auto: "As usual on this system",
    clipboard_keys_on: "Copy and paste",
    clipboard_keys_off: "Go to the program",
    program_copies: "Programs may copy to the clipboard",
    program_copies_hint: "As tmux and vim do (OSC 52). None can read it",
    keys: "Keys",
    left: "Left",
    up: "Up",
    down: "Down",
    right: "Right",
    line: "Line to send",
    line_hint: "Type a line",
    send: "Send",
};

const CHINESE: Details = Details {
    dismiss: "关闭此提示",
    close: "关闭",
    cancel: "取消",
    copy_failed: "未能复制：浏览器不允许此页面写入剪贴板。",
    paste_hint: "此处的程序不标记粘贴内容：shell 会立即逐行执行。",
    paste_text: "将要粘贴的内容",
    paste_one_line: "粘贴为一行",
    do_not_ask: "在此 shell 中不再询问",
    link_title: "打开此地址？",
    address: "地址",
    open_link: "在新标签页中打开",
    copy_address: "复制地址",
    other_host: ["屏幕上的文字写的是 ", "，链接却指向 ", "。"],
    show: "查看",
    copy: "复制",
    never_again: "不再允许此 shell",
    program_text: "程序复制的内容",
    settings: "设置",
    clipboard_keys: "Ctrl+C 与 Ctrl+V",
    clipboard_keys_hint: "有选中内容时 Ctrl+C 为复制，Ctrl+V 为粘贴",
    clipboard_keys_auto: "遵循此系统的习惯",
    clipboard_keys_on: "复制和粘贴",
    clipboard_keys_off: "发送给程序",
    program_copies: "允许程序写入剪贴板",
    program_copies_hint: "如 tmux、vim（OSC 52）。任何程序都无法读取剪贴板",
    keys: "按键",
    left: "左",
    up: "上",
    down: "下",
    right: "右",
    line: "要发送的一行",
    line_hint: "输入一行",
    send: "发送",
};

impl Language {
    /// What it says in dialogues, notices and settings, and on keys.
    pub(crate) fn details(self) -> &'static Details {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// Whether so many lines are to be pasted.
    pub(crate) fn paste_title(self, lines: usize) -> String {
        match self {
            Self::English => format!("Paste {lines} lines?"),
            Self::Chinese => format!("粘贴 {lines} 行？"),
        }
    }

    /// To paste so many lines.
    pub(crate) fn paste_lines(self, lines: usize) -> String {
        match self {
            Self::English => format!("Paste {lines} lines"),
            Self::Chinese => format!("粘贴 {lines} 行"),
        }
    }

    /// That so many lines are not shown.
    pub(crate) fn more_lines(self, lines: usize) -> String {
        match (self, lines) {
            (Self::English, 1) => "… 1 more line".to_owned(),
            (Self::English, _) => format!("… {lines} more lines"),
            (Self::Chinese, _) => format!("… 另有 {lines} 行"),
        }
    }

    /// That a program put so many characters on the clipboard.
    pub(crate) fn program_copied(self, characters: usize) -> String {
        let amount = self.characters(characters);
        match self {
            Self::English => format!("A program copied {amount} to your clipboard:"),
            Self::Chinese => format!("程序向剪贴板复制了 {amount}："),
        }
    }

    /// That a program would put so many characters on the clipboard.
    pub(crate) fn program_would_copy(self, characters: usize) -> String {
        let amount = self.characters(characters);
        match self {
            Self::English => format!("A program wants to copy {amount} to your clipboard:"),
            Self::Chinese => format!("程序想向剪贴板复制 {amount}："),
        }
    }

    /// That a program had too much for the clipboard.
    pub(crate) fn program_copies_too_much(self) -> String {
        match self {
            Self::English => {
                "A program tried to copy more to your clipboard than the 1 MiB that it may."
            }
            Self::Chinese => "程序试图复制到剪贴板的内容超过了 1 MiB 的限制。",
        }
        .to_owned()
    }

    fn characters(self, count: usize) -> String {
        match (self, count) {
            (Self::English, 1) => "1 character".to_owned(),
            (Self::English, _) => format!("{count} characters"),
            (Self::Chinese, _) => format!("{count} 个字符"),
        }
    }
}
