// `podshell --demo`: a working terminal with no cluster at hand.
import { Podshell } from "../support/podshell.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test as base } from "../support/test.ts";

const test = base.extend<object, { server: Podshell }>({
  server: [
    async ({}, use) => {
      const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo"]);
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
});

test("the demo lists its pods and says that it is one", async ({ page }) => {
  const list = await PodList.open(page);
  await expect(page.getByTestId("demo-banner")).toBeVisible();
  await expect(list.shell().first()).toBeVisible();
});

test("a demo shell works and shows its exit code", async ({ page }) => {
  const list = await PodList.open(page);
  await list.shell().first().click();
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await terminal.run("stty size; echo $((6*7))");
  const { rows, cols } = await terminal.size();
  await terminal.expectText(new RegExp(`^${rows} ${cols}\n42$`, "m"));
  await terminal.run("exit 5");
  await terminal.expectState("ended");
  await expect(terminal.state).toHaveAttribute("data-exit-code", "5");
  await expect(terminal.state).toHaveAttribute("data-reason", "exited");
});

test("without flags and without a cluster that answers it is the demo, and says why", async ({}, testInfo) => {
  const kubeconfig = testInfo.outputPath("kubeconfig");
  const { writeFile } = await import("node:fs/promises");
  // port 1 of loopback: nobody listens there
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "away",
      contexts: [{ name: "away", context: { cluster: "away", user: "nobody" } }],
      clusters: [{ name: "away", cluster: { server: "http://127.0.0.1:1" } }],
      users: [{ name: "nobody", user: {} }],
    }),
  );
  const server = await Podshell.start(["--listen", "127.0.0.1:0"], { KUBECONFIG: kubeconfig });
  try {
    const answer = await fetch(`${server.origin}/api/v1/pods`, { headers: server.bearer });
    expect(await answer.json()).toMatchObject({ demo: true });
    expect(server.log()).toMatch(/demo/i);
    expect(server.log()).toContain("away");
  } finally {
    await server.stop();
  }
});
