//! The words of the page's keys in Chinese.

use crate::i18n::key_words::KeyWords;

/// They.
pub(super) static KEYS: KeyWords = KeyWords {
    previous_region: "页面的上一部分",
    full_screen: "全屏",
    note: "点击按键即可更改。全屏时 Ctrl W、T、N 也归 shell 使用；长按 Esc 退出全屏。",
    note_mac: "点击按键即可更改。",
    change: "更改这些按键",
    none: "无",
    press: "请按下新的按键。按 Esc 保持不变。",
    press_one: "请将其中一个键与 Ctrl、Shift 或 Alt 一起按下。按 Esc 保持不变。",
    give: "留给 shell",
    take: "不设按键",
    usual: "恢复默认",
    leave: "保持不变",
    types: "这些按键用于输入文字，请同时按住 Ctrl 或 Alt。",
    browsers: "浏览器保留了这些按键。",
    not_one: "此操作由这些键与其他键组合完成，请按下其中一个。",
    programs: "终端中的程序将不再收到这些按键。",
};
