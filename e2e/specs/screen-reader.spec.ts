// Screen readers: the setting that gives them a terminal's lines, live and kept, whatever draws them.
import type { Locator, Page } from "@playwright/test";
import { openShell, test, WELCOME } from "../support/demo.ts";
import { pretendCard } from "../support/graphics.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

/** The lines of the terminals that can be seen. */
const lines = (page: Page, name = "Terminal welcome/shell"): Locator => page.getByRole("list", { name });

/** Ticks the setting, or the other way round. */
async function set(page: Page, to: boolean): Promise<void> {
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("checkbox", { name: /^Screen reader/ }).setChecked(to);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
}

test("its lines are there as soon as they are asked for, and no longer", async ({ page }) => {
  const terminal = await openShell(page);
  await terminal.run("clear; echo be''fore");
  await terminal.expectText(/^before$/m);
  await expect(lines(page)).toHaveCount(0);

  await set(page, true);
  await expect(lines(page).getByRole("listitem").filter({ hasText: /^before$/ })).toHaveCount(1);
  await terminal.run("clear; printf 'one\\ntwo\\n汉字 wide\\n'");
  await expect(lines(page)).toMatchAriaSnapshot(`
    - list:
      - listitem: one
      - listitem: two
      - listitem: 汉字 wide
  `);
  // what it says of itself goes with it
  await expect(page.getByRole("textbox", { name: /^Terminal welcome\/shell\. Shift\+Esc leaves/ })).toBeFocused();

  await set(page, false);
  await expect(lines(page)).toHaveCount(0);
  await terminal.run("clear; echo af''ter");
  await terminal.expectText(/^after$/m);
});

test("it is kept, and holds for every terminal", async ({ page }) => {
  const terminal = await openShell(page);
  await set(page, true);
  await page.reload();
  await terminal.expectState("connected");
  await expect(lines(page)).toHaveCount(1);
  await page.keyboard.press("Control+Shift+E");
  await expect(lines(page)).toHaveCount(2);
});

test("rows lie where they are drawn, and WebGL goes on drawing", async ({ page }) => {
  await pretendCard(page);
  // what WebGL draws is no text that a test could read
  const terminal = await Terminal.open(page, WELCOME);
  await expect(terminal.host.locator(".xterm-screen canvas:not([class])")).toBeVisible();
  await set(page, true);
  await terminal.run("clear; printf 'narrow 汉字 é́ end\\n'");
  const row = lines(page).getByRole("listitem").filter({ hasText: "narrow" }).filter({ hasText: / end$/ });
  await expect(row).toHaveCount(1);
  const screen = await terminal.host.locator(".xterm-screen").boundingBox();
  const { rows, cols } = await terminal.size();
  await expect(async () => {
    const box = await row.boundingBox();
    if (box === null || screen === null) throw new Error("it is not shown");
    expect(box.height).toBeCloseTo(screen.height / rows, 0);
    // eighteen columns up to its end, of which two characters take two each
    expect(box.width / (screen.width / cols)).toBeGreaterThan(14);
    expect(box.width / (screen.width / cols)).toBeLessThan(19);
  }).toPass();
  await expect(terminal.host.locator(".xterm-screen canvas:not([class])")).toBeVisible();
});

test.describe("in Chinese", () => {
  test.use({ locale: "zh-CN" });

  test("the setting and the terminal have their names there", async ({ page }) => {
    const terminal = await openShell(page);
    await page.getByRole("button", { name: "设置" }).click();
    await page.getByRole("checkbox", { name: /^屏幕阅读器/ }).check();
    await page.getByRole("dialog").getByRole("button", { name: "关闭" }).click();
    await expect(lines(page, "终端 welcome/shell")).toHaveCount(1);
    await expect(page.getByRole("textbox", { name: /^终端 welcome\/shell/ })).toBeFocused();
    await terminal.run("seq 1 100");
    await expect(terminal.host.locator("[aria-live]")).toContainText("输出过多");
  });
});
