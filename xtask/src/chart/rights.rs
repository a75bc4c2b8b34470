//! What the deployment's own account may do: for each mode, what the API server says of some 350 rights, against a table.

mod asked;

use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::{Deserializer, Value, json};

use self::asked::{Right, right, to_ask};
use super::{
    clear,
    helm::{Helm, of_kinds},
    scratch,
};
use crate::{cluster::Cluster, command, places::Places};

/// Where the accounts are for as long as they are asked about.
const NAMESPACE: &str = "podshell-chart-rights";
/// The kinds that rights are made of.
const KINDS: [&str; 5] = [
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
];
/// How often the API server is asked again while it does not know the new rights.
const TRIES: usize = 10;

/// What everyone who is signed in may do in any cluster (`system:basic-user`).
const BASIC: [Right; 3] = [
    right("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    right("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
    right("create", "authentication.k8s.io", "selfsubjectreviews"),
];
const ANYONE: [Right; 2] = [
    right("impersonate:user-info", "authentication.k8s.io", "users"),
    right("impersonate:user-info", "authentication.k8s.io", "groups"),
];
const REVIEWS: [Right; 3] = [
    right(
        "impersonate-on:user-info:create",
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
    ),
    right(
        "impersonate-on:user-info:create",
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
    ),
    right(
        "impersonate-on:user-info:create",
        "authentication.k8s.io",
        "selfsubjectreviews",
    ),
];
const PODS: [Right; 4] = [
    right("impersonate-on:user-info:get", "", "pods"),
    right("impersonate-on:user-info:list", "", "pods"),
    right("impersonate-on:user-info:watch", "", "pods"),
    right("impersonate-on:user-info:get", "", "pods/exec"),
];
const ATTACH_LOG_AND_DEBUG: [Right; 4] = [
    right("impersonate-on:user-info:get", "", "pods/attach"),
    right("impersonate-on:user-info:get", "", "pods/log"),
    right(
        "impersonate-on:user-info:update",
        "",
        "pods/ephemeralcontainers",
    ),
    right(
        "impersonate-on:user-info:patch",
        "",
        "pods/ephemeralcontainers",
    ),
];
const NAMED_GROUPS: [Right; 2] = [
    right("impersonate:user-info", "authentication.k8s.io", "groups").of("developers"),
    right("impersonate:user-info", "authentication.k8s.io", "users"),
];
const LEGACY: [Right; 2] = [
    right("impersonate", "", "users"),
    right("impersonate", "", "groups"),
];
const LEGACY_NAMED: [Right; 2] = [
    right("impersonate", "", "users").of("alice@example.com"),
    right("impersonate", "", "groups").of("developers"),
];

/// The rights of a mode, by the name of its values; all others must be refused.
const MODES: [Mode; 6] = [
    Mode {
        values: "token-bearer",
        everywhere: &[],
        in_namespace: &[],
    },
    Mode {
        values: "oidc-bearer",
        everywhere: &[],
        in_namespace: &[],
    },
    Mode {
        values: "oidc-constrained",
        everywhere: &[&ANYONE, &REVIEWS, &PODS, &ATTACH_LOG_AND_DEBUG],
        in_namespace: &[],
    },
    Mode {
        values: "proxy-constrained",
        everywhere: &[&NAMED_GROUPS, &REVIEWS],
        in_namespace: &[&PODS],
    },
    Mode {
        values: "proxy-legacy",
        everywhere: &[&LEGACY],
        in_namespace: &[],
    },
    Mode {
        values: "oidc-legacy-named",
        everywhere: &[&LEGACY_NAMED],
        in_namespace: &[],
    },
];

/// A way to install the chart, and what its account may then do.
#[derive(Debug)]
struct Mode {
    values: &'static str,
    everywhere: &'static [&'static [Right]],
    /// In the namespace `default`, which the values name, alone.
    in_namespace: &'static [&'static [Right]],
}

impl Mode {
    /// Whether its table has a right: in the namespace `default`, in another one, or in all at once.
    fn has(&self, asked: &Right, namespace: Option<&str>) -> bool {
        let everywhere = self.everywhere.iter().copied().chain([&BASIC[..]]);
        let here = (namespace == Some("default")).then_some(self.in_namespace);
        let rights = everywhere.chain(here.into_iter().flatten().copied());
        rights.flatten().any(|granted| granted.includes(asked))
    }
}

/// Installs account and rights of each mode, asks, and removes them again.
pub(super) fn check(places: &Places, helm: &Helm, cluster: &Cluster) -> Result<()> {
    let apply = |name: &str, text: &str| -> Result<()> {
        let file = scratch(places, name, text)?;
        command::run(cluster.kubectl().args(["apply", "--filename"]).arg(file))
    };
    clear(cluster, &[NAMESPACE])?;
    apply(
        "rights-namespace.yaml",
        &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n"),
    )?;
    for mode in &MODES {
        let values = places
            .repository
            .join(format!("deploy/chart/podshell/ci/{}.yaml", mode.values));
        let made = of_kinds(&helm.template(&values, "podshell", NAMESPACE)?, &KINDS);
        let file = scratch(places, &format!("rights-{}.yaml", mode.values), &made)?;
        command::run(cluster.kubectl().args(["apply", "--filename"]).arg(&file))?;
        let asked = settle(places, cluster, mode, account(&made)?);
        command::run(
            cluster
                .kubectl()
                .args(["delete", "--ignore-not-found", "--filename"])
                .arg(&file),
        )?;
        let (asked, granted) = asked.with_context(|| format!("the rights of {}", mode.values))?;
        eprintln!(
            "{}: {granted} of {asked} granted, as its table says",
            mode.values
        );
    }
    command::run(
        cluster
            .kubectl()
            .args(["delete", "--wait=false", "namespace", NAMESPACE]),
    )
}

/// The name of the account among what was made.
fn account(made: &str) -> Result<&str> {
    let account = of_kinds_at(made, "ServiceAccount").context("there is no ServiceAccount")?;
    let name = account
        .lines()
        .find_map(|line| line.strip_prefix("  name: "));
    name.context("the ServiceAccount has no name")
}

fn of_kinds_at<'made>(made: &'made str, kind: &str) -> Option<&'made str> {
    let kind = format!("kind: {kind}");
    made.split("\n---\n")
        .find(|document| document.lines().any(|line| line == kind))
}

/// Asks until the answers are those of the table: it takes a moment until new rights count. Returns how many were asked for,
/// and how many are granted.
fn settle(
    places: &Places,
    cluster: &Cluster,
    mode: &Mode,
    account: &str,
) -> Result<(usize, usize)> {
    let questions = to_ask();
    let mut wrong = Vec::new();
    for _ in 0..TRIES {
        let answers = ask(places, cluster, account, &questions)?;
        let expected = |(right, namespace): &(Right, Option<&str>)| mode.has(right, *namespace);
        wrong = questions
            .iter()
            .zip(&answers)
            .filter(|(question, answer)| expected(question) != **answer)
            .map(|((right, namespace), answer)| {
                let place = namespace.unwrap_or("all namespaces");
                let answer = if *answer { "granted" } else { "refused" };
                format!("{right} in {place} is {answer}")
            })
            .collect();
        if wrong.is_empty() {
            let granted = answers.iter().filter(|answer| **answer).count();
            return Ok((questions.len(), granted));
        }
    }
    bail!("against the table: {}", wrong.join("; "))
}

/// What `kubectl auth can-i --as=…` would say of each, in one call.
fn ask(
    places: &Places,
    cluster: &Cluster,
    account: &str,
    questions: &[(Right, Option<&str>)],
) -> Result<Vec<bool>> {
    let reviews: Vec<Value> = questions
        .iter()
        .map(|(right, namespace)| {
            json!({
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    "user": format!("system:serviceaccount:{NAMESPACE}:{account}"),
                    "groups": [
                        "system:serviceaccounts",
                        format!("system:serviceaccounts:{NAMESPACE}"),
                        "system:authenticated",
                    ],
                    "resourceAttributes": right.attributes(*namespace),
                },
            })
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": reviews});
    let file = scratch(places, "reviews.json", &list.to_string())?;
    let mut create = cluster.kubectl();
    create.args(["create", "--validate=false", "--output=json", "--filename"]);
    let said = command::read(create.arg(file).stdout(Stdio::piped()))?;
    // One after the other, not as a list.
    let answers = Deserializer::from_str(&said).into_iter::<Value>();
    let answers: Vec<bool> = answers
        .map(|answer| Ok(answer?["status"]["allowed"] == true))
        .collect::<Result<_, serde_json::Error>>()
        .context("kubectl gave no JSON")?;
    if answers.len() != questions.len() {
        bail!("{} answers to {} questions", answers.len(), questions.len());
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_a_namespace_is_for_it_alone() {
        let mode = &MODES[3];
        assert!(mode.has(&PODS[0], Some("default")));
        assert!(!mode.has(&PODS[0], Some("kube-system")));
        assert!(!mode.has(&PODS[0], None));
        assert!(mode.has(&REVIEWS[0], None));
        assert!(!mode.has(&ATTACH_LOG_AND_DEBUG[0], Some("default")));
    }

    #[test]
    fn each_right_of_a_table_is_asked_for() {
        let questions = to_ask();
        for mode in &MODES {
            for right in mode
                .everywhere
                .iter()
                .chain(mode.in_namespace)
                .copied()
                .flatten()
            {
                assert!(questions.iter().any(|(asked, _)| asked == right), "{right}");
            }
        }
    }

    #[test]
    fn the_account_is_found() {
        let made = "---\nkind: Role\nmetadata:\n  name: a\n---\nkind: ServiceAccount\nmetadata:\n  name: b";
        assert_eq!(account(made).unwrap(), "b");
    }
}
