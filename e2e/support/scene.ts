// What the tests of a deployed Podshell find in the cluster: two teams' namespaces with a pod each, and people who may do different things.
import { kubectl, submit, imageName } from "./kubectl.ts";

/** The namespaces; the people's service accounts are in the first. */
export const TEAMS = ["podshell-team-a", "podshell-team-b"] as const;

/** Who may: alice enter any pod and debug it, bob enter those of the first namespace, carol look and not enter, dave nothing. */
export const PEOPLE = ["alice", "bob", "carol", "dave"] as const;
export type Person = (typeof PEOPLE)[number];

const RBAC = "rbac.authorization.k8s.io";
const LOOK = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const DEBUG = { apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch"] };
const ENTER = { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] };

/** Who signs in at the provider may enter any pod, as one of its developers; its bob is none, and may look. */
const LOOKER = { apiGroup: RBAC, kind: "User", name: "bob@podshell.test" };
const ENTERERS = { apiGroup: RBAC, kind: "Group", name: "oidc:developers" };

/** Under the name that a proxy gives, and under that of a service account, which has a token. */
function subjects(person: Person): object[] {
  return [
    { apiGroup: RBAC, kind: "User", name: person },
    { kind: "ServiceAccount", name: person, namespace: TEAMS[0] },
  ];
}

function clusterRole(name: string, rules: object[], people: Person[], others: object[] = []): object[] {
  const metadata = { name };
  return [
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: [...people.flatMap(subjects), ...others],
    },
  ];
}

/** A pod of one container, which has bash. */
export function pod(namespace: string, name: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [{ name: "bash", image: imageName("bash"), imagePullPolicy: "Never" }],
    },
  };
}

/** Makes it, before all tests. It stays: the next run finds it. */
export default async function makeScene(): Promise<void> {
  await submit("apply", {
    apiVersion: "v1",
    kind: "List",
    items: [
      ...TEAMS.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
      ...PEOPLE.map((name) => ({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name, namespace: TEAMS[0] },
      })),
      ...clusterRole("podshell-e2e-look", [LOOK], ["alice", "carol"], [LOOKER]),
      ...clusterRole("podshell-e2e-enter", [LOOK, ENTER], ["alice"], [ENTERERS]),
      ...clusterRole("podshell-e2e-debug", [DEBUG], ["alice"]),
      {
        apiVersion: `${RBAC}/v1`,
        kind: "RoleBinding",
        metadata: { name: "podshell-e2e-enter", namespace: TEAMS[0] },
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "podshell-e2e-enter" },
        subjects: subjects("bob"),
      },
    ],
  });
  for (const namespace of TEAMS) {
    await kubectl(`--namespace=${namespace}`, "wait", "--for=create", "--timeout=60s", "serviceaccount/default");
    await submit("apply", pod(namespace, "shell"));
    await kubectl(`--namespace=${namespace}`, "wait", "--for=condition=Ready", "pod/shell", "--timeout=60s");
  }
}
