//! What is said of each kind of failure, in English.

use podshell_shared::terminal::EndReason;

use crate::{error::Kind, i18n::translation::Advice};

/// What is said of a kind of failure.
pub(super) fn advice(kind: Kind) -> Advice {
    match kind {
        Kind::Unreachable => says(
            "Podshell's server can't be reached",
            "Check that podshell is still running and that the network is up, then retry.",
        ),
        Kind::SignIn => says(
            "You are not signed in",
            "Open the link that podshell printed in its terminal. Each link works once; podshell says there how to get another.",
        ),
        Kind::SignedOut => says("You are not signed in", "Sign in again."),
        Kind::NotHandedOver => says(
            "You are not signed in",
            "The page around this terminal has to sign you in. In a page of its own you can do so yourself.",
        ),
        Kind::TokenRefused => says(
            "The cluster does not accept this token",
            "Get a new one and paste it here.",
        ),
        Kind::SignInFailed => says(
            "The sign-in did not work",
            "Try again. If it stays so, tell your administrator: the server's log says why.",
        ),
        Kind::ReservedUser => says(
            "Nobody can be this user here",
            "Kubernetes keeps such names for itself. Tell your administrator.",
        ),
        Kind::TooOften => says("Too many attempts", "Wait a minute, then try again."),
        Kind::TurnedOff => says(
            "This is turned off here",
            "Whoever runs this Podshell can turn it on.",
        ),
        Kind::LinkUsed => says(
            "This sign-in link was used before",
            "In case that was not you, all browsers have been signed out. Each link works once; podshell says in its terminal how to get another.",
        ),
        Kind::LinkUnknown => says(
            "This sign-in link is not from the Podshell that is running now",
            "Open the link that podshell printed in its terminal. Each link works once; podshell says there how to get another.",
        ),
        Kind::Forbidden => says(
            "The cluster does not allow this",
            "Ask your cluster administrator for the permission named above.",
        ),
        Kind::Denied => denied(),
        Kind::PodSecurity => says(
            "The namespace does not allow this debug container",
            "Choose another profile, or leave it automatic. If not even a restricted one is allowed, make the pod anew.",
        ),
        Kind::PodUnfit => says(
            "Nothing can be added to this pod",
            "The pod list shows what is running now.",
        ),
        Kind::ProxyRefused => proxy(),
        Kind::NoNamespace => gone("There is no such namespace"),
        Kind::NoPod => gone("There is no such pod"),
        Kind::NoContainer => gone("There is no such container"),
        Kind::NotFound => gone("Not found"),
        Kind::NotRunning => says(
            "The container is not running",
            "Retry once it is running; the pod list shows its state.",
        ),
        Kind::NoLog => says(
            "The container has no log yet",
            "It has one as soon as it runs; the pod list shows its state.",
        ),
        Kind::NoPreviousLog => says(
            "The container has not been restarted",
            "There is no log of a run before this one.",
        ),
        Kind::TooManyLogs => says(
            "Too many logs are open at once",
            "Close one, or try again later.",
        ),
        Kind::Cluster => says(
            "The cluster could not do this",
            "Retry in a moment. If that does not help, check that the cluster is up.",
        ),
        Kind::Server => says(
            "Podshell could not do this",
            "Retry in a moment. The server's log says more.",
        ),
        Kind::ProtocolError => says(
            "This page does not understand the server's answer",
            "The page and the server may have different versions: reload the page.",
        ),
        Kind::NotConnected => says(
            "The connection could not be opened",
            "The server is down, or something on the way to it, such as a proxy, does not let the connection through.",
        ),
        Kind::NotStarted => says(
            "The connection broke before the shell started",
            "Retry. If that does not help, the server's log says why.",
        ),
        Kind::ConnectionLost => says(
            "The connection was lost",
            "Reconnecting failed for a day. Check the network and that podshell is still running, then open a new shell.",
        ),
        Kind::Silent => says(
            "The server stopped responding",
            "Nothing arrived for a minute, so the connection is considered lost. Open a new shell.",
        ),
        Kind::ClosedByServer => says("The server closed the connection", "Open a new shell."),
        Kind::DebugEnded => says(
            "The debug container has ended",
            "Try again: another one will be added to the pod.",
        ),
        Kind::NoPage => says(
            "There is no such page",
            "The address may be incomplete or mistyped.",
        ),
        Kind::NotEmbeddable => says(
            "Podshell may not be shown inside this page",
            "Whoever runs Podshell can allow it by adding this page’s origin to the list of those that may.",
        ),
        Kind::Ended(reason) => end(reason),
    }
}

/// What is said of a session that ended.
fn end(reason: EndReason) -> Advice {
    match reason {
        EndReason::Exited => says("The shell ended", ""),
        EndReason::Closed => says("The shell was closed", ""),
        EndReason::NoShell => says(
            "This container has no shell",
            "Its image may contain only the program. A debug container beside it has a shell and sees its processes.",
        ),
        EndReason::NotStarted => says(
            "The shell could not be started",
            "The container runtime says why. A debug container beside it may do.",
        ),
        EndReason::Denied => denied(),
        EndReason::ProxyRefused => proxy(),
        EndReason::NoUpgrade => says(
            "No WebSocket gets through to the cluster",
            "Tell whoever runs the proxy or gateway between Podshell and the cluster that it has to pass WebSockets on.",
        ),
        EndReason::ContainerEnded => says(
            "The container has ended",
            "Open a new shell once it runs again. One that never runs for long can be looked at from a debug container beside it.",
        ),
        EndReason::PodGone => says(
            "The pod is gone",
            "It was deleted, or is over. The pod list shows what is running now.",
        ),
        EndReason::Forbidden => says(
            "The cluster does not allow a shell here",
            "Ask your cluster administrator for the permission to create pods/exec.",
        ),
        EndReason::NotFound => advice(Kind::NotFound),
        EndReason::ClusterLost => says(
            "The connection to the cluster was lost",
            "Open a new shell once the cluster answers again.",
        ),
        EndReason::UnknownId
        | EndReason::ExpiredId
        | EndReason::UsedId
        | EndReason::BindTimeout => says("The session could not be started", "Open a new shell."),
        EndReason::Protocol => says(
            "The page and the server do not understand each other",
            "They may have different versions: reload the page.",
        ),
        EndReason::Shutdown => says(
            "Podshell is shutting down",
            "Open a new shell once it is back.",
        ),
        EndReason::Limit => says(
            "There are too many shells",
            "Close one that you don't need, then open a new one.",
        ),
        EndReason::Idle => says(
            "The shell ended because nothing was typed",
            "The server ends shells that nobody uses. Open a new one.",
        ),
        EndReason::Lifetime => says(
            "The shell ended because it reached its time limit",
            "The server limits how long a shell may last. Open a new one.",
        ),
        EndReason::TakenOver => says(
            "This shell was opened in another window",
            "You can take it back here.",
        ),
        EndReason::NoSession => says(
            "The shell is gone",
            "It ended while the connection was down. Open a new shell.",
        ),
        EndReason::SignedOut => says(
            "The shell ended because your sign-in did",
            "Sign in again, then open a new one.",
        ),
        EndReason::NoAudit => says(
            "No shell can be opened at the moment",
            "The server can't write its audit events, and has to. Tell your administrator.",
        ),
    }
}

/// A policy of the cluster is in the way.
fn denied() -> Advice {
    says(
        "A policy of the cluster does not allow this",
        "It is no matter of your rights. Whoever sets the cluster's admission policies can change it.",
    )
}

/// Something is in the way that is not the cluster.
fn proxy() -> Advice {
    says(
        "Something answered in the cluster's place",
        "Tell whoever runs the proxy, firewall or gateway between Podshell and the cluster.",
    )
}

fn says(title: &'static str, hint: &'static str) -> Advice {
    Advice { title, hint }
}

/// For something that is not there, the only advice is to look for it.
fn gone(title: &'static str) -> Advice {
    says(
        title,
        "It may have been deleted or renamed. Pick one from the pod list.",
    )
}
