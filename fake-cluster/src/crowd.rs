//! Many pods, as heavy as real ones, and changes to them: for lists.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use k8s_openapi::{
    api::core::v1 as core,
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{FieldsV1, ManagedFieldsEntry, OwnerReference},
    },
};
use serde_json::{Map, Value, json};
use tokio::time::interval;

use crate::{
    cluster::Shared,
    pod::{Container, Pod},
    store::Store,
};

/// What marks a pod that weighs as much as a real one. The weight is put on when it is told of, so that the cluster holds
/// many.
const HEAVY: &str = "fake-cluster/heavy";
/// One of so many changes takes a pod away, which comes again after so many others.
const GOES: usize = 10;
const COMES_AFTER: usize = 25;
/// How many namespaces and nodes they are spread over.
const NAMESPACES: usize = 20;
const NODES: usize = 200;
const HOUR: u64 = 3600;

/// One of the crowd.
pub(crate) fn member(number: usize) -> Pod {
    let app = ["api", "web", "worker", "cache", "gateway"][number % 5];
    let age = HOUR + (number as u64 * 7_919) % (90 * 24 * HOUR);
    Pod::new(
        format!("team-{:02}", number % NAMESPACES),
        format!("{app}-7c9d5b6f4-{number:05}"),
    )
    .label("app.kubernetes.io/name", app)
    .label("app.kubernetes.io/part-of", "shop")
    .label("pod-template-hash", "7c9d5b6f4")
    .label("team", format!("team-{:02}", number % NAMESPACES))
    .age(Duration::from_secs(age))
    .node(format!("node-{:03}", number % NODES))
    .annotation(HEAVY, "true")
    .init_container(
        Container::new("migrate").image(format!("registry.example/shop/{app}-migrate:2.4.1")),
    )
    .container(Container::new("app").image(format!("registry.example/shop/{app}:2.4.1")))
    .container(Container::new("proxy").image("registry.example/mesh/proxy:1.36.0"))
}

/// Changes so many of the first `count` of the crowd within a second, until the cluster ends: most are restarted once more,
/// some go, and come again.
pub(crate) async fn change(shared: Arc<Shared>, count: usize, per_second: u32) {
    if count == 0 || per_second == 0 {
        return;
    }
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    for step in 0_usize.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shared.stop.cancelled() => return,
        }
        change_one(&shared.store, count, step);
    }
}

fn change_one(store: &Store, count: usize, step: usize) {
    // Here and there, and each of them at some time.
    let at = |step: usize| member(step.wrapping_mul(7_919) % count);
    let gone = step.checked_sub(COMES_AFTER);
    if let Some(gone) = gone.filter(|step| step.is_multiple_of(GOES)) {
        store.put(at(gone));
        return;
    }
    let (namespace, name) = at(step).key();
    if step.is_multiple_of(GOES) {
        store.finish_delete(&namespace, &name);
    } else {
        store.change(&namespace, &name, |pod| {
            pod.restart();
            true
        });
    }
}

/// A pod as it is told of: with all that real ones have and nobody here looks at.
pub(crate) fn told(pod: &core::Pod) -> core::Pod {
    let mut pod = pod.clone();
    let annotations = pod.metadata.annotations.as_mut();
    let Some(annotations) = annotations.filter(|all| all.contains_key(HEAVY)) else {
        return pod;
    };
    annotations.extend(WEIGHT.annotations.clone());
    pod.metadata.managed_fields = Some(WEIGHT.managed_fields.clone());
    pod.metadata.owner_references = Some(vec![WEIGHT.owner.clone()]);
    if let Some(spec) = &mut pod.spec {
        spec.service_account_name = Some("default".to_owned());
        spec.tolerations = Some(WEIGHT.tolerations.clone());
        for container in &mut spec.containers {
            container.env = Some(WEIGHT.env.clone());
            container.resources = Some(WEIGHT.resources.clone());
            container.volume_mounts = Some(WEIGHT.mounts.clone());
        }
    }
    pod
}

struct Weight {
    annotations: BTreeMap<String, String>,
    managed_fields: Vec<ManagedFieldsEntry>,
    owner: OwnerReference,
    env: Vec<core::EnvVar>,
    resources: core::ResourceRequirements,
    mounts: Vec<core::VolumeMount>,
    tolerations: Vec<core::Toleration>,
}

static WEIGHT: LazyLock<Weight> = LazyLock::new(|| {
    let fields = |prefix: &str, count: usize| {
        let field = |number| {
            (
                format!("f:{prefix}-{number}"),
                json!({".": {}, "f:name": {}}),
            )
        };
        Value::Object((0..count).map(field).collect::<Map<_, _>>())
    };
    let managed = |manager: &str, count| ManagedFieldsEntry {
        manager: Some(manager.to_owned()),
        operation: Some("Update".to_owned()),
        api_version: Some("v1".to_owned()),
        fields_type: Some("FieldsV1".to_owned()),
        fields_v1: Some(FieldsV1(fields("status", count))),
        ..ManagedFieldsEntry::default()
    };
    let quantity = |amount: &str| Quantity(amount.to_owned());
    let amounts = |cpu: &str, memory: &str| {
        Some(BTreeMap::from([
            ("cpu".to_owned(), quantity(cpu)),
            ("memory".to_owned(), quantity(memory)),
        ]))
    };
    let toleration = |key: &str| core::Toleration {
        key: Some(format!("node.kubernetes.io/{key}")),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: Some(300),
        ..core::Toleration::default()
    };
    Weight {
        annotations: BTreeMap::from([
            (
                "cni.example/networks".to_owned(),
                "10.244.0.0/16 ".repeat(12),
            ),
            ("checksum/config".to_owned(), "c0ffee".repeat(10)),
        ]),
        managed_fields: vec![
            managed("kube-controller-manager", 30),
            managed("kubelet", 30),
        ],
        owner: OwnerReference {
            api_version: "apps/v1".to_owned(),
            kind: "ReplicaSet".to_owned(),
            name: "shop-7c9d5b6f4".to_owned(),
            uid: "00000000-0000-4000-8000-000000000000".to_owned(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        },
        env: (0..8)
            .map(|number| core::EnvVar {
                name: format!("SETTING_OF_THE_SHOP_{number}"),
                value: Some("SECRETSECRET https://config.example/shop".to_owned()),
                ..core::EnvVar::default()
            })
            .collect(),
        resources: core::ResourceRequirements {
            limits: amounts("2", "1Gi"),
            requests: amounts("100m", "256Mi"),
            ..core::ResourceRequirements::default()
        },
        mounts: vec![core::VolumeMount {
            name: "kube-api-access-x2x8q".to_owned(),
            mount_path: "/var/run/secrets/kubernetes.io/serviceaccount".to_owned(),
            read_only: Some(true),
            ..core::VolumeMount::default()
        }],
        tolerations: ["not-ready", "unreachable"].map(toleration).into(),
    }
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn they_are_as_heavy_as_real_ones_and_no_other_is() {
        let pod = member(7).render();
        let heavy = serde_json::to_vec(&told(&pod)).unwrap().len();
        assert!((5_000..7_500).contains(&heavy), "{heavy}");
        let light = Pod::new("a", "b").container(Container::new("c")).render();
        assert_eq!(told(&light), light);
    }

    #[test]
    fn however_long_it_changes_it_stays_a_crowd() {
        const COUNT: usize = 200;
        let store = Store::new(BTreeSet::new());
        (0..COUNT).for_each(|number| store.put(member(number)));
        let mut fewest = COUNT;
        for step in 0..3_000 {
            change_one(&store, COUNT, step);
            fewest = fewest.min(store.list().1.len());
        }
        assert_eq!(fewest, COUNT - 3);
    }
}
