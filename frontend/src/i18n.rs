//! What the page says, in English and Chinese, and which of the two.

mod failures;

use leptos::prelude::*;
use podshell_shared::api::ContainerKind;
use web_sys::Storage;

use crate::failure::Kind;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

/// The words of one language.
pub(crate) struct Words {
    pub(crate) pods: &'static str,
    pub(crate) demo: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) refresh: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) new_shell: &'static str,
    pub(crate) enter: &'static str,
    pub(crate) back: &'static str,
    pub(crate) filter: &'static str,
    pub(crate) filter_hint: &'static str,
    pub(crate) no_pods: &'static str,
    pub(crate) no_pods_hint: &'static str,
    pub(crate) no_match: &'static str,
    pub(crate) clear_filter: &'static str,
    pub(crate) show_all: &'static str,
    pub(crate) stale: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) ready: &'static str,
    pub(crate) status: &'static str,
    pub(crate) restarts: &'static str,
    pub(crate) age: &'static str,
    pub(crate) node: &'static str,
    pub(crate) open_shell: &'static str,
    pub(crate) init: &'static str,
    pub(crate) ephemeral: &'static str,
    pub(crate) not_running: &'static str,
    pub(crate) other_language: &'static str,
    pub(crate) asking: &'static str,
    pub(crate) opening: &'static str,
    pub(crate) starting: &'static str,
    pub(crate) connected: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) round_trip: &'static str,
    pub(crate) size: &'static str,
    pub(crate) terminal: &'static str,
    pub(crate) way_out: &'static str,
}

/// A failure's headline, and what to do.
pub(crate) struct Advice {
    pub(crate) title: &'static str,
    pub(crate) hint: &'static str,
}

const ENGLISH: Words = Words {
    pods: "Pods",
    demo: "This is the built-in demo: the pods are made up, and their shells run on the machine that Podshell itself runs on.",
    loading: "Loading pods…",
    refresh: "Refresh",
    retry: "Retry",
    new_shell: "New shell",
    enter: "Enter",
    back: "Back to pods",
    filter: "Filter pods",
    filter_hint: "Namespace, name or label",
    no_pods: "No pods",
    no_pods_hint: "The cluster has none that you may see. New ones appear here by themselves.",
    no_match: "No pod matches the filter.",
    clear_filter: "Clear filter",
    show_all: "Show all",
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
    ephemeral: "ephemeral",
    not_running: "does not run",
    other_language: "中文",
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
    way_out: "Shift+Esc leaves the terminal",
};

const CHINESE: Words = Words {
    pods: "Pod 列表",
    demo: "这是内置演示：列表中的 Pod 是虚构的，其中的 shell 运行在 Podshell 所在的机器上。",
    loading: "正在加载 Pod…",
    refresh: "刷新",
    retry: "重试",
    new_shell: "新建 shell",
    enter: "回车",
    back: "返回 Pod 列表",
    filter: "筛选 Pod",
    filter_hint: "命名空间、名称或标签",
    no_pods: "没有 Pod",
    no_pods_hint: "集群中没有您可以查看的 Pod。新的 Pod 会自动出现在这里。",
    no_match: "没有符合筛选条件的 Pod。",
    clear_filter: "清除筛选",
    show_all: "全部显示",
    stale: "列表已过时：",
    namespace: "命名空间",
    name: "名称",
    ready: "就绪",
    status: "状态",
    restarts: "重启",
    age: "存在时间",
    node: "节点",
    open_shell: "打开 shell",
    init: "初始化",
    ephemeral: "临时",
    not_running: "未运行",
    other_language: "English",
    asking: "连接中：正在请求会话…",
    opening: "连接中：正在建立连接…",
    starting: "连接中：正在启动 shell…",
    connected: "已连接",
    lost: "连接丢失",
    failed: "失败",
    ended: "已结束",
    round_trip: "往返时间",
    size: "列 × 行",
    terminal: "终端",
    way_out: "按 Shift+Esc 离开终端",
};

impl Language {
    /// Its words.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }

    /// Its tag as in HTML's `lang`.
    fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    fn from_tag(tag: &str) -> Self {
        if tag.starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// What marks a container that is not a regular one.
    pub(crate) fn kind(self, kind: ContainerKind) -> Option<&'static str> {
        match kind {
            ContainerKind::Regular => None,
            ContainerKind::Init => Some(self.words().init),
            ContainerKind::Ephemeral => Some(self.words().ephemeral),
        }
    }

    /// How a shell ended by itself.
    pub(crate) fn exited(self, code: Option<i32>) -> String {
        match (self, code) {
            (Self::English, Some(code)) => format!("The shell ended with exit code {code}"),
            (Self::English, None) => "The shell ended".to_owned(),
            (Self::Chinese, Some(code)) => format!("shell 已结束，退出码 {code}"),
            (Self::Chinese, None) => "shell 已结束".to_owned(),
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

    /// What to say of a kind of failure.
    pub(crate) fn failure(self, kind: Kind) -> Advice {
        let (english, chinese) = failures::words(kind);
        let (title, hint) = match self {
            Self::English => english,
            Self::Chinese => chinese,
        };
        Advice { title, hint }
    }
}

/// The language that the page speaks, as a context.
#[derive(Clone, Copy)]
struct Spoken(RwSignal<Language>);

/// Where the user's choice is kept.
const KEY: &str = "podshell.language";

/// Settles on the user's choice, else the browser's language.
pub(crate) fn provide_language() {
    let chosen = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    let tag = chosen.or_else(|| window().navigator().language());
    let spoken = RwSignal::new(Language::from_tag(&tag.unwrap_or_default()));
    provide_context(Spoken(spoken));
    Effect::new(move || {
        let root = document().document_element();
        if let Some(root) = root {
            root.set_attribute("lang", spoken.get().tag())
                .expect("the attribute's name is valid");
        }
    });
}

/// The language that the page speaks.
pub(crate) fn use_language() -> Signal<Language> {
    expect_context::<Spoken>().0.into()
}

/// A button that names the other language in itself.
#[component]
pub(crate) fn LanguageSwitch() -> impl IntoView {
    let Spoken(spoken) = expect_context();
    let switch = move |_| {
        spoken.update(|language| {
            *language = match language {
                Language::English => Language::Chinese,
                Language::Chinese => Language::English,
            }
        });
        if let Some(storage) = storage() {
            // a browser that keeps nothing asks again next time
            storage.set_item(KEY, spoken.get_untracked().tag()).ok();
        }
    };
    let other = move || match spoken.get() {
        Language::English => Language::Chinese.tag(),
        Language::Chinese => Language::English.tag(),
    };
    view! {
        <button class="quiet" data-testid="language" lang=other on:click=switch>
            {move || spoken.get().words().other_language}
        </button>
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
