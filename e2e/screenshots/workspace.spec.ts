// Pictures of the workspace: tabs and splits, a log, the palette, keys and settings.
import type { Page } from "@playwright/test";
import { Log } from "../support/log.ts";
import { Terminal } from "../support/terminal.ts";
import { DB, DB_TEXT, dress, expect, MAILER, test, WEB, WEB_TEXT } from "./studio.ts";

/** Waits for so many panes, or one where there is room for no more. */
async function expectPanes(page: Page, count: number): Promise<void> {
  const isNarrow = (page.viewportSize()?.width ?? 0) < 768;
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(isNarrow ? 1 : count);
}

/** The terminal that has the keyboard, once its shell is there. */
async function focused(page: Page): Promise<Terminal> {
  const terminal = new Terminal(page, page.locator(".pane--focused").filter({ visible: true }));
  await terminal.expectState("connected");
  await terminal.expectPrompt();
  return terminal;
}

/** Opens a shell by the palette, in a split. */
async function splitByPalette(page: Page, words: string): Promise<Terminal> {
  await page.keyboard.press("Control+Shift+K");
  await page.getByTestId("palette").getByRole("option").first().waitFor();
  await page.keyboard.type(words);
  await page.getByTestId("palette").getByRole("option").first().waitFor();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("palette")).toBeHidden();
  return focused(page);
}

test("tabs and splits", { tag: "@phone" }, async ({ page, shell, show }) => {
  await shell(WEB, WEB_TEXT);
  const db = await splitByPalette(page, "db-0 postgres");
  await expectPanes(page, 2);
  await dress(db, DB, DB_TEXT);
  await page.keyboard.press("Control+Shift+O");
  await expectPanes(page, 3);
  const dump = await focused(page);
  const line = "pg_dump: dumping contents of table \\e[33mpublic.";
  await dress(dump, DB, `${line}orders\\e[m\\n${line}carts\\e[m`);
  await page.keyboard.press("Control+Shift+Enter");
  await expect(page.getByTestId("tab")).toHaveCount(2);
  const release = await focused(page);
  // it prints on when nobody looks any more
  await release.run("while sleep 1; do echo deployed; done");
  await page.getByTestId("tab").nth(1).getByRole("link").dblclick();
  await page.getByTestId("tab-name").fill("release");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Shift+PageUp");
  await page.keyboard.press("Control+Shift+ArrowLeft");
  await expectPanes(page, 3);
  await new Terminal(page, page.locator(".pane--focused")).expectFocus();
  await page.mouse.move(320, 400);
  await expect(page.getByTestId("tab").nth(1).locator(".mark")).toHaveAttribute("data-mark", "output");
  await show("workspace");
});

test("the palette", { tag: "@phone" }, async ({ page, shell, show }) => {
  await shell(WEB, WEB_TEXT);
  await page.keyboard.press("Control+Shift+K");
  const options = page.getByTestId("palette").getByRole("option");
  await options.first().waitFor();
  await show("palette-empty");
  await page.keyboard.type("web");
  // the list of pods may come later than the rest
  await options.filter({ hasText: "web-1" }).first().waitFor();
  await show("palette");
  await page.keyboard.type(" no such thing");
  await expect(options).toHaveCount(0);
  await show("palette-no-match");
});

test("the keys", async ({ page, shell, show }) => {
  await shell(WEB, WEB_TEXT);
  await page.keyboard.press("Control+Shift+H");
  await expect(page.getByTestId("dialogue")).toBeVisible();
  await show("keys");
});

test("the settings", { tag: "@phone" }, async ({ page, shell, show }) => {
  await shell(WEB, WEB_TEXT);
  await page.getByTestId("settings").click();
  await expect(page.getByTestId("dialogue")).toBeVisible();
  await show("settings");
});

test("a log", { tag: "@phone" }, async ({ page, show }) => {
  const log = await Log.open(page, MAILER, { query: "?timestamps=1" });
  await log.field.fill("smtp");
  await expect(log.found).toHaveText(/1/);
  await show("log");
});
