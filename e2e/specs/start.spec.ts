// A shell that takes its time to start: the steps to it are told, and it can be given up.
import type { Page } from "@playwright/test";
import { openShell, test, WELCOME } from "../support/demo.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

/** Has each request for an id wait; gives what lets them go on. */
async function holdMinting(page: Page): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/api\/v1\/pod\/[^/]+\/[^/]+\/shell\//, async (route) => {
    await released;
    // whoever has given up waits for nothing
    await route.continue().catch(() => {});
  });
  return release;
}

test("what it waits for is told with its seconds, until the shell is there", async ({ page }) => {
  const release = await holdMinting(page);
  const terminal = await Terminal.goto(page, WELCOME);
  const start = page.getByTestId("start");
  await expect(start.getByRole("heading")).toHaveText(`Opening a shell in ${WELCOME.container}`);
  const steps = start.getByRole("listitem");
  await expect(steps).toHaveCount(3);
  await expect(steps.first()).toHaveText(/^The cluster is asked for the pod, [2-9] s$/);
  await expect(steps.nth(1)).toHaveText("The connection is opened");
  // what is typed meanwhile is for the shell
  await page.keyboard.type("echo early-$((6*7))\n");
  release();
  await terminal.expectState("connected");
  await expect(start).toBeHidden();
  await terminal.expectText(/^early-42$/m);
  await terminal.expectFocus();
});

test("it can be given up by a key and by its button, and nothing is left of it", async ({ page }) => {
  const list = await PodList.open(page);
  const release = await holdMinting(page);
  const start = page.getByTestId("start");
  const name = `${WELCOME.namespace}/${WELCOME.pod}`;
  for (const giveUp of [() => page.keyboard.press("Escape"), () => page.getByTestId("cancel-start").click()]) {
    await list.shell(name, WELCOME.container).first().click();
    await expect(start).toBeVisible();
    await giveUp();
    await expect(page.getByTestId("pod-list")).toBeVisible();
    await expect(page.getByTestId("tab")).toHaveCount(0);
    await expect(start).toBeHidden();
  }
  release();
  await list.shell(name, WELCOME.container).first().click();
  await expect(page.getByTestId("tab")).toHaveCount(1);
});

test("a second shell that starts says so in its own pane alone", async ({ page }) => {
  const terminal = await openShell(page);
  await terminal.expectState("connected");
  const release = await holdMinting(page);
  await page.keyboard.press("Control+Shift+E");
  await expect(page.getByTestId("start").filter({ visible: true })).toHaveCount(1);
  // Esc is for who is in that pane, and for what else has a use for it
  await page.getByTestId("pane").first().click();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(2);
  await page.getByTestId("start").filter({ visible: true }).click({ position: { x: 200, y: 300 } });
  await expect(page.getByTestId("pane").nth(1).locator(".xterm-helper-textarea")).toBeFocused();
  await page.keyboard.press("Control+Shift+F");
  await expect(page.getByTestId("search-box")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("search-box")).toBeHidden();
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(2);
  release();
  await expect(page.getByTestId("start").filter({ visible: true })).toHaveCount(0);
});
