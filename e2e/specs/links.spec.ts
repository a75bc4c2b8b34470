// Links that programs put on the screen: asked about in the page's language, and never taken for what their text says.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

/** Prints a link, whose text may depend on how many columns there are, and clicks it. */
async function click(page: Page, address: string, said: string | ((cols: number) => string)): Promise<Terminal> {
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  const text = typeof said === "string" ? said : said((await terminal.size()).cols);
  await terminal.run(`clear; printf '\\033]8;;${address}\\033\\\\%s\\033]8;;\\033\\\\ end\\n' '${text}'`);
  await terminal.expectText(/ end\n/);
  // in the row in which it ends, which may not be the one in which it begins
  const { x, y } = await terminal.find(" end");
  // it is one once the pointer is on it
  await page.mouse.move(x - 20, y);
  await expect(terminal.host.locator(".xterm-cursor-pointer")).toHaveCount(1);
  await page.mouse.click(x - 20, y);
  return terminal;
}

test("a link is asked about, and opens in a tab that knows nothing of this one", async ({ page, context }) => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.url ?? ""} ${request.headers.referer ?? "nobody"}`);
    response.setHeader("Content-Type", "text/html");
    response.end("<link rel=icon href=data:,><p>there</p>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pull/481?a=b`;
  const terminal = await click(page, address, "pull request #481");
  await expect(terminal.dialogue).toContainText("Open this address?");
  await expect(terminal.dialogue.locator("pre")).toHaveText(address);
  await expect(terminal.dialogue.locator("pre strong")).toHaveText("127.0.0.1");
  await expect(terminal.dialogue.locator(".dialogue__warning")).toBeHidden();
  const opened = context.waitForEvent("page");
  await terminal.answer("Open in a new tab");
  const tab = await opened;
  await expect(tab.getByText("there")).toBeVisible();
  expect(await tab.evaluate(() => window.opener as unknown)).toBeNull();
  expect(heard).toEqual(["/pull/481?a=b nobody"]);
  server.close();
});

test("a text that names another host is warned of, and Enter opens nothing", async ({ page, context }) => {
  const terminal = await click(page, "https://github.com@evil.example/pull", "https://github.com/pull");
  await expect(terminal.dialogue.locator(".dialogue__warning")).toHaveText(
    "The text on the screen names github.com, the link leads to evil.example.",
  );
  await expect(terminal.dialogue.locator("pre strong")).toHaveText("evil.example");
  await expect(terminal.dialogue.getByRole("button", { name: "Cancel" })).toBeFocused();
  await expect(async () => {
    await page.keyboard.press("Enter");
    await expect(terminal.dialogue).toBeHidden({ timeout: 200 });
  }).toPass();
  await terminal.expectFocus();
  expect(context.pages()).toHaveLength(1);
});

test("a text that wraps is read as a whole", async ({ page }) => {
  // the row ends within the host
  const wraps = (cols: number) => `${"x".repeat(cols - 16)} https://a-host-that-wraps.example/`;
  const terminal = await click(page, "https://evil.example/", wraps);
  await expect(terminal.dialogue.locator(".dialogue__warning")).toContainText("names a-host-that-wraps.example,");
});

test.describe("in Chinese", () => {
  test.use({ locale: "zh-CN", permissions: ["clipboard-read", "clipboard-write"] });

  test("a link's address is copied", async ({ page }) => {
    const terminal = await click(page, "https://example.org/a", "https://example.com/a");
    await expect(terminal.dialogue).toContainText("打开此地址？");
    await expect(terminal.dialogue.locator(".dialogue__warning")).toHaveText("屏幕上的文字写的是 example.com，链接却指向 example.org。");
    await terminal.answer("复制地址");
    await terminal.expectFocus();
    await expect.poll(async () => page.evaluate(async () => navigator.clipboard.readText())).toBe("https://example.org/a");
  });
});

test("what leads nowhere on the web is no link", async ({ page }) => {
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  for (const [n, address] of ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "vscode://x"].entries()) {
    // each has its own text: what is waited for is never what stood there before
    await terminal.run(`clear; printf '\\033]8;;${address}\\033\\\\%s\\033]8;;\\033\\\\ end\\n' 'text ${n}'`);
    await terminal.expectText(new RegExp(`^text ${n} end$`, "m"));
    const { x, y } = await terminal.find(`text ${n} end`);
    await page.mouse.click(x, y);
    await terminal.run(`echo $((6*7)) ${n}`);
    await terminal.expectText(new RegExp(`^42 ${n}$`, "m"));
    await expect(terminal.dialogue).toBeHidden();
  }
});

test("an address in plain text is a link, and what has another scheme is none", async ({ page }) => {
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  await terminal.run("clear; echo see https://example.org/a?b=c#d end; echo ftp://example.org/file stop");
  await terminal.expectText(/^ftp.* stop$/m);
  const { x, y } = await terminal.find(" end");
  await page.mouse.move(x - 20, y);
  await expect(terminal.host.locator(".xterm-cursor-pointer")).toHaveCount(1);
  await page.mouse.click(x - 20, y);
  await expect(terminal.dialogue.locator("pre")).toHaveText("https://example.org/a?b=c#d");
  await terminal.answer("Cancel");
  const other = await terminal.find(" stop");
  await page.mouse.move(other.x - 20, other.y);
  await expect(terminal.host.locator(".xterm-cursor-pointer")).toHaveCount(0);
});
