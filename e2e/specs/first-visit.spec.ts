// The sentence that tells who comes for the first time what the page is.
import type { Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { PodList } from "../support/pod-list.ts";
import { expect } from "../support/test.ts";

const note = (page: Page) => page.getByRole("note").filter({ hasText: /opens? a shell in any container|任意容器/ });

test("it is there once, and gone for good when it was dismissed", async ({ page }) => {
  await PodList.open(page);
  await expect(note(page)).toHaveText(/press Enter.*Ctrl Shift K/);
  await note(page).getByRole("button", { name: "Dismiss" }).click();
  await expect(note(page)).toHaveCount(0);
  // the keyboard is the list's again
  await page.keyboard.press("j");
  await expect(page.locator(".pod-row--selected")).toHaveCount(1);
  await page.reload();
  await PodList.open(page);
  await expect(note(page)).toHaveCount(0);
});

test("who has opened a shell needs it no more", async ({ page }) => {
  await PodList.open(page);
  await expect(note(page)).toBeVisible();
  await openShell(page);
  await page.goto("./");
  await PodList.open(page);
  await expect(note(page)).toHaveCount(0);
  // nor when what was opened is forgotten
  await page.evaluate(() => localStorage.removeItem("podshell.recent"));
  await page.keyboard.press("Control+Shift+X");
  await page.reload();
  await PodList.open(page);
  await expect(note(page)).toHaveCount(0);
});

test.describe("on a phone, in Chinese", () => {
  test.use({ locale: "zh-CN", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("no keys are spoken of", async ({ page }) => {
    await PodList.open(page);
    await expect(note(page)).toContainText("点按容器");
    await expect(note(page).locator("kbd").first()).toBeHidden();
    await note(page).getByRole("button", { name: "关闭此提示" }).click();
    await expect(note(page)).toHaveCount(0);
  });
});
