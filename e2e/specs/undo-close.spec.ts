// What was closed is had back: by keyboard, by the palette, and for as long as somebody is about to.
import type { Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { choose, goTo } from "../support/palette.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

const bar = (page: Page) => page.getByTestId("undo");
/** What is closed ends after so long. */
const WITHIN = 5_000;

/** Opens a shell that knows a word, and closes it. */
async function openAndClose(page: Page, word: string): Promise<Terminal> {
  const terminal = await openShell(page);
  await terminal.run(`clear; W=${word}; echo re''ady`);
  await terminal.expectText(/^ready$/m);
  await terminal.expectPrompt();
  await page.keyboard.press("Control+Shift+X");
  await expect(bar(page)).toContainText("Closed welcome/shell.");
  return terminal;
}

/** It is the same shell. */
async function expectBack(terminal: Terminal, word: string): Promise<void> {
  await terminal.expectState("connected");
  await terminal.expectFocus();
  await terminal.run('echo "<$W>"');
  await terminal.expectText(`<${word}>`);
}

test("the palette offers it while there is something to be had back", async ({ page }) => {
  const terminal = await openAndClose(page, "one");
  await choose(page, "undo", /^Undo close/);
  await expect(bar(page)).toHaveCount(0);
  await expectBack(terminal, "one");
  await goTo(page, "undo");
  await expect(page.getByRole("option", { name: /^Undo close/ })).toHaveCount(0);
});

test("keys lead to the bar, which waits while it has the focus", async ({ page }) => {
  const terminal = await openAndClose(page, "two");
  const undo = bar(page).getByRole("button", { name: "Undo" });
  // the parts of the page, the last first
  await page.keyboard.press("Control+Shift+F6");
  for (let tries = 0; tries < 4 && !(await undo.evaluate((button) => button === document.activeElement)); tries++) {
    await page.keyboard.press("Control+Shift+F6");
  }
  await expect(undo).toBeFocused();
  await page.waitForTimeout(WITHIN + 1_000);
  await expect(undo).toBeVisible();
  await page.keyboard.press("Enter");
  await expectBack(terminal, "two");
});

test("it waits while the pointer is on it, and has its time anew then", async ({ page }) => {
  await openAndClose(page, "three");
  await bar(page).hover();
  await page.waitForTimeout(WITHIN + 1_000);
  await expect(bar(page)).toBeVisible();
  await page.mouse.move(5, 5);
  await expect(bar(page)).toHaveCount(0, { timeout: WITHIN + 3_000 });
});

test.describe("in Chinese", () => {
  test.use({ locale: "zh-CN" });

  test("the palette offers it", async ({ page }) => {
    const terminal = await openShell(page);
    await page.keyboard.press("Control+Shift+X");
    await choose(page, "撤销", /^撤销关闭/);
    await terminal.expectState("connected");
  });
});
