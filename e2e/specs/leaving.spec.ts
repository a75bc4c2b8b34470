// Going to the list ends no shell; leaving the site does, and asks first where a program runs.
import type { Page } from "@playwright/test";
import { processes, standing } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";
import { Wire } from "../support/wire.ts";

const BASH = standing("bash");

/** The ways to the list. */
const TO_THE_LIST = [
  ["the link", (page: Page) => page.getByRole("link", { name: "Pods", exact: true }).click()],
  ["the browser's way back", async (page: Page) => void (await page.goBack())],
] as const;

for (const [how, leave] of TO_THE_LIST) {
  test(`a shell goes on while its user looks at the list, by ${how}`, async ({ page, ownPod }) => {
    const wire = new Wire(page);
    const list = await PodList.open(page);
    const place = `${ownPod.namespace}/${ownPod.pod}`;
    const way = list.shell(place, ownPod.container);
    await way.click();
    const terminal = new Terminal(page);
    await terminal.expectPrompt();
    const shell = await terminal.number("echo $$");
    await terminal.run("for n in 1 2 3 4 5 6 7 8; do echo li''ne $n; sleep 1; done");
    await terminal.expectText("line 1");

    await leave(page);
    const own = page.getByTestId("own-shell");
    await expect(own).toHaveCount(1);
    await expect(own).toContainText(ownPod.pod);
    await expect(own.locator(".session-state")).toHaveAttribute("data-state", "connected");
    await expect(way).toHaveAttribute("data-runs", /.*/);
    // it is read on, though nobody sees it
    await expect.poll(() => wire.output().toString()).toContain("line 8");

    await own.getByTestId("return").click();
    await terminal.expectText("line 8");
    expect(await terminal.number("echo $$")).toBe(shell);
    expect(wire.bound).toHaveLength(1);
    // by its container too
    await leave(page);
    await way.click();
    expect(await terminal.number("echo $$")).toBe(shell);
  });
}

test("shells that nobody sees come back over a reload, each where it was", async ({ page, ownPod }) => {
  const first = await Terminal.open(page, BASH);
  await first.expectPrompt();
  const one = await first.number("echo $$");
  await first.run("clear; echo the-fir''st");
  await first.expectText("the-first");
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  const list = new PodList(page);
  await list.shell(`${ownPod.namespace}/${ownPod.pod}`, ownPod.container).click();
  await first.expectPrompt();
  const other = await first.number("echo $$");

  await page.reload();
  await first.expectState("connected");
  expect(await first.number("echo $$")).toBe(other);
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  const own = page.getByTestId("own-shell");
  await expect(own).toHaveCount(2);
  await page.reload();
  await expect(own).toHaveCount(2);
  const shell = `${BASH.namespace}/${BASH.pod}/${BASH.container}`;
  await page.locator(`[data-shell="${shell}"]`).getByTestId("return").click();
  await first.expectText("the-first");
  expect(await first.number("echo $$")).toBe(one);
});

test("a shell ends from the list, and what runs in it is asked about", async ({ page, ownPod }) => {
  const before = await processes(ownPod);
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  const end = page.getByTestId("end");
  // nothing runs
  await end.click();
  await expect(end).toHaveCount(0);
  await expect.poll(() => processes(ownPod), { timeout: 20_000 }).toEqual(before);

  await page.goBack();
  await terminal.expectPrompt();
  await terminal.run("sleep 1000");
  await expect.poll(async () => (await processes(ownPod)).join("\n")).toContain("sleep 1000");
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  await end.click();
  await expect(end).toHaveText(/program is running/);
  await end.click();
  await expect(end).toHaveCount(0);
  await expect.poll(() => processes(ownPod), { timeout: 20_000 }).toEqual(before);
});

test("a shell that has ended is not kept in the list", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("exit");
  await terminal.expectState("ended");
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  await expect(page.getByTestId("pod-list")).toBeVisible();
  await expect(page.getByTestId("own-shells")).toHaveCount(0);
});

/** Whether the browser asks when the tab is to be closed. */
async function asks(page: Page): Promise<boolean> {
  const asked = page.waitForEvent("dialog", { timeout: 3_000 }).then(
    async (dialog) => {
      expect(dialog.type()).toBe("beforeunload");
      await dialog.dismiss();
      return true;
    },
    () => false,
  );
  await page.close({ runBeforeUnload: true });
  return asked;
}

for (const shell of ["bash", "busybox"] as const) {
  test(`the browser asks before it closes a tab in which a program runs, in ${shell}`, async ({ context, page, server }) => {
    await page.close();
    for (const [line, shown, asked] of [
      ["echo qui''et", "quiet", false],
      // it says itself that it runs: its name alone may be the echo of what was typed
      [`sh -c "echo sleep''ing; exec sleep 1000"`, "sleeping", true],
      ["vi", /^- No file/m, true],
    ] as const) {
      const tab = await context.newPage();
      await tab.goto(server.address);
      const terminal = await Terminal.open(tab, standing(shell));
      await terminal.expectPrompt();
      await terminal.run(line);
      await terminal.expectText(shown);
      if (!asked) {
        await terminal.expectPrompt();
      }
      expect(await asks(tab), line).toBe(asked);
      if (asked) {
        // nor is it lost
        await terminal.expectState("connected");
        await tab.close();
      }
    }
  });
}

test("in the list it is told for how long nothing has come from a shell", async ({ page }) => {
  await page.clock.install();
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await page.getByRole("link", { name: "Pods" }).first().click();
  const shell = page.getByTestId("own-shell");
  await expect(shell).toContainText("Connected");
  await expect(shell).not.toContainText("quiet");
  await page.clock.fastForward("02:30");
  await expect(shell).toContainText("Connected, quiet for 2m");
});
