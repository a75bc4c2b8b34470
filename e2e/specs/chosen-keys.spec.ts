// The page's keys as the user chooses them: changed, given to the shell, had back, and what can't be had.
import type { Locator, Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { choose } from "../support/palette.ts";
import { expect } from "../support/test.ts";

const sheet = (page: Page): Locator => page.getByRole("dialog", { name: "Keys" });
const row = (page: Page, name: string): Locator => sheet(page).getByRole("row", { name: new RegExp(`^${name} `) });
const panes = (page: Page): Locator => page.getByTestId("pane").filter({ visible: true });

/** Opens the sheet. */
async function open(page: Page): Promise<void> {
  await page.keyboard.press("Control+Shift+H");
  await expect(sheet(page)).toBeVisible();
}

/** Has a row wait for its keys, and gives what it offers. */
async function wait(page: Page, name: string): Promise<Locator> {
  await row(page, name).getByTitle("Change these keys").click();
  await expect(row(page, name).getByRole("status")).toContainText("Esc leaves them");
  return row(page, name);
}

/** Closes the sheet: a key that comes too early is no answer. */
async function close(page: Page): Promise<void> {
  await expect(async () => {
    await page.keyboard.press("Escape");
    await expect(sheet(page)).toBeHidden({ timeout: 200 });
  }).toPass();
}

test("keys are changed, hold at once and after a reload, and are had back", async ({ page }) => {
  const terminal = await openShell(page);
  await open(page);
  const split = await wait(page, "Split right");
  await page.keyboard.press("Alt+Enter");
  await expect(split.getByTitle("Change these keys")).toHaveText("Alt Enter");
  await expect(split.getByTitle("Change these keys")).toBeFocused();
  await expect(split.getByRole("status")).toContainText("Programs in a terminal get these keys no more");
  await close(page);
  await terminal.expectFocus();
  await page.keyboard.press("Alt+Enter");
  await expect(panes(page)).toHaveCount(2);
  // the title of what does the same says so, too
  await expect(page.getByRole("button", { name: "Split right" })).toHaveAttribute("title", "Split right (Alt Enter)");
  const second = page.locator(".pane--focused");
  await expect(second.locator(".xterm-helper-textarea")).toBeFocused();
  await expect(second.locator(".xterm-rows")).toContainText("#");
  await page.keyboard.press("Control+Shift+X");
  await expect(panes(page)).toHaveCount(1);

  await page.reload();
  await terminal.expectState("connected");
  await page.keyboard.press("Alt+Enter");
  await expect(panes(page)).toHaveCount(2);

  await open(page);
  await (await wait(page, "Split right")).getByRole("button", { name: "As usual" }).click();
  await expect(row(page, "Split right")).toContainText("Ctrl Shift E");
});

test("keys that are given to the shell reach it, and all are reset with the settings", async ({ page }) => {
  const terminal = await openShell(page);
  await open(page);
  await (await wait(page, "Close this terminal")).getByRole("button", { name: "Give to the shell" }).click();
  await expect(row(page, "Close this terminal")).toContainText("none");
  await close(page);
  await terminal.run("echo re''ady; cat -v");
  await terminal.expectText(/^ready$/m);
  await page.keyboard.press("Control+Shift+X");
  await terminal.expectText("^X");
  await expect(panes(page)).toHaveCount(1);
  await page.keyboard.press("Control+c");

  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByTestId("reset-settings").click();
  await page.getByTestId("dialogue").getByRole("button", { name: "Keys" }).click();
  await expect(row(page, "Close this terminal")).toContainText("Ctrl Shift X");
});

test("of several keys those that are held are chosen, by keyboard alone", async ({ page }) => {
  await openShell(page);
  await open(page);
  const button = row(page, "pane in a direction").getByTitle("Change these keys");
  // a key that comes too early does nothing
  await expect(async () => {
    await button.focus();
    await page.keyboard.press("Enter");
    await expect(row(page, "pane in a direction").getByRole("status")).toBeVisible({ timeout: 200 });
  }).toPass();
  await page.keyboard.press("Alt+x");
  await expect(row(page, "pane in a direction").getByRole("status")).toContainText("press one of them");
  await page.keyboard.press("Control+Alt+ArrowUp");
  await expect(button).toHaveText("Ctrl Alt ← ↑ → ↓");
  await expect(button).toBeFocused();
});

test("what can't be had is refused with the reason, and Esc leaves all as it was", async ({ page }) => {
  await openShell(page);
  await open(page);
  const zoom = await wait(page, "Zoom");
  for (const [keys, why] of [
    ["a", "write text"],
    ["Shift+ArrowUp", "write text"],
    ["Control+Shift+O", "Split down"],
    ["Control+Shift+V", "copy, paste"],
    ["Control+v", "copy, paste"],
    ["F2", "rename"],
    ["Control+Shift+ArrowLeft", "pane in a direction"],
  ] as const) {
    await page.keyboard.press(keys);
    await expect(zoom.getByRole("status")).toContainText(why);
  }
  await page.keyboard.press("Escape");
  await expect(zoom.getByRole("button", { name: "Leave" })).toHaveCount(0);
  await expect(sheet(page)).toBeVisible();
  await expect(zoom.getByTitle("Change these keys")).toHaveText("Ctrl Shift Z");
});

test("in full screen the page has the keys that a browser keeps", async ({ page }) => {
  await page.addInitScript(() => {
    const asked: unknown[] = [];
    Object.assign(window, { asked });
    const [lock, unlock] = [async (keys: unknown) => void asked.push(keys), async () => void asked.push("unlock")];
    Object.defineProperty(navigator, "keyboard", { value: { lock, unlock } });
  });
  await openShell(page);
  await choose(page, "full", "Full screen");
  await expect.poll(() => page.evaluate(() => document.fullscreenElement === document.documentElement)).toBe(true);
  const asked = async () => page.evaluate(() => (window as unknown as { asked: unknown[] }).asked);
  expect(await asked()).toEqual([["Escape"]]);
  await choose(page, "full", "Full screen");
  await expect.poll(() => page.evaluate(() => document.fullscreenElement)).toBeNull();
  expect(await asked()).toEqual([["Escape"], "unlock"]);
});
