// `podshell --demo`: a working terminal with no cluster at hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "../support/demo.ts";
import { podshellBinary } from "../support/env.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

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

/** What a user has who starts the server in a fresh folder: nothing but a home without a kubeconfig. */
function nothingButHome(home: string): NodeJS.ProcessEnv {
  const away = (name: string) => name.startsWith("PODSHELL_") || name.startsWith("KUBE");
  const kept = Object.entries(process.env).filter(([name]) => !away(name));
  return { ...Object.fromEntries(kept), HOME: home };
}

test("without flags and without any kubeconfig it is the demo, and says why", async ({}, testInfo) => {
  const home = testInfo.outputPath("home");
  await mkdir(home, { recursive: true });
  // for it to get this environment alone, the server is a process of its own
  const child = spawn(podshellBinary, ["--listen", "127.0.0.1:0"], {
    env: nothingButHome(home),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  try {
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/^Open /m);
    expect(printed).toContain("the built-in demo, because there is no kubeconfig and no cluster around");
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
  expect(child.exitCode).toBe(0);
});

test("a cluster that does not answer is an error that says what to do, not the demo", async ({}, testInfo) => {
  const home = testInfo.outputPath("home");
  await mkdir(home, { recursive: true });
  const kubeconfig = testInfo.outputPath("kubeconfig");
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
  const child = spawn(podshellBinary, ["--listen", "127.0.0.1:0"], {
    env: { ...nothingButHome(home), KUBECONFIG: kubeconfig },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const [code] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  expect(code, `${printed}${said}`).toBe(1);
  expect(printed).toBe("");
  for (const text of ['"away"', "http://127.0.0.1:1", kubeconfig, "connection refused", "podshell --demo"]) {
    expect(said).toContain(text);
  }
});
