//! The words of logs in Chinese.

use crate::i18n::log_words::LogWords;

/// They.
pub(super) static LOG: LogWords = LogWords {
    name: "日志",
    mark: "日志",
    follow: "跟随",
    follow_title: "停留在最新一行",
    previous: "上次运行",
    previous_title: "最近一次重启之前的运行",
    since: "起始时间",
    ever: "全部",
    times: "时间",
    times_title: "显示每行的输出时间",
    wrap: "换行",
    wrap_title: "过长的行在下方继续；否则用 ← 和 → 移动",
    search: "搜索日志",
    only: "仅匹配行",
    only_title: "只显示含有搜索内容的行",
    empty: "尚无输出。",
    ended: "日志到此为止。",
    again: "重新读取",
    follows: "正在跟随",
    paused: "已暂停",
    reads: "正在读取",
    waits: "容器已结束，正在等待其下次运行",
    whole: "已全部读取",
    asks: "正在请求日志",
    in_log: "在日志中",
    keys_move: "行、屏、最旧、最新",
    keys_search: "搜索、下一个匹配、上一个",
};
