// What the page knows of a terminal's connection, behind its figures in the status bar.
import type { Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

/** What stands beside a name in the dialogue. */
async function fact(page: Page, name: string): Promise<string> {
  const facts = page.getByRole("dialog").locator("dl");
  return facts.locator("dt", { hasText: name }).locator("+ dd").innerText();
}

test("they say how, how far, since when and how much", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const terminal = await openShell(page);
  const figures = page.getByRole("button", { name: /^Connection \d+ ms WebSocket$/ });
  await figures.click();
  const dialogue = page.getByRole("dialog", { name: "Connection" });
  await expect(dialogue).toBeVisible();
  expect(await fact(page, "Container")).toBe("default / welcome / shell");
  expect(await fact(page, "Transport")).toBe("WebSocket");
  expect(await fact(page, "Round trip")).toMatch(/^\d+ ms$/);
  expect(await fact(page, "Connected since")).toMatch(/\d:\d\d/);
  expect(await fact(page, "Output received")).toMatch(/^\d+ B$/);
  expect(await fact(page, "Input sent")).toBe("0 B");

  await dialogue.getByRole("button", { name: "Copy", exact: true }).click();
  await expect(dialogue.getByRole("button", { name: "Copied" })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(/^Container: default \/ welcome \/ shell\nStatus: Connected\n/);
  expect(copied).toContain("\nInput sent: 0 B\n");
  // and how one does the same without a page
  await dialogue.getByRole("button", { name: "Copy kubectl command" }).click();
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toBe("kubectl exec -it --namespace=default welcome --container=shell -- sh");

  await dialogue.getByRole("button", { name: "Close" }).click();
  await terminal.expectFocus();
  await terminal.run("seq 1 1000");
  await terminal.expectText(/^1000$/m);
  await figures.click();
  // with its Enter
  await expect.poll(() => fact(page, "Input sent")).toBe("11 B");
  expect(await fact(page, "Output received")).toMatch(/^\d+ KB$/);
});

test("it counts on over a reload, and tells what becomes of it", async ({ page }) => {
  const terminal = await openShell(page);
  await terminal.run("echo on''e");
  await terminal.expectText(/^one$/m);
  await page.reload();
  await terminal.expectState("connected");
  await page.getByRole("button", { name: /^Connection / }).click();
  expect(await fact(page, "Input sent")).toBe("11 B");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  // a pane that nobody sees has no dialogue in the way, so the end comes while it is looked at
  await terminal.run("sleep 5; exit 3");
  await page.getByRole("button", { name: /^Connection / }).click();
  await expect.poll(() => fact(page, "Status")).toContain("exit code 3");
  await expect(page.getByRole("dialog").locator("dt", { hasText: "Round trip" })).toHaveCount(0);
});

test("by keyboard they are reached and left", async ({ page }) => {
  const terminal = await openShell(page);
  await page.keyboard.press("Shift+Escape");
  const figures = page.getByRole("button", { name: /^Connection / });
  await figures.focus();
  await page.keyboard.press("Enter");
  const dialogue = page.getByRole("dialog", { name: "Connection" });
  await expect(dialogue).toBeVisible();
  // what was typed before it was seen is no answer, so it takes a moment
  await expect(async () => {
    await page.keyboard.press("Escape");
    await expect(dialogue).toBeHidden({ timeout: 200 });
  }).toPass();
  await expect(figures).toBeFocused();
  await terminal.expectState("connected");
});

test.describe("over plain HTTP", () => {
  test("the transport has its name", async ({ page }) => {
    await page.addInitScript(() => localStorage.setItem("podshell.transport", `xhr-streaming@${Date.now()}`));
    const terminal = await openShell(page);
    await terminal.expectTransport("xhr-streaming");
    await page.getByRole("button", { name: /^Connection / }).click();
    expect(await fact(page, "Transport")).toBe("HTTP streaming");
  });
});

test.describe("in Chinese, on a phone", () => {
  test.use({ locale: "zh-CN", viewport: { width: 390, height: 844 } });

  test("they are there", async ({ page }) => {
    await openShell(page);
    await page.getByRole("button", { name: /^连接 / }).click();
    await expect(page.getByRole("dialog", { name: "连接" })).toBeVisible();
    expect(await fact(page, "传输方式")).toBe("WebSocket");
    await page.getByRole("dialog").getByRole("button", { name: "关闭" }).click();
    expect(await new Terminal(page).state.getAttribute("data-state")).toBe("connected");
  });
});
