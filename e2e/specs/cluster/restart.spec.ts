// A rolling restart with a live shell: its page says why it ended, what drains takes nothing new, the new server serves; and figures of it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { kubeconfig } from "../../support/env.ts";
import { RELEASES } from "../../support/ingress.ts";
import { address, ask, bearer, expect, mintPath, shellOf, test } from "../../support/in-cluster.ts";
import { kubectl } from "../../support/kubectl.ts";
import { Terminal } from "../../support/terminal.ts";
import { report } from "../../support/test.ts";

const RELEASE = RELEASES.token;
const SERVERS = "--selector=app.kubernetes.io/component=server";
const inRelease = (...args: string[]) => kubectl(`--namespace=${RELEASE}`, ...args);

test.describe.configure({ mode: "serial" });

test("a live shell is told of a rolling restart, and the next one is of the new server", { tag: "@restart" }, async ({ pageOf, ingress, tokens }) => {
  test.setTimeout(150_000);
  const headers = bearer(await tokens("alice"));
  const page = await pageOf("alice");
  const terminal = await Terminal.open(page, shellOf(0), address());
  await terminal.expectPrompt();
  let over = false;
  const asking = (async () => {
    const answers: number[] = [];
    while (!over) answers.push((await ask(ingress, { path: "/api/v1/me", headers })).status);
    return answers;
  })();
  await inRelease("rollout", "restart", `deployment/${RELEASE}`);
  await expect(terminal.state)
    .toHaveAttribute("data-reason", "shutdown", { timeout: 60_000 })
    .finally(() => (over = true));
  const answers = await asking;
  expect(new Set(answers), "no request goes wrong meanwhile").toEqual(new Set([200]));
  report(`While it was restarted, ${answers.length} of ${answers.length} requests were answered`);
  // the cookies are good there, too: nothing of a sign-in is in one server's memory
  const next = await Terminal.open(page, shellOf(0), address());
  await next.expectPrompt();
});

test("a server that drains takes nothing new", { tag: "@restart" }, async ({ pageOf, ingress, tokens }) => {
  test.setTimeout(150_000);
  const headers = bearer(await tokens("alice"));
  const path = mintPath(shellOf(0));
  const page = await pageOf("alice");
  const terminal = await Terminal.open(page, shellOf(0), address());
  // it takes its time to end, and so does the server
  await terminal.run("bash -c 'trap \"sleep 5; exit\" HUP; echo rea\"\"dy; while :; do sleep .1; done'");
  await terminal.expectText(/^ready$/m);
  const answers: string[] = [];
  let over = false;
  const asking = (async () => {
    while (!over) {
      const { status, body } = await ask(ingress, { path, headers });
      const code = /"code":"([a-z-]+)"/.exec(body)?.[1] ?? "";
      answers.push(`${status} ${code}`.trim());
      // one user may ask for a thousand in a minute
      await new Promise((next) => setTimeout(next, 100));
    }
  })();
  try {
    // without another one: all that comes leads to the one that drains
    await inRelease("scale", `deployment/${RELEASE}`, "--replicas=0");
    await expect(terminal.state).toHaveAttribute("data-reason", "shutdown", { timeout: 30_000 });
    await inRelease("wait", "--for=delete", "pod", SERVERS, "--timeout=60s");
  } finally {
    over = true;
    await asking;
    await inRelease("scale", `deployment/${RELEASE}`, "--replicas=1");
  }
  const first = answers.findIndex((answer) => answer !== "200");
  expect(first).toBeGreaterThan(0);
  expect(answers.slice(first)).not.toContain("200");
  const kinds = [...new Set(answers.slice(first))].map((kind) => `${answers.filter((one) => one === kind).length} × ${kind}`);
  report(`While it drained: ${kinds.join(", ")}`);
});

test("figures: from a pod that is made to one that is ready, and memory at rest", { tag: "@restart" }, async () => {
  test.setTimeout(150_000);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    await inRelease("rollout", "status", `deployment/${RELEASE}`, "--timeout=60s");
    times.push(await untilReady());
  }
  report(`A new pod is ready after ${times.map((time) => `${(time / 1000).toFixed(1)} s`).join(", ")}`);
  const [node] = (await kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.name}")).split(" ");
  const memory = async () => {
    const metrics = await kubectl("get", "--raw", `/api/v1/nodes/${node}/proxy/metrics/resource`);
    const of = `container="podshell",namespace="${RELEASE}",pod="${(await servers())[0]}"`;
    const line = metrics.split("\n").find((line) => line.startsWith(`container_memory_working_set_bytes{${of}}`));
    return Number(line?.split(" ")[1] ?? 0);
  };
  await expect.poll(memory, { timeout: 60_000 }).toBeGreaterThan(0);
  report(`Memory at rest: ${((await memory()) / (1 << 20)).toFixed(1)} MiB (working set)`);
});

async function servers(): Promise<string[]> {
  return (await inRelease("get", "pods", SERVERS, "--output=jsonpath={.items[*].metadata.name}")).split(" ");
}

/** Deletes the pod, and measures how long the next takes from its first sign in the cluster until it is ready. */
async function untilReady(): Promise<number> {
  const watch = spawn(
    "kubectl",
    [
      ...["--kubeconfig", kubeconfig(), `--namespace=${RELEASE}`, "get", "pods", "--watch-only", SERVERS],
      '--output=jsonpath={.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}',
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  // those that end are gone first: there is one
  await expect.poll(async () => (await servers()).length, { timeout: 60_000 }).toBe(1);
  const [old] = await servers();
  const begins = new Map<string, number>();
  const ready = (async () => {
    for await (const line of createInterface({ input: watch.stdout })) {
      const [name = "", status] = line.split(" ");
      if (name === old) continue;
      if (!begins.has(name)) begins.set(name, performance.now());
      if (status === "True") return performance.now() - (begins.get(name) ?? 0);
    }
    throw new Error("the watch ended");
  })();
  // the watch has to be there first
  await new Promise((next) => setTimeout(next, 1_000));
  await inRelease("delete", "pod", old ?? "", "--wait=false");
  const time = await ready;
  watch.kill();
  return time;
}
