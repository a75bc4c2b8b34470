// The cluster as kubectl shows it: what the tests prepare and check behind the server's back.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { kubeconfig } from "./env.ts";

const run = promisify(execFile);

/** The scheduling gate of pods that tests hold back. */
const HOLD = "podshell.test/hold";

/** The namespace of everything that the tests use. */
export const NAMESPACE = "podshell-e2e";

/** Where a shell is opened. */
export interface Target {
  namespace: string;
  pod: string;
  container: string;
}

/** A main process that counts the lines which it reads, so that what one visitor typed is known to the next. */
export const COUNTER = [
  "sh",
  "-c",
  'n=0; echo counting; while read -r line; do n=$((n+1)); echo "line $n: $line"; done; exit 7',
];

/** A container of the pod that always runs: `bash`, `busybox` (sh alone) or `noshell`. */
export function standing(container: "bash" | "busybox" | "noshell"): Target {
  return { namespace: NAMESPACE, pod: "shell", container };
}

/** Runs kubectl in the tests' namespace and gives what it printed. */
export async function kubectl(...args: string[]): Promise<string> {
  const all = ["--kubeconfig", kubeconfig(), "--namespace", NAMESPACE, ...args];
  const { stdout } = await run("kubectl", all, { timeout: 60_000, maxBuffer: 32 << 20 });
  return stdout;
}

/** Gives the cluster a description of something to make or change. */
export async function submit(verb: "apply" | "create", manifest: object): Promise<void> {
  const all = ["--kubeconfig", kubeconfig(), verb, "-f", "-"];
  const once = async (): Promise<void> => {
    const submitting = run("kubectl", all, { timeout: 60_000 });
    submitting.child.stdin?.end(JSON.stringify(manifest));
    await submitting;
  };
  try {
    await once();
  } catch (error) {
    // the other worker has made it since this one looked for it
    if (verb !== "apply" || !String(error).includes("AlreadyExists")) throw error;
    await once();
  }
}

/** Rights as RBAC has them. */
export const SEE_PODS = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
export const EXEC = { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] };

/** Gives a subject these rights in the tests' namespace, by a role and a binding of this name. */
export async function grant(name: string, subject: object, rules: object[]): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const metadata = { name, namespace: NAMESPACE };
  await submit("apply", {
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: rbac, kind: "Role", name },
        subjects: [subject],
      },
    ],
  });
}

/** A token of a service account that has these rights in the tests' namespace, and no other. */
export async function accountToken(name: string, rules: object[], duration = "1h"): Promise<string> {
  await submit("apply", { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: NAMESPACE } });
  await grant(name, { kind: "ServiceAccount", name, namespace: NAMESPACE }, rules);
  return (await kubectl("create", "token", name, `--duration=${duration}`)).trim();
}

/** A token of a service account that may do everything. */
export async function adminToken(): Promise<string> {
  const metadata = { name: "e2e-admin", namespace: NAMESPACE };
  await submit("apply", {
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: metadata.name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "ServiceAccount", ...metadata }],
      },
    ],
  });
  return (await kubectl("create", "token", metadata.name, "--duration=3h")).trim();
}

/** The kubeconfig of a service account that has these rights in the tests' namespace, and no other. */
export async function restrictedKubeconfig(name: string, rules: object[]): Promise<string> {
  return kubeconfigOf(name, { token: await accountToken(name, rules) });
}

/** A kubeconfig for the cluster and the tests' namespace, with what shows who its user is; nobody, if nothing is given. */
export async function kubeconfigOf(name: string, user: object = {}): Promise<string> {
  const own = JSON.parse(await kubectl("config", "view", "--raw", "--minify", "--output=json")) as {
    clusters: { cluster: object }[];
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: "it", user: name, namespace: NAMESPACE } }],
    clusters: [{ name: "it", cluster: own.clusters[0]?.cluster }],
    users: [{ name, user }],
  });
}

/** Runs a command in a container, without a terminal. */
export async function execute(target: Target, ...command: string[]): Promise<string> {
  return kubectl("exec", target.pod, "--container", target.container, "--", ...command);
}

/** The lasting pods are there and run; says what to do if not. */
export async function requirePods(): Promise<void> {
  try {
    await kubectl("wait", "--for=condition=Ready", "pod/shell", "--timeout=60s");
  } catch (error) {
    throw new Error(
      `Pod ${NAMESPACE}/shell does not run; \`cargo xtask cluster up\` makes it from e2e/cluster/pods.yaml.\n${String(error)}`,
    );
  }
}

/** What a pod of a test's own may be. */
interface PodOptions {
  image?: "bash" | "busybox" | "noshell";
  /** Keeps the pod from starting until {@link release}. */
  held?: boolean;
  /** Runs this, with a terminal and input, instead of what the image says. */
  main?: string[];
}

/** The full name of a test image; the nodes have it. */
export function imageName(image: NonNullable<PodOptions["image"]>): string {
  return `podshell.test/${image}:1`;
}

/** Makes a pod of one container; unless it is held, waits until it runs. */
export async function createPod(options: PodOptions = {}): Promise<Target> {
  const { image = "bash", held = false, main } = options;
  const target = { namespace: NAMESPACE, pod: `e2e-${randomBytes(4).toString("hex")}`, container: image };
  const manifest = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: target.pod, namespace: NAMESPACE, labels: { "podshell.test/made-by": "e2e" } },
    spec: {
      // should the tests be cut off before they delete it
      activeDeadlineSeconds: 900,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      ...(held ? { schedulingGates: [{ name: HOLD }] } : {}),
      containers: [
        {
          name: image,
          image: imageName(image),
          imagePullPolicy: "Never",
          ...(main === undefined ? {} : { command: main, stdin: true, tty: true }),
        },
      ],
    },
  };
  await submit("create", manifest);
  if (!held) {
    await untilReady(target);
  }
  return target;
}

/** Lets a held pod start, and waits until it runs. */
export async function release(target: Target): Promise<void> {
  const patch = JSON.stringify([{ op: "remove", path: "/spec/schedulingGates" }]);
  await kubectl("patch", "pod", target.pod, "--type=json", "--patch", patch);
  await untilReady(target);
}

async function untilReady(target: Target): Promise<void> {
  await kubectl("wait", "--for=condition=Ready", `pod/${target.pod}`, "--timeout=60s");
}

/** Deletes a pod; not an error if it is gone already. Does not wait for its end. */
export async function deletePod(pod: string): Promise<void> {
  await kubectl("delete", "pod", pod, "--ignore-not-found", "--wait=false");
}

/**
 * The processes of a container, as `pid command line`, without the one that looks.
 * From /proc, because an image need not have ps.
 */
export async function processes(target: Target): Promise<string[]> {
  const look =
    'for p in /proc/[0-9]*; do echo "${p#/proc/} $(tr "\\0" " " <$p/cmdline)"; done 2>/dev/null; echo "self $$"';
  const lines = (await execute(target, "sh", "-c", look)).split("\n").filter((line) => line !== "");
  const self = lines.find((line) => line.startsWith("self "))?.slice(5);
  // also not its subshells, which carry the same command line, nor what has just ended (an empty one)
  return lines.filter(
    (line) =>
      !line.startsWith("self ") &&
      !line.startsWith(`${self} `) &&
      !line.includes("/proc/[0-9]*") &&
      !/^\d+ ?$/.test(line),
  );
}
