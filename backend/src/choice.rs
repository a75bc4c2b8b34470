//! Which cluster is served: what was asked for, else what kubectl would take; the demo if asked for, or if there is nothing else.

use std::sync::Arc;

use crate::{
    clock::Clock,
    cluster::{CallWatcher, Cluster, Source},
    config::{ActAs, Config, SignIn},
    descriptors::Costs,
    start_error::StartError,
};

/// A cluster and why it is that one.
pub(crate) struct Choice {
    pub(crate) cluster: Cluster,
    /// For people.
    pub(crate) why: String,
    #[cfg(feature = "demo")]
    pub(crate) demo: Option<fake_cluster::FakeCluster>,
}

impl Choice {
    /// What sessions cost here in descriptors.
    pub(crate) fn costs(&self) -> Costs {
        #[cfg(feature = "demo")]
        if self.demo.is_some() {
            return Costs::DEMO;
        }
        Costs::CLUSTER
    }
}

/// A cluster that was chosen and can't be used is an error, never the demo: whose VPN is down has not asked for one.
pub(crate) async fn choose(
    config: &Config,
    act_as: ActAs,
    clock: &Clock,
    watcher: Arc<dyn CallWatcher>,
) -> Result<Choice, StartError> {
    #[cfg(feature = "demo")]
    if config.is_demo() {
        return demo(config, "as asked", watcher);
    }
    let source = Source {
        kubeconfig: config.kubeconfig.clone(),
        context: config.context.clone(),
        anonymous: act_as == ActAs::Bearer,
    };
    let asked = source.kubeconfig.is_some() || source.context.is_some();
    let why = if asked {
        "as asked"
    } else {
        "the current context"
    };
    match Cluster::connect(&source, clock, Some(Arc::clone(&watcher))).await {
        Ok(cluster) => Ok(Choice {
            why: format!("cluster {:?}, {why}", cluster.name()),
            cluster,
            #[cfg(feature = "demo")]
            demo: None,
        }),
        #[cfg(feature = "demo")]
        Err(error @ crate::cluster::ConnectError::Nothing) if config.sign_in == SignIn::Local => {
            demo(config, &format!("because {error}"), watcher)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(feature = "demo")]
fn demo(config: &Config, why: &str, watcher: Arc<dyn CallWatcher>) -> Result<Choice, StartError> {
    let (demo, connector) = fake_cluster::demo()
        .crowd(config.demo_pods)
        .start_in_memory()
        .map_err(StartError::Demo)?;
    demo.change_crowd(config.demo_pods, config.demo_changes);
    Ok(Choice {
        cluster: Cluster::demo(connector, Some(watcher))?,
        why: format!("the built-in demo, {why}"),
        demo: Some(demo),
    })
}
