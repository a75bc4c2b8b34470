//! Chinese, simplified.

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

/// Chinese, simplified.
pub(super) struct Chinese;

impl Translation for Chinese {
    fn tag(&self) -> &'static str {
        "zh-CN"
    }

    fn name(&self) -> &'static str {
        "中文"
    }

    fn words(&self) -> &'static Words {
        &words::WORDS
    }

    fn failure(&self, kind: Kind) -> Advice {
        failures::advice(kind)
    }

    fn exited(&self, mode: &Mode, code: Option<i32>) -> String {
        let what = match mode {
            Mode::Exec(_) => "shell ",
            Mode::Attach => "容器主进程",
        };
        match code {
            Some(code) => format!("{what}已结束，退出码 {code}"),
            None => format!("{what}已结束"),
        }
    }

    fn in_seconds(&self, seconds: u32) -> String {
        format!("（{seconds} 秒后）")
    }

    fn may_not_enter(&self, namespace: &str) -> String {
        format!("您无权在 {namespace} 中打开 shell")
    }

    fn keys_taken(&self, by: &str) -> String {
        format!("这些按键已用于：{by}")
    }

    fn next_try(&self, seconds: u32) -> String {
        format!("{seconds} 秒后重试。")
    }

    fn skipped(&self, bytes: u64) -> String {
        format!("… 有 {} 未显示（Ctrl-C）…", amount(bytes))
    }

    fn missing(&self, bytes: u64) -> String {
        format!("… 有 {} 未显示 …", amount(bytes))
    }

    fn notice(&self, notice: Notice) -> String {
        match notice {
            Notice::MainProcess => "这是容器的主进程。离开不会停止它。".to_owned(),
            Notice::IdleSoon { seconds } => {
                format!("若无输入，此会话将在 {seconds} 秒后结束。")
            }
            Notice::LifetimeSoon { seconds } => {
                format!("此会话将在 {seconds} 秒后结束：已达到此处允许的最长时间。")
            }
            Notice::ShutdownSoon { seconds } => {
                format!("此会话将在 {seconds} 秒后结束：Podshell 服务器即将停止。")
            }
        }
    }

    fn waiting_for(&self, container: &str) -> String {
        format!("正在等待 {container}")
    }

    fn count(&self, shown: usize, all: usize) -> String {
        if shown == all {
            format!("共 {all} 个 Pod")
        } else {
            format!("{shown} / {all} 个 Pod")
        }
    }

    fn no_pods_in(&self, namespace: &str) -> String {
        format!("{namespace} 中没有 Pod")
    }

    fn only(&self, namespace: &str) -> String {
        format!("此处仅列出 {namespace} 中的 Pod。如需查看其他 Pod，请指定其命名空间。")
    }

    fn paste_title(&self, lines: usize) -> String {
        format!("粘贴 {lines} 行？")
    }

    fn paste_lines(&self, lines: usize) -> String {
        format!("粘贴 {lines} 行")
    }

    fn more_lines(&self, lines: usize) -> String {
        format!("… 另有 {lines} 行")
    }

    fn program_copied(&self, characters: usize) -> String {
        format!("程序向剪贴板复制了 {characters} 个字符：")
    }

    fn program_would_copy(&self, characters: usize) -> String {
        format!("程序想向剪贴板复制 {characters} 个字符：")
    }

    fn token_ended(&self, at: &str) -> String {
        format!("它已于 {at} 过期。")
    }

    fn shells_ended(&self, shells: usize) -> String {
        format!("此处的 {shells} 个 shell 已随之结束，屏幕内容仍然保留。")
    }

    fn shells_would_end(&self, shells: usize) -> String {
        format!("此处的 {shells} 个 shell 以及您在其他地方打开的 shell 都将结束。")
    }

    fn user_and_groups(&self, user: &str, groups: &str) -> String {
        format!("{user}\n用户组：{groups}")
    }

    fn close_title(&self, panes: usize) -> String {
        match panes {
            1 => "关闭此终端？".to_owned(),
            panes => format!("关闭 {panes} 个终端？"),
        }
    }

    fn closed(&self, name: &str) -> String {
        format!("已关闭 {name}。")
    }

    fn containers_of(&self, pod: &str) -> String {
        format!("{pod} 的容器")
    }

    fn debug_beside(&self, container: &str) -> String {
        format!("{container} 旁的调试容器")
    }

    fn sees(&self, container: &str) -> String {
        format!("可见 {container}")
    }

    fn restarted_ago(&self, age: &str) -> String {
        format!("{age} 前重启")
    }

    fn ended_ago(&self, age: &str) -> String {
        format!("上次结束于 {age} 前")
    }

    fn ended_with(&self, code: i32, age: Option<&str>) -> String {
        match age {
            Some(age) => format!("{age} 前结束，退出码 {code}"),
            None => format!("已结束，退出码 {code}"),
        }
    }

    fn opening(&self, container: &str, is_attached: bool) -> String {
        if is_attached {
            format!("正在附加到 {container}")
        } else {
            format!("正在 {container} 中打开 shell")
        }
    }

    fn for_seconds(&self, seconds: u32) -> String {
        format!("，{seconds} 秒")
    }

    fn kept_until(&self, time: &str) -> String {
        format!("Shell 会保留到 {time}，您输入的内容稍后发送。")
    }

    fn end_title(&self, program: &str) -> String {
        format!("结束 {program}？")
    }

    fn for_time(&self, age: &str) -> String {
        format!("已运行 {age}")
    }

    fn pane_of(&self, place: usize, all: usize) -> String {
        format!("窗格 {place} / {all}")
    }

    fn log_of(&self, name: &str) -> String {
        format!("{name} 的日志")
    }

    fn lines(&self, lines: usize) -> String {
        format!("{lines} 行")
    }

    fn new_lines(&self, lines: usize) -> String {
        match lines {
            0 => "最新".to_owned(),
            lines => format!("{lines} 行新日志"),
        }
    }

    fn since(&self, seconds: u32) -> String {
        match seconds {
            seconds if seconds % 3600 == 0 => format!("最近 {} 小时", seconds / 3600),
            seconds if seconds % 60 == 0 => format!("最近 {} 分钟", seconds / 60),
            seconds => format!("最近 {seconds} 秒"),
        }
    }

    fn enterable(&self, pods: usize) -> String {
        format!("，其中 {pods} 个可进入")
    }

    fn matches(&self, shown: Option<u32>, count: u32) -> String {
        match (shown, count) {
            (_, 0) => "无匹配".to_owned(),
            (_, MANY..) => "1,000+".to_owned(),
            (Some(shown), count) => format!("第 {shown} 个，共 {count} 个"),
            (None, count) => format!("共 {count} 个"),
        }
    }

    fn with_detail(&self, text: &str, detail: &str) -> String {
        format!("{text}：{detail}")
    }

    fn sign_in_ends(&self, minutes: u32) -> String {
        format!("登录将在 {minutes} 分钟后失效")
    }

    fn quiet_for(&self, age: &str) -> String {
        format!("已连接，{age} 无输出")
    }

    fn crashed(&self, reason: &str, code: i32) -> String {
        format!("退出码 {code}{}", detail(reason, "，"))
    }

    fn starts_again(&self, crashed: &str, time: &str) -> String {
        format!("{crashed}；{time} 后再次启动")
    }

    fn restarts_ago(&self, restarts: &str, age: &str) -> String {
        format!("{restarts}（{age} 前）")
    }
}
