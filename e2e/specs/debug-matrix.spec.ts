// A debug container starts beside every container, whatever its namespace enforces: a shell in it, or one sentence why not.
import { randomBytes } from "node:crypto";
import { imageName, kubectl, submit, type Target } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const FLAGS = ["--debug-image", imageName("busybox"), "--debug-profiles", "general,baseline,restricted,sysadmin"];
const ENFORCE = "pod-security.kubernetes.io/enforce";

/** What a namespace can enforce. */
const STANDARDS = ["privileged", "baseline", "restricted"] as const;
type Standard = (typeof STANDARDS)[number];

/** What the pods hold: each is of an image without a shell. */
const KINDS = ["distroless", "scratch", "crashing", "read-only"] as const;
type Kind = (typeof KINDS)[number];

/** As whom a container runs, by what its pod says; the image says nothing. */
function user(kind: Kind, standard: Standard): number | undefined {
  if (kind === "distroless") return 65532;
  return standard === "restricted" ? 1000 : undefined;
}

function pod(namespace: string, kind: Kind, standard: Standard): object {
  const runAsUser = user(kind, standard);
  const strict = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: kind, namespace },
    spec: {
      activeDeadlineSeconds: 900,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      // as most have it where root is forbidden: for all containers of the pod
      ...(runAsUser === undefined ? {} : { securityContext: { runAsNonRoot: true } }),
      containers: [
        {
          name: "app",
          image: imageName("noshell"),
          imagePullPolicy: "Never",
          // sleep ends at once if it is not told how long
          ...(kind === "crashing" ? { command: ["/sleep", "soundly"] } : {}),
          securityContext: {
            ...(standard === "restricted" ? strict : {}),
            ...(runAsUser === undefined ? {} : { runAsUser }),
            // as the list of users says that distroless images have
            ...(kind === "distroless" ? { runAsGroup: runAsUser } : {}),
            ...(kind === "read-only" ? { readOnlyRootFilesystem: true } : {}),
          },
        },
      ],
    },
  };
}

/** A namespace that enforces a standard, with a pod of each kind in it. */
async function scene(standard: Standard): Promise<string> {
  const namespace = `podshell-e2e-${standard}-${randomBytes(3).toString("hex")}`;
  await submit("create", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { [ENFORCE]: standard } },
  });
  await kubectl(`--namespace=${namespace}`, "wait", "--for=create", "--timeout=60s", "serviceaccount/default");
  for (const kind of KINDS) await submit("create", pod(namespace, kind, standard));
  const running = KINDS.filter((kind) => kind !== "crashing").map((kind) => `pod/${kind}`);
  await kubectl(`--namespace=${namespace}`, "wait", "--for=condition=Ready", "--timeout=60s", ...running);
  const reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff";
  await kubectl(`--namespace=${namespace}`, "wait", `--for=${reason}`, "--timeout=60s", "pod/crashing");
  return namespace;
}

/** Goes to the container, whose page offers a debug container, and takes the offer. */
async function debug(terminal: Terminal, kind: Kind): Promise<void> {
  // a container that crashes at each start runs for a moment, which may be this one
  await terminal.expectReason(kind === "crashing" ? /^(not-running|container-ended|no-shell)$/ : "no-shell");
  await terminal.page.getByTestId("debug").click();
}

for (const standard of STANDARDS) {
  test(`a shell beside every container where ${standard} is enforced`, async ({ setUp, problems }) => {
    test.setTimeout(180_000);
    problems.expect(/409/);
    const namespace = await scene(standard);
    try {
      const { page } = await setUp(FLAGS);
      for (const kind of KINDS) {
        const target: Target = { namespace, pod: kind, container: "app" };
        const terminal = await Terminal.goto(page, target);
        await debug(terminal, kind);
        await terminal.expectState("connected");
        expect(await terminal.number("id -u")).toBe(user(kind, standard) ?? 0);
        // it is somewhere where one can write
        await terminal.run("cd && touch ./mine && echo wri''tten");
        await terminal.expectText(/^written$/m);
        await terminal.expectPrompt();
        if (kind === "crashing") continue;
        await terminal.run("clear; tr '\\0' ' ' </proc/1/cmdline; echo");
        await terminal.expectText(/^\/sleep 2147483647 ?$/m);
        // and looks into its files
        await terminal.run("clear; ls /proc/1/root");
        await terminal.expectText(/sleep/);
      }
    } finally {
      await kubectl("delete", "namespace", namespace, "--wait=false");
    }
  });
}

test("a profile that is chosen, and one that the namespace does not allow", async ({ setUp, problems }) => {
  test.setTimeout(120_000);
  problems.expect(/40[39]/);
  const [open, strict] = [await scene("privileged"), await scene("restricted")];
  try {
    const { page } = await setUp(FLAGS);
    const at = (namespace: string): Target => ({ namespace, pod: "scratch", container: "app" });
    const refused = await Terminal.goto(page, at(strict));
    await refused.expectReason("no-shell");
    await page.getByTestId("debug-profile").selectOption("sysadmin");
    await page.getByTestId("debug").click();
    const progress = page.getByTestId("debug-progress");
    await expect(progress).toContainText("The namespace does not allow this debug container");
    await expect(progress).toContainText("privileged");
    // with what it is offered again it goes on
    await page.getByTestId("debug-profile").selectOption("");
    await page.getByTestId("debug").click();
    await refused.expectState("connected");
    expect(await refused.number("id -u")).toBe(1000);

    const admin = await Terminal.goto(page, at(open));
    await admin.expectReason("no-shell");
    await page.getByTestId("debug-profile").selectOption("sysadmin");
    await page.getByTestId("debug").click();
    await admin.expectState("connected");
    // CAP_SYS_ADMIN, which no container has as it comes; how many others there are, the kernel says
    expect(await admin.number("echo $((0x$(grep CapEff /proc/self/status | cut -f2) >> 21 & 1))")).toBe(1);
  } finally {
    await kubectl("delete", "namespace", open, strict, "--wait=false");
  }
});

test("a pod that is being deleted takes none, and says so", async ({ setUp, problems }) => {
  problems.expect(/409/);
  const namespace = await scene("privileged");
  try {
    const { page } = await setUp(FLAGS);
    const terminal = await Terminal.goto(page, { namespace, pod: "scratch", container: "app" });
    await terminal.expectReason("no-shell");
    // it stays for as long as somebody has to see to it
    const held = JSON.stringify({ metadata: { finalizers: ["podshell.test/held"] } });
    const own = `--namespace=${namespace}`;
    await kubectl(own, "patch", "pod", "scratch", "--type=merge", "--patch", held);
    await kubectl(own, "delete", "pod", "scratch", "--wait=false");
    await page.getByTestId("debug").click();
    const progress = page.getByTestId("debug-progress");
    await expect(progress).toContainText("Nothing can be added to this pod");
    await expect(progress).toContainText(/is being deleted|has ended/);
    await kubectl(own, "patch", "pod", "scratch", "--type=merge", "--patch", '{"metadata":{"finalizers":null}}');
  } finally {
    await kubectl("delete", "namespace", namespace, "--wait=false");
  }
});
