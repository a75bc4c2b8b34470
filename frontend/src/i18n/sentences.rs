//! What the page says that has a name or a number in it, in English and Chinese.

use podshell_shared::terminal::Notice;

use super::Language;
use podshell_shared::target::Mode;

impl Language {
    /// How a shell ended by itself, or the process that the terminal was attached to.
    pub(crate) fn exited(self, mode: &Mode, code: Option<i32>) -> String {
        let (english, chinese) = match mode {
            Mode::Exec(_) => ("shell", "shell "),
            Mode::Attach => ("container's main process", "容器主进程"),
        };
        match (self, code) {
            (Self::English, Some(code)) => {
                format!("The {english} ended with exit code {code}")
            }
            (Self::English, None) => format!("The {english} ended"),
            (Self::Chinese, Some(code)) => format!("{chinese}已结束，退出码 {code}"),
            (Self::Chinese, None) => format!("{chinese}已结束"),
        }
    }

    /// When it is tried again to connect.
    pub(crate) fn in_seconds(self, seconds: u32) -> String {
        match self {
            Self::English => format!(" in {seconds} s"),
            Self::Chinese => format!("（{seconds} 秒后）"),
        }
    }

    /// That output was dropped because of a Ctrl-C.
    pub(crate) fn skipped(self, bytes: u64) -> String {
        let amount = amount(bytes);
        match self {
            Self::English => format!("… {amount} not shown (Ctrl-C) …"),
            Self::Chinese => format!("… 有 {amount} 未显示（Ctrl-C）…"),
        }
    }

    /// That output was lost.
    pub(crate) fn missing(self, bytes: u64) -> String {
        let amount = amount(bytes);
        match self {
            Self::English => format!("… {amount} not shown …"),
            Self::Chinese => format!("… 有 {amount} 未显示 …"),
        }
    }

    /// A remark of the server.
    pub(crate) fn notice(self, notice: Notice) -> String {
        match (self, notice) {
            (Self::English, notice) => notice.to_string(),
            (Self::Chinese, Notice::MainProcess) => "这是容器的主进程。离开不会停止它。".to_owned(),
            (Self::Chinese, Notice::IdleSoon { seconds }) => {
                format!("若无输入，此会话将在 {seconds} 秒后结束。")
            }
            (Self::Chinese, Notice::LifetimeSoon { seconds }) => {
                format!("此会话将在 {seconds} 秒后结束：已达到此处允许的最长时间。")
            }
        }
    }

    /// For which debug container the user waits.
    pub(crate) fn waiting_for(self, container: &str) -> String {
        match self {
            Self::English => format!("Waiting for {container}"),
            Self::Chinese => format!("正在等待 {container}"),
        }
    }

    /// How many pods there are, and how many of them are shown.
    pub(crate) fn count(self, shown: usize, all: usize) -> String {
        match (self, shown == all) {
            (Self::English, true) => format!("{all} pods"),
            (Self::English, false) => format!("{shown} of {all} pods"),
            (Self::Chinese, true) => format!("共 {all} 个 Pod"),
            (Self::Chinese, false) => format!("{shown} / {all} 个 Pod"),
        }
    }

    /// That pods of one namespace alone can be listed.
    pub(crate) fn only(self, namespace: &str) -> String {
        match self {
            Self::English => {
                format!(
                    "You may not list the pods of all namespaces: these are those of {namespace}."
                )
            }
            Self::Chinese => {
                format!("您无权列出所有命名空间的 Pod：此处仅显示 {namespace} 中的 Pod。")
            }
        }
    }
}

/// So many bytes, in the unit that people use.
fn amount(bytes: u64) -> String {
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
    use super::*;

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
        assert_eq!(
            Language::English.skipped(12_449_000),
            "… 12.4 MB not shown (Ctrl-C) …"
        );
    }
}
