//! Chinese, simplified.

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
        &WORDS
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

    fn crashed(&self, reason: &str, code: i32) -> String {
        format!("上次以代码 {code} 结束{}", detail(reason, "，"))
    }

    fn restarts_ago(&self, restarts: &str, age: &str) -> String {
        format!("{restarts}（{age} 前）")
    }
}

const WORDS: Words = Words {
    pods: "Pod 列表",
    demo: "这是内置演示：列表中的 Pod 是虚构的，其中的 shell 运行在 Podshell 所在的机器上。",
    loading: "正在加载 Pod…",
    retry: "重试",
    new_shell: "新建 shell",
    back: "返回 Pod 列表",
    filter: "筛选 Pod",
    filter_hint: "名称、命名空间、节点、标签或镜像",
    no_pods: "没有 Pod",
    no_pods_hint: "集群中没有您可以查看的 Pod。新的 Pod 会自动出现在这里。",
    no_pods_hint_in: "其中没有您可以查看的 Pod。新的 Pod 会自动出现在这里。",
    no_match: "没有符合筛选条件的 Pod。",
    nothing_found: "没有匹配项。",
    clear_filter: "清除筛选",
    first_visit: [
        "此页面可在集群的任意容器中打开 shell：选中 Pod 后按 ",
        "，或按 ",
        " 前往任意位置。",
    ],
    first_visit_by_touch: "此页面可在集群的任意容器中打开 shell：点按容器即可。",
    all_namespaces: "所有命名空间",
    bad_namespace: "命名空间的名称只能包含小写字母、数字和“-”。",
    name_a_namespace: "如果您可以查看某个命名空间中的 Pod，请在此输入其名称。",
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
    sidecar: "边车",
    ephemeral: "临时",
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
    way_out: "离开终端",
    reconnecting: "正在重新连接",
    connection_lost: "连接已断开。",
    sent_later: "Shell 仍会保留，您输入的内容稍后发送。",
    trying: "正在重试…",
    try_now: "立即重试",
    take_back: "取回",
    attach: "附加",
    attach_title: "附加到主进程",
    attached: "已附加",
    attach_note: "离开不会停止该进程",
    attach_again: "重新附加",
    starting_attach: "连接中：正在附加到进程…",
    web_socket: "WebSocket",
    web_socket_text: "WebSocket（文本）",
    xhr_streaming: "HTTP 流",
    event_source: "HTTP 事件流",
    xhr_polling: "HTTP 轮询",
    transport: "传输方式",
    connection: "连接",
    container: "容器",
    connected_since: "连接建立于",
    output_received: "已接收的输出",
    input_sent: "已发送的输入",
    interrupt: "Ctrl-C 立即生效",
    interrupt_hint: "按 Ctrl-C 时丢弃尚未显示的输出",
    too_long: "粘贴内容过大：一次最多 64 MB。",
    shell_gone: "… 之前的 shell 已结束，这是新的 shell …",
    debug_offer: "打开调试容器",
    debug_profile: "权限方案",
    debug_profile_hint: "调试容器可以做什么。自动：取命名空间所允许的最大权限",
    automatic: "自动",
    debug_asking: "正在为该 Pod 添加调试容器…",
    debug_creating: "节点正在准备，可能需要先拉取镜像。",
    cancel: "取消",
    your_shells: "您的 shell",
    your_shells_note: "此标签页打开期间会继续运行",
    return_to: "返回",
    end: "结束",
    end_title: "结束此 shell 及其中运行的程序",
    end_busy: "有程序正在运行，要结束吗？",
    running_here: "返回您的 shell",
    dismiss: "关闭此提示",
    close: "关闭",
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
    touch_keyboard: "触摸键盘",
    left: "左",
    up: "上",
    down: "下",
    right: "右",
    line: "要发送的一行",
    line_hint: "输入一行",
    send: "发送",
    program_copies_too_much: "程序试图复制到剪贴板的内容超过了 1 MiB 的限制。",
    sign_in: "登录",
    sign_in_again: "重新登录",
    token: "集群令牌",
    token_kind: "集群认可的 Bearer 令牌：您本人的，或某个服务账号的。您将以其权限进入。",
    show_token: "显示",
    hide: "隐藏",
    no_token: "没有令牌？以下命令为服务账号生成一个，有效期 8 小时：",
    copied: "已复制",
    not_copied: "未能复制",
    stop: "。",
    as_yourself: "在集群的 Pod 中打开 shell。您以本人的身份和权限进入。",
    recorded: "您打开的内容会以您的名义记录。",
    sign_in_not_begun: "耗时过长，或是在另一个浏览器中开始的。请重试。",
    sign_in_denied: "登录服务未同意：",
    not_signed_in: "您尚未登录。",
    by_proxy: "此处由 Podshell 前面的代理负责登录，但它没有说明您是谁。请重新加载页面以便在代理处登录；若仍如此，请联系其管理员。",
    not_by_proxy: "此处由 Podshell 前面的代理负责登录，但此页面并未经过该代理。请通过 Podshell 的公开地址打开，或联系其管理员。",
    reload: "重新加载",
    sign_in_ended: "您的登录已失效。",
    signed_out: "您已退出登录。",
    shells_of_mine_ended: "您的 shell 已随之结束。",
    look: "仅查看屏幕内容",
    sign_out: "退出登录",
    sign_out_title: "退出登录？",
    open_alone: "在单独的页面中打开",
    terminals: "终端",
    mark_connecting: "正在连接",
    mark_output: "有新输出",
    mark_bell: "响铃",
    tab_name: "此标签页的名称",
    split_right: "向右拆分",
    split_down: "向下拆分",
    zoom: "放大",
    divider: "分隔线",
    undo: "撤销",
    undo_close: "撤销关闭",
    close_hint: "仍有程序在运行，它会随终端一起结束。",
    end_and_close: "结束并关闭",
    keep_open: "保持打开",
    debug: "调试",
    only_enterable: "仅可进入的",
    hint_choose: "选择",
    hint_shell: "打开 shell",
    hint_containers: "容器",
    hint_split: "拆分打开",
    hint_attach: "附加",
    hint_search: "搜索",
    appearance: "外观",
    language: "语言",
    theme: "主题",
    theme_hint: "“跟随系统”会随系统的浅色和深色变化",
    as_system: "跟随系统",
    light: "浅色",
    dark: "深色",
    contrast: "对比度",
    high: "高",
    font: "字体",
    font_hint: "这台电脑上的任意字体",
    sample: "预览",
    usual_font: "默认字体",
    font_size: "字号",
    smaller: "减小",
    larger: "增大",
    cursor: "光标",
    block: "方块",
    beam: "竖线",
    underline: "下划线",
    cursor_blinks: "光标闪烁",
    cursor_blinks_hint: "启用“减少动态效果”时从不闪烁",
    scrollback: "回滚行数",
    scrollback_hint: "每个终端在屏幕上方保留的行数",
    screen_reader: "屏幕阅读器",
    screen_reader_hint: "可逐行朗读终端内容，新的输出会自动读出",
    too_much_output: "输出过多，无法全部读出：请逐行阅读",
    search_terminal: "在此终端中搜索",
    save_text: "另存为文本",
    nothing_to_save: "此终端中没有可保存的内容。",
    not_saved: "未能保存：浏览器没有空间存放此文件。",
    older: "上一个匹配（Enter）",
    newer: "下一个匹配（Shift Enter）",
    match_case: "区分大小写",
    expression: "正则表达式",
    bad_expression: "表达式无效",
    go_to: "前往",
    go_to_hint: "Pod、正在运行的 shell、命令",
    go_there: "前往",
    recent: "最近使用",
    commands: "命令",
    new_tab: "新 shell",
    duplicate: "在新标签页中打开同一容器",
    equal: "等分大小",
    close_pane: "关闭此终端",
    help: "快捷键",
    everywhere: "任何位置",
    in_list: "在 Pod 列表中",
    leave_terminal: "离开终端",
    next_region: "页面的下一部分",
    toward: "移到某个方向的窗格",
    move_divider: "移动分隔线",
    next_tab: "下一个、上一个标签页",
    tab_keys: "重命名、关闭获得焦点的标签页",
    copy_paste: "复制、粘贴",
    scroll: "滚动",
    log: &log::LOG,
};
