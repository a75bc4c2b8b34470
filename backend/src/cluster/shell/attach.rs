//! Attaching to a container's main process.

use podshell_shared::terminal::{Exit, Size};
use tokio::sync::watch;

use super::{explain_exit, terminate::ProcessHandle};
use crate::{
    cluster::{
        Cluster, answer,
        exec::{self, Process},
        pods,
    },
    session::{Permit as _, ProcessWriter as _, RunningProcess, SessionId, Target, ToProcess},
};

/// Connects to the main process, with a terminal and input as far as the container gives it these.
pub(super) async fn open(
    cluster: &Cluster,
    id: SessionId,
    target: &Target,
    size: &watch::Receiver<Size>,
) -> Result<RunningProcess<Cluster>, Exit> {
    let opened = async {
        let pod = answer(cluster.pod_api(&target.namespace).get(&target.pod)).await?;
        let (stdin, tty) = pods::stdin_and_tty(&pod, &target.container);
        let stdin = stdin && cluster.allows_input();
        let process = Process::Main { stdin, tty };
        let (writer, reader) = exec::connect(&cluster.client, target, process, Some(id)).await?;
        Ok((stdin, tty, writer, reader))
    };
    let (stdin, tty, mut writer, mut reader) = match opened.await {
        Ok(opened) => opened,
        Err(error) => return Err(explain_exit::explain_refusal(cluster, target, &error).await),
    };
    if !tty {
        reader = reader.with_newlines();
    }
    if !stdin {
        reader.remark(if cluster.allows_input() {
            "The container's main process takes no input. You see what it prints."
        } else {
            "This Podshell is read-only. You see what the container's main process prints."
        });
    }
    let size = *size.borrow();
    if tty && size.is_usable() {
        // The real size follows, and makes a program draw its screen anew even if it has it already.
        writer.reserve().await.send(ToProcess::Resize(Size {
            rows: size.rows.saturating_add(1),
            cols: size.cols.saturating_add(1),
        }));
    }
    Ok(RunningProcess {
        reader,
        writer,
        handle: ProcessHandle::Main,
    })
}
