// How sessions end that no `exit` ends, and what can't be opened at all.
import type { Page } from "@playwright/test";
import { deletePod, processes, release, standing } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");

test("a pod that is deleted meanwhile ends its shell with that reason", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await deletePod(ownPod.pod);
  await terminal.expectReason("pod-gone");
  await terminal.expectState("ended");
  await expect(terminal.state).toContainText(/pod|container/i);
});

for (const [what, target, wanted] of [
  ["pod", { ...BASH, pod: "nosuchpod" }, "nosuchpod"],
  ["container", { ...BASH, container: "nosuchcontainer" }, "nosuchcontainer"],
  ["namespace", { ...BASH, namespace: "nosuchnamespace" }, "nosuchnamespace"],
] as const) {
  test(`an unknown ${what} is named as what is missing`, async ({ page, problems }) => {
    problems.expect(/Failed to load resource.*404/);
    const terminal = await Terminal.goto(page, target);
    await terminal.expectState("failed");
    await expect(terminal.state).toHaveAttribute("data-reason", "not-found");
    await expect(terminal.failure).toContainText(wanted);
    await expect(terminal.failure).toContainText(new RegExp(what, "i"));
    await expect(page.getByTestId("retry")).toBeVisible();
  });
}

test("an unknown container names those that there are", async ({ page, problems }) => {
  problems.expect(/Failed to load resource.*404/);
  const terminal = await Terminal.goto(page, { ...BASH, container: "nosuchcontainer" });
  await expect(terminal.failure).toContainText("busybox");
});

test("a pod that does not run yet says so, and retry opens it once it does", async ({
  page,
  problems,
  heldPod,
}) => {
  problems.expect(/Failed to load resource.*(404|409)/);
  const terminal = await Terminal.goto(page, heldPod);
  await terminal.expectState("failed");
  await expect(terminal.failure).toContainText(/pending|not run/i);

  await release(heldPod);
  await page.getByTestId("retry").click();
  await terminal.expectState("connected");
  await expect(terminal.failure).toBeHidden();
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
});

for (const [how, leave] of [
  ["another address", async (page: Page) => void (await page.goto("about:blank"))],
  ["closing the tab", async (page: Page) => page.close()],
] as const) {
  test(`leaving by ${how} ends the shell in the container`, async ({ page, ownPod }) => {
    const before = await processes(ownPod);
    const list = await PodList.open(page);
    await list.shell(`${ownPod.namespace}/${ownPod.pod}`, ownPod.container).click();
    const terminal = new Terminal(page);
    await terminal.expectState("connected");
    await terminal.expectPrompt();
    expect(await processes(ownPod)).not.toEqual(before);

    await leave(page);
    await expect.poll(() => processes(ownPod), { timeout: 20_000 }).toEqual(before);
  });
}

test("leaving ends a command that runs, too", async ({ page, ownPod }) => {
  const before = await processes(ownPod);
  const terminal = await Terminal.open(page, ownPod);
  await terminal.run("sleep 1000");
  await expect.poll(async () => (await processes(ownPod)).join("\n")).toContain("sleep 1000");

  await page.goto("about:blank");
  await expect.poll(() => processes(ownPod), { timeout: 20_000 }).toEqual(before);
});

test("a server that stops says so to its terminals, and ends their shells", async ({ setUp, ownPod }) => {
  const before = await processes(ownPod);
  const { server, page } = await setUp([]);
  const terminal = await Terminal.open(page, ownPod);
  await terminal.run("sleep 1000");
  await expect.poll(async () => (await processes(ownPod)).join("\n")).toContain("sleep 1000");

  await server.stop();
  expect(await processes(ownPod)).toEqual(before);
  await terminal.expectReason("shutdown");
  await expect(terminal.state).toContainText(/server|podshell/i);
});

for (const [how, command, code] of [
  ["nothing wrong", "exit 0", 0],
  ["an error", "exit 3", 3],
  ["a signal", "kill -9 $$", 137],
  ["what an interrupted command left", "exit 130", 130],
] as const) {
  test(`a shell that ends with ${how} shows code ${code}`, async ({ page }) => {
    const terminal = await Terminal.open(page, BASH);
    await terminal.expectPrompt();
    await terminal.run(command);
    await terminal.expectState("ended");
    await expect(terminal.state).toHaveAttribute("data-reason", "exited");
    await expect(terminal.state).toHaveAttribute("data-exit-code", String(code));
  });
}

test("a pod whose main process is killed ends its shell with that reason", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  // its first process heeds this signal, and takes all others of the container with it
  await terminal.run("kill -TERM 1");
  await terminal.expectReason("container-ended");
  await terminal.expectState("ended");
  // it may end again and again: whoever wants to know why looks from beside it
  await expect(page.getByTestId("debug")).toBeVisible();
});
