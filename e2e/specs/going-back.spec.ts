// The ways back to what one used before: after closing, by the palette, by names, and to who is elsewhere.
import type { Locator, Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

const tabs = (page: Page): Locator => page.getByTestId("tab");
const here = (page: Page): Locator => page.locator(".tab--here");

/** Opens a second and a third tab of the shell that is shown. */
async function openThree(page: Page): Promise<void> {
  await openShell(page);
  for (const count of [2, 3]) {
    await page.keyboard.press("Control+Shift+Enter");
    await expect(tabs(page)).toHaveCount(count);
    await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connected");
  }
  for (const [at, name] of ["red", "green", "blue"].entries()) {
    await tabs(page).nth(at).getByRole("link").dblclick();
    const field = page.getByTestId("tab-name");
    await field.fill(name);
    await field.press("Enter");
    await expect(tabs(page).nth(at)).toContainText(name);
  }
}

test("what is closed gives the keyboard back to what had it before, and the palette begins with that", async ({
  page,
}) => {
  await openThree(page);
  await tabs(page).nth(0).getByRole("link").click();
  await expect(here(page)).toContainText("red");
  // one of the first, at the end
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(4);
  await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connected");
  const palette = page.getByRole("dialog", { name: "Go to" });
  await page.keyboard.press("Control+Shift+K");
  await expect(palette.getByRole("option").first()).toContainText("red");
  await page.keyboard.press("Enter");
  await expect(here(page)).toContainText("red");
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.press("Enter");
  await expect(here(page)).not.toContainText("red");
  await new Terminal(page).expectPrompt();
  await here(page).getByTestId("close-tab").click();
  await expect(here(page)).toContainText("red");

  // what one calls them is what they are found by, and what the window is called
  await expect(page).toHaveTitle("red – Podshell");
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.type("green");
  await expect(palette.getByRole("option").first()).toContainText("default / welcome / shell");
  await page.keyboard.press("Enter");
  await expect(here(page)).toContainText("green");
});

test("of many tabs the one that is shown is in sight", async ({ page }) => {
  await page.setViewportSize({ width: 800, height: 700 });
  await openShell(page);
  for (const count of [2, 3, 4, 5, 6, 7, 8]) {
    await page.keyboard.press("Control+Shift+Enter");
    await expect(tabs(page)).toHaveCount(count);
  }
  for (const _ of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await page.keyboard.press("Control+Shift+PageDown");
    await expect(here(page).getByRole("link")).toBeInViewport({ ratio: 0.9 });
  }
  // where there is no room for several, it is the only one
  await page.setViewportSize({ width: 420, height: 700 });
  for (const _ of [1, 2]) {
    await page.keyboard.press("Control+Shift+PageDown");
    await expect(here(page).getByRole("link")).toBeInViewport({ ratio: 0.9 });
    await expect(tabs(page).filter({ visible: true })).toHaveCount(1);
  }
});

test("a setting is found by the palette, and has the keyboard", async ({ page }) => {
  await openShell(page);
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.type("scrollback");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("scrollback-setting")).toBeFocused();
});

test("a bell calls who is in another window by this one's title", async ({ page }) => {
  const terminal = await openShell(page);
  const title = await page.title();
  const show = (state: "hidden" | "visible"): Promise<void> =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await show("hidden");
  await terminal.run("printf '\\a'");
  await expect(page).toHaveTitle(/^🔔 /);
  await expect(tabs(page).locator(".mark")).toHaveAttribute("data-mark", "bell");
  await show("visible");
  await expect(page).not.toHaveTitle(/^🔔 /);
  await expect(tabs(page).locator(".mark")).toHaveAttribute("data-mark", "connected");
  expect(title).toContain("Podshell");
});

test("Shift with Home and End goes through what is kept, and a program that has the screen has them", async ({
  page,
}) => {
  const terminal = await openShell(page);
  await terminal.run("clear; seq 1000; echo do''ne");
  await terminal.expectText(/^done$/m);
  await page.keyboard.press("Shift+Home");
  await expect.poll(() => terminal.screen()).not.toContain("done");
  await page.keyboard.press("Shift+End");
  await terminal.expectText(/^done$/m);
  await terminal.expectPrompt();
  await terminal.run("printf '\\e[?1049h'; read -rsn6 keys; printf '\\e[?1049l%q\\n' \"$keys\"");
  await expect.poll(() => terminal.screen()).not.toContain("done");
  await page.keyboard.press("Shift+Home");
  await terminal.expectText("1;2H");
});

test("own shells above the list say what has happened in them, are searched, and have a number", async ({ page }) => {
  const terminal = await openShell(page);
  await terminal.run("read -r -t 3; printf '\\a'");
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  const own = page.getByTestId("own-shell");
  await expect(own).toContainText("Bell");
  await expect(own.getByTestId("return")).toContainText("1");
  const list = new PodList(page);
  await list.filter.fill("nowhere");
  await expect(own).toBeHidden();
  await list.filter.fill("welcome shell");
  await expect(own).toBeVisible();
  // out of the field into the list, where the number is a key
  await list.filter.press("Tab");
  await expect(page.locator(".pod-row a:focus")).toHaveCount(1);
  await page.keyboard.press("1");
  await terminal.expectFocus();
});

test("who types and goes on at once is in the row that is then drawn", async ({ page }) => {
  const list = await PodList.open(page);
  await list.filter.fill("nowhere");
  await expect(page.getByTestId("pod-row")).toHaveCount(0);
  await list.filter.focus();
  // Both keys before the next frame.
  const prevented = await list.filter.evaluate(async (field: HTMLInputElement) => {
    field.value = "welcome";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await Promise.resolve();
    return !field.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true }));
  });
  expect(prevented).toBe(true);
  await expect(page.locator(".pod-row a:focus")).toHaveCount(1);
});

test("in the list's field chords do what they do in the palette", async ({ page }) => {
  await openShell(page);
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  const list = new PodList(page);
  await list.filter.fill("welcome");
  await list.filter.press("Control+Enter");
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(2);
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  await list.filter.press("Control+k");
  await expect(page.getByRole("dialog", { name: "Go to" })).toBeVisible();
});
