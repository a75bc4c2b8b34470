//! What is said of each kind of failure, in Chinese.

use podshell_shared::terminal::EndReason;

use crate::{error::Kind, i18n::translation::Advice};

/// What is said of a kind of failure.
pub(super) fn advice(kind: Kind) -> Advice {
    match kind {
        Kind::Unreachable => says(
            "无法连接 Podshell 服务器",
            "请确认 podshell 仍在运行且网络正常，然后重试。",
        ),
        Kind::SignIn => says(
            "您尚未登录",
            "请打开 podshell 在终端中打印的链接。每个链接只能使用一次；终端中写有获取新链接的方法。",
        ),
        Kind::SignedOut => says("您尚未登录", "请重新登录。"),
        Kind::NotHandedOver => says(
            "您尚未登录",
            "应由嵌入此终端的页面为您登录。在单独的页面中打开时，您可以自行登录。",
        ),
        Kind::TokenRefused => says("集群不接受此令牌", "请获取新的令牌并粘贴到此处。"),
        Kind::SignInFailed => says(
            "登录未成功",
            "请重试。若仍如此，请联系管理员：原因见服务器日志。",
        ),
        Kind::ReservedUser => says(
            "此处不能使用该用户名",
            "此类名称由 Kubernetes 保留。请联系管理员。",
        ),
        Kind::TooOften => says("尝试次数过多", "请等待一分钟后再试。"),
        Kind::TurnedOff => says("此功能在此处已关闭", "此 Podshell 的管理者可以开启它。"),
        Kind::LinkUsed => says(
            "该登录链接已被使用过",
            "为防他人使用，所有浏览器均已退出登录。每个链接只能使用一次；podshell 的终端中写有获取新链接的方法。",
        ),
        Kind::LinkUnknown => says(
            "该登录链接不属于当前运行的 Podshell",
            "请打开 podshell 在终端中打印的链接。每个链接只能使用一次；终端中写有获取新链接的方法。",
        ),
        Kind::Forbidden => says("集群不允许此操作", "请向集群管理员申请上面提到的权限。"),
        Kind::Denied => denied(),
        Kind::PodSecurity => says(
            "该命名空间不允许此调试容器",
            "请选择其他权限方案，或保持自动选择。若连 restricted 也不允许，请重建该 Pod。",
        ),
        Kind::PodUnfit => says("无法向该 Pod 添加容器", "Pod 列表显示当前正在运行的 Pod。"),
        Kind::ProxyRefused => proxy(),
        Kind::NoNamespace => gone("找不到该命名空间"),
        Kind::NoPod => gone("找不到该 Pod"),
        Kind::NoContainer => gone("找不到该容器"),
        Kind::NotFound => gone("未找到"),
        Kind::NotRunning => says("容器未在运行", "请在其运行后重试；Pod 列表会显示其状态。"),
        Kind::NoLog => says(
            "该容器还没有日志",
            "容器运行后即会有日志；Pod 列表会显示其状态。",
        ),
        Kind::NoPreviousLog => says("该容器未曾重启", "没有上一次运行的日志。"),
        Kind::TooManyLogs => says("同时打开的日志过多", "请关闭一个，或稍后再试。"),
        Kind::Cluster => says(
            "集群无法完成此操作",
            "请稍后重试。若仍如此，请检查集群是否正常，以及 Podshell 访问集群的凭据是否有效。",
        ),
        Kind::Server => says("Podshell 无法完成此操作", "请稍后重试。详情见服务器日志。"),
        Kind::ProtocolError => says(
            "页面无法理解服务器的回答",
            "页面与服务器的版本可能不同，请重新加载页面。",
        ),
        Kind::NotConnected => says("无法建立连接", "服务器未运行，或中间的代理未转发连接。"),
        Kind::NotStarted => says(
            "shell 启动前连接已中断",
            "请重试。若仍如此，请查看服务器日志。",
        ),
        Kind::ConnectionLost => says(
            "连接已丢失",
            "一天之内未能重新连接。请检查网络以及 podshell 是否仍在运行，然后新建 shell。",
        ),
        Kind::Silent => says(
            "服务器没有回应",
            "一分钟内没有收到任何数据，视为连接丢失。请新建 shell。",
        ),
        Kind::ClosedByServer => says("服务器关闭了连接", "请新建 shell。"),
        Kind::DebugEnded => says("调试容器已结束", "请重试：会为该 Pod 再添加一个。"),
        Kind::NoPage => says("页面不存在", "地址可能不完整或有误。"),
        Kind::NotEmbeddable => says(
            "不允许在此页面中显示 Podshell",
            "Podshell 的管理员可以将此页面的来源加入允许嵌入的列表。",
        ),
        Kind::Ended(reason) => end(reason),
    }
}

/// What is said of a session that ended.
fn end(reason: EndReason) -> Advice {
    match reason {
        EndReason::Exited => says("shell 已结束", ""),
        EndReason::Closed => says("shell 已关闭", ""),
        EndReason::NoShell => says(
            "该容器中没有 shell",
            "其镜像可能只包含程序本身。可在该 Pod 中打开带有 shell 的调试容器，并在其中查看该容器的进程。",
        ),
        EndReason::NotStarted => says(
            "无法启动 shell",
            "原因见容器运行时的说明。可尝试在旁边打开调试容器。",
        ),
        EndReason::Denied => denied(),
        EndReason::ProxyRefused => proxy(),
        EndReason::NoUpgrade => says(
            "WebSocket 无法到达集群",
            "请告知 Podshell 与集群之间的代理或网关的管理者：需要转发 WebSocket。",
        ),
        EndReason::ContainerEnded => says(
            "容器已结束",
            "待其再次运行后打开新的 shell；若总是很快结束，可在旁边打开调试容器查看。",
        ),
        EndReason::PodGone => says(
            "Pod 已不存在",
            "它已被删除或已结束。Pod 列表显示当前正在运行的容器。",
        ),
        EndReason::Forbidden => says(
            "集群不允许在此打开 shell",
            "请向集群管理员申请 pods/exec 的 create 权限。",
        ),
        EndReason::NotFound => advice(Kind::NotFound),
        EndReason::ClusterLost => says("与集群的连接已丢失", "请在集群恢复后新建 shell。"),
        EndReason::UnknownId
        | EndReason::ExpiredId
        | EndReason::UsedId
        | EndReason::BindTimeout => says("无法启动会话", "请新建 shell。"),
        EndReason::Protocol => says(
            "页面与服务器无法互相理解",
            "两者的版本可能不同，请重新加载页面。",
        ),
        EndReason::Shutdown => says("Podshell 正在关闭", "请在其恢复后新建 shell。"),
        EndReason::Limit => says("shell 数量已达上限", "请先关闭不需要的 shell，再新建。"),
        EndReason::Idle => says(
            "由于长时间没有输入，shell 已结束",
            "服务器会结束无人使用的 shell。请新建 shell。",
        ),
        EndReason::Lifetime => says(
            "shell 已达到最长使用时间",
            "服务器限制了 shell 的使用时间。请新建 shell。",
        ),
        EndReason::TakenOver => says("该 shell 已在另一个窗口中打开", "可以在此取回。"),
        EndReason::NoSession => says("shell 已不存在", "它在连接中断期间已结束。请新建 shell。"),
        EndReason::SignedOut => says("登录已失效，shell 已结束", "请重新登录，然后新建 shell。"),
        EndReason::NoAudit => says(
            "目前无法打开 shell",
            "服务器无法写入其必须记录的审计事件。请联系管理员。",
        ),
    }
}

/// A policy of the cluster is in the way.
fn denied() -> Advice {
    says(
        "集群的准入策略不允许此操作",
        "这与您的权限无关。集群准入策略的管理者可以更改它。",
    )
}

/// Something is in the way that is not the cluster.
fn proxy() -> Advice {
    says(
        "中间设备代替集群作出了回答",
        "请告知 Podshell 与集群之间的代理、防火墙或网关的管理者。",
    )
}

fn says(title: &'static str, hint: &'static str) -> Advice {
    Advice { title, hint }
}

/// For something that is not there, the only advice is to look for it.
fn gone(title: &'static str) -> Advice {
    says(title, "它可能已被删除或改名。请从 Pod 列表中选择。")
}
