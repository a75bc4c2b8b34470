// What is searched for in the list is part of its address: it can be linked to, and is there again on the way back.
import { test } from "../support/demo.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

/** The address follows what is typed after so long. */
const SOON_MS = 300;

test("an address names what is searched for", async ({ page }) => {
  const list = await PodList.open(page, "./?search=web%20shop&namespace=shop");
  await expect(page.getByRole("searchbox", { name: "Filter pods" })).toHaveValue("web shop");
  await expect(page.getByTestId("namespace")).toHaveValue("shop");
  await expect(page.getByTestId("pod-row")).toHaveCount(3);
  await expect(list.row("shop/web-0")).toBeVisible();
});

test("what is typed goes into the address, and leaves one entry in the history", async ({ page }) => {
  const list = await PodList.open(page);
  const before = await page.evaluate(() => history.length);
  await list.filter.pressSequentially("app=web", { delay: 20 });
  await expect(page).toHaveURL(/\/\?search=app%3Dweb$/);
  await page.reload();
  await expect(list.filter).toHaveValue("app=web");
  await expect(page.getByTestId("pod-row")).toHaveCount(3);
  await list.filter.press("Escape");
  await expect(page).toHaveURL(/\/$/);
  // what was typed by mistake and taken back does not come back
  await list.filter.press("x");
  await list.filter.press("Backspace");
  await page.waitForTimeout(2 * SOON_MS);
  await expect(list.filter).toHaveValue("");
  await expect(page).toHaveURL(/\/$/);
  expect(await page.evaluate(() => history.length)).toBe(before);
});

test("it is there again after a shell, by every way back", async ({ page }) => {
  const list = await PodList.open(page);
  // Enter comes before the address has had its time
  await list.filter.fill("welcome");
  await list.filter.press("Enter");
  await expect(page).toHaveURL(/\/shell\/default\/welcome\/shell$/);
  await new Terminal(page).expectPrompt();
  await page.goBack();
  await expect(page).toHaveURL(/\/\?search=welcome$/);
  await expect(list.filter).toHaveValue("welcome");
  await expect(page.getByTestId("pod-row")).toHaveCount(1);

  await page.goForward();
  await page.getByRole("link", { name: "Pods" }).first().click();
  await expect(page).toHaveURL(/\/\?search=welcome$/);
  await expect(list.filter).toHaveValue("welcome");

  // closing the last terminal leads to the list, too
  await page.goto("./?search=busybox");
  await list.filter.press("Enter");
  // before its prompt is there, something may run that closing would end
  await new Terminal(page).expectPrompt();
  for (const rest of [1, 0]) {
    await page.keyboard.press("Control+Shift+X");
    await expect(page.getByTestId("tab")).toHaveCount(rest);
  }
  await expect(page).toHaveURL(/\/\?search=busybox$/);
  await expect(list.filter).toHaveValue("busybox");
});

test("the namespace changes and the search stays, and back undoes that alone", async ({ page }) => {
  const list = await PodList.open(page);
  await list.filter.fill("web");
  await expect(page).toHaveURL(/\?search=web$/);
  const namespace = page.getByTestId("namespace");
  await namespace.fill("shop");
  await namespace.press("Enter");
  await expect(page).toHaveURL(/\?search=web&namespace=shop$/);
  await expect(list.row("shop/web-0")).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/\?search=web$/);
  await expect(namespace).toHaveValue("");
  await expect(list.filter).toHaveValue("web");
});
