//! What the page says of each kind of failure, in English and Chinese.

use podshell_shared::terminal::EndReason;

use crate::error::Kind;

/// One language's words.
type TitleAndHint = (&'static str, &'static str);

/// Headline and hint in English and in Chinese.
pub(super) fn words(kind: Kind) -> (TitleAndHint, TitleAndHint) {
    match kind {
        Kind::Unreachable => (
            (
                "Podshell's server can't be reached",
                "Check that podshell still runs and that the network is up, then retry.",
            ),
            (
                "无法连接 Podshell 服务器",
                "请确认 podshell 仍在运行且网络正常，然后重试。",
            ),
        ),
        Kind::SignIn => (
            (
                "You are not signed in",
                "Open the link that podshell printed in its terminal. Each link is good once; podshell says there how to get another.",
            ),
            (
                "您尚未登录",
                "请打开 podshell 在终端中打印的链接。每个链接只能使用一次；终端中写有获取新链接的方法。",
            ),
        ),
        Kind::LinkUsed => (
            (
                "This sign-in link was used before",
                "In case that was not you, all browsers have been signed out. Each link is good once; podshell says in its terminal how to get another.",
            ),
            (
                "该登录链接已被使用过",
                "为防他人使用，所有浏览器均已退出登录。每个链接只能使用一次；podshell 的终端中写有获取新链接的方法。",
            ),
        ),
        Kind::LinkUnknown => (
            (
                "This sign-in link is not of the Podshell that runs now",
                "Open the link that podshell printed in its terminal. Each link is good once; podshell says there how to get another.",
            ),
            (
                "该登录链接不属于当前运行的 Podshell",
                "请打开 podshell 在终端中打印的链接。每个链接只能使用一次；终端中写有获取新链接的方法。",
            ),
        ),
        Kind::Forbidden => (
            (
                "The cluster does not allow this",
                "Ask your cluster administrator for the permission named above.",
            ),
            ("集群不允许此操作", "请向集群管理员申请上面提到的权限。"),
        ),
        Kind::NoNamespace => gone("There is no such namespace", "找不到该命名空间"),
        Kind::NoPod => gone("There is no such pod", "找不到该 Pod"),
        Kind::NoContainer => gone("There is no such container", "找不到该容器"),
        Kind::NotFound => gone("Not found", "未找到"),
        Kind::NotRunning => (
            (
                "The container does not run",
                "Retry once it runs; the pod list shows its state.",
            ),
            ("容器未在运行", "请在其运行后重试；Pod 列表会显示其状态。"),
        ),
        Kind::Cluster => (
            (
                "The cluster could not do this",
                "Retry in a moment. If it stays so, check that the cluster is up.",
            ),
            (
                "集群无法完成此操作",
                "请稍后重试。若仍如此，请检查集群是否正常，以及 Podshell 访问集群的凭据是否有效。",
            ),
        ),
        Kind::Server => (
            (
                "Podshell could not do this",
                "Retry in a moment. The server's log says more.",
            ),
            ("Podshell 无法完成此操作", "请稍后重试。详情见服务器日志。"),
        ),
        Kind::ProtocolError => (
            (
                "The server's answer makes no sense to this page",
                "Page and server may be of different versions: reload the page.",
            ),
            (
                "页面无法理解服务器的回答",
                "页面与服务器的版本可能不同，请重新加载页面。",
            ),
        ),
        Kind::NotConnected => (
            (
                "The connection could not be opened",
                "The server is down, or something between here and it does not pass the connection on.",
            ),
            ("无法建立连接", "服务器未运行，或中间的代理未转发连接。"),
        ),
        Kind::NotStarted => (
            (
                "The connection broke before the shell started",
                "Retry. If it stays so, the server's log says why.",
            ),
            (
                "shell 启动前连接已中断",
                "请重试。若仍如此，请查看服务器日志。",
            ),
        ),
        Kind::ConnectionLost => (
            (
                "The connection was lost",
                "It could not be made again for a day. Check the network and that podshell still runs, then open a new shell.",
            ),
            (
                "连接已丢失",
                "一天之内未能重新连接。请检查网络以及 podshell 是否仍在运行，然后新建 shell。",
            ),
        ),
        Kind::Silent => (
            (
                "The server fell silent",
                "Nothing came for a minute, so the connection counts as lost. Open a new shell.",
            ),
            (
                "服务器没有回应",
                "一分钟内没有收到任何数据，视为连接丢失。请新建 shell。",
            ),
        ),
        Kind::ClosedByServer => (
            ("The server closed the connection", "Open a new shell."),
            ("服务器关闭了连接", "请新建 shell。"),
        ),
        Kind::DebugEnded => (
            (
                "The debug container has ended",
                "Try again: another one is added to the pod.",
            ),
            ("调试容器已结束", "请重试：会为该 Pod 再添加一个。"),
        ),
        Kind::NoPage => (
            (
                "There is no such page",
                "The address may be cut off or mistyped.",
            ),
            ("页面不存在", "地址可能不完整或有误。"),
        ),
        Kind::Ended(reason) => end_words(reason),
    }
}

/// Of what isn't there, all that can be advised is to look for it.
fn gone(english: &'static str, chinese: &'static str) -> (TitleAndHint, TitleAndHint) {
    (
        (
            english,
            "It may have been deleted or renamed. Pick one from the pod list.",
        ),
        (chinese, "它可能已被删除或改名。请从 Pod 列表中选择。"),
    )
}

/// Headline and hint for the end of a session, in English and in Chinese.
fn end_words(reason: EndReason) -> (TitleAndHint, TitleAndHint) {
    match reason {
        EndReason::Exited => (("The shell ended", ""), ("shell 已结束", "")),
        EndReason::Closed => (("The shell was closed", ""), ("shell 已关闭", "")),
        EndReason::NoShell => (
            (
                "This container has no shell",
                "Its image may hold just the program. A debug container beside it has a shell, and sees its processes.",
            ),
            (
                "该容器中没有 shell",
                "其镜像可能只包含程序本身。可在该 Pod 中打开带有 shell 的调试容器，并在其中查看该容器的进程。",
            ),
        ),
        EndReason::PodGone => (
            (
                "The container is gone",
                "Its pod was deleted, or it ended. The pod list shows what runs now.",
            ),
            (
                "容器已不存在",
                "其 Pod 已被删除，或容器已结束。Pod 列表显示当前正在运行的容器。",
            ),
        ),
        EndReason::Forbidden => (
            (
                "The cluster does not allow a shell here",
                "Ask your cluster administrator for the permission to create pods/exec.",
            ),
            (
                "集群不允许在此打开 shell",
                "请向集群管理员申请 pods/exec 的 create 权限。",
            ),
        ),
        EndReason::NotFound => words(Kind::NotFound),
        EndReason::ClusterLost => (
            (
                "The connection to the cluster was lost",
                "Open a new shell once the cluster answers again.",
            ),
            ("与集群的连接已丢失", "请在集群恢复后新建 shell。"),
        ),
        EndReason::UnknownId
        | EndReason::ExpiredId
        | EndReason::UsedId
        | EndReason::BindTimeout => (
            ("The session could not be started", "Open a new shell."),
            ("无法启动会话", "请新建 shell。"),
        ),
        EndReason::Protocol => (
            (
                "Page and server do not understand each other",
                "They may be of different versions: reload the page.",
            ),
            (
                "页面与服务器无法互相理解",
                "两者的版本可能不同，请重新加载页面。",
            ),
        ),
        EndReason::Shutdown => (
            (
                "Podshell is shutting down",
                "Open a new shell once it is back.",
            ),
            ("Podshell 正在关闭", "请在其恢复后新建 shell。"),
        ),
        EndReason::Limit => (
            (
                "There are too many shells",
                "Close one that you don't need, then open a new one.",
            ),
            ("shell 数量已达上限", "请先关闭不需要的 shell，再新建。"),
        ),
        EndReason::Idle => (
            (
                "The shell ended because nothing was typed",
                "The server ends shells that nobody uses. Open a new one.",
            ),
            (
                "由于长时间没有输入，shell 已结束",
                "服务器会结束无人使用的 shell。请新建 shell。",
            ),
        ),
        EndReason::Lifetime => (
            (
                "The shell ended because it was too old",
                "The server allows a shell a certain time. Open a new one.",
            ),
            (
                "shell 已达到最长使用时间",
                "服务器限制了 shell 的使用时间。请新建 shell。",
            ),
        ),
        EndReason::TakenOver => (
            (
                "This shell was opened in another window",
                "You can take it back here.",
            ),
            ("该 shell 已在另一个窗口中打开", "可以在此取回。"),
        ),
        EndReason::NoSession => (
            (
                "The shell is gone",
                "It ended while the connection was down. Open a new shell.",
            ),
            ("shell 已不存在", "它在连接中断期间已结束。请新建 shell。"),
        ),
    }
}
