// A page that is loaded anew: the terminal goes on at the byte where it was, with all that a program has set.
import type { Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");

/** Opens a shell, in which `before` prints something with `shown` in it; loads the page anew; and has `after` go on. */
async function over(page: Page, before: string, shown: string | RegExp, after: string): Promise<Terminal> {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run(`clear; ${before}; read x; ${after}; echo do''ne`);
  await terminal.expectText(shown);
  await page.reload();
  await terminal.expectState("connected");
  await page.keyboard.press("Enter");
  await terminal.expectText(/done/);
  return terminal;
}

test("what stands below a scroll region stays there", async ({ page }) => {
  const terminal = await over(
    page,
    String.raw`printf '\e[1;10r\e[999;1HBAR\e[1;1H'`,
    "BAR",
    String.raw`seq 4 60`,
  );
  const rows = (await terminal.screen()).split("\n");
  expect(rows).toHaveLength((await terminal.size()).rows);
  expect(rows.at(-1)).toBe("BAR");
  expect(rows.slice(0, 10)).toContain("60");
});

test("line drawing goes on", async ({ page }) => {
  const terminal = await over(page, String.raw`printf '\e(0lqqk'`, "┌──┐", String.raw`printf 'lqqk\e(B'`);
  await terminal.expectText("┌──┐");
  expect((await terminal.screen()).match(/┌──┐/g)).toHaveLength(2);
});

test("the cursor has the shape that a program gave it", async ({ page }) => {
  const terminal = await over(page, String.raw`printf '\e[6 qsha''pe'`, "shape", "true");
  await expect(terminal.host.locator(".xterm-cursor-bar")).toHaveCount(1);
});

test("a sequence that was not complete is completed", async ({ page }) => {
  const terminal = await over(page, String.raw`printf 'w\303\244hrend \e[3'`, "während", String.raw`printf '1mred'`);
  await expect(terminal.host.locator(".xterm-fg-1", { hasText: "red" })).toHaveCount(1);
});

test("links lead where they led", async ({ page }) => {
  const terminal = await over(page, String.raw`printf '\e]8;;http://example.com/\aplace\e]8;;\a '`, "place", "true");
  const place = await terminal.host.locator(".xterm-underline-5", { hasText: "place" }).boundingBox();
  await page.mouse.move((place?.x ?? 0) + 15, (place?.y ?? 0) + 8);
  await expect(terminal.host.locator(".xterm-cursor-pointer")).toHaveCount(1);
});

test("tab stops, colours and origin mode stay", async ({ page }) => {
  const terminal = await over(
    page,
    String.raw`printf '\e[3g\e[1;5H\eH\e[1;1H\e]4;1;#123456\ase''t'`,
    "set",
    String.raw`printf '\r\tfive\n\e[31mdark\e[0m'`,
  );
  await terminal.expectText(/^ {4}five/m);
  const dark = terminal.host.locator(".xterm-fg-1", { hasText: "dark" });
  await expect(dark).toHaveCount(1);
});

test("all of the scrollback comes back", async ({ page }) => {
  const terminal = await over(page, "for n in $(seq 1 4900); do printf '%0140d\\n' $n; done", /0004900$/, "true");
  const lines = (await terminal.scrollback(4_800)).filter((line) => /^\d+$/.test(line)).map(Number);
  expect(lines.at(-1)).toBe(4900);
  expect(lines.length).toBeGreaterThan(4_800);
  expect(lines.every((line, at) => at === 0 || line === (lines[at - 1] ?? 0) + 1)).toBe(true);
});

test("where a browser has room for a part of it, that part comes back", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("for n in $(seq 1 4900); do printf '%0140d\\n' $n; done");
  await terminal.expectText(/04900$/m);
  // a tab has 5 Mi characters
  await page.evaluate(() => sessionStorage.setItem("other", "x".repeat(5 * 1024 * 1024 - 300_000)));
  await page.reload();
  await terminal.expectState("connected");
  const shown = (await terminal.scrollback(1_000)).filter((line) => /^\d+$/.test(line)).map(Number);
  expect(shown.at(-1)).toBe(4900);
  await terminal.type("");
  for (let pages = 0; pages < 50; pages++) {
    await page.keyboard.press("Shift+PageUp");
  }
  await terminal.expectNoText(/4900$/m);
  expect(Number(/^(\d+)$/m.exec(await terminal.screen())?.[1])).toBeGreaterThan(1_000);
});

test("a new shell in the same terminal begins clean", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  const background = () =>
    terminal.host.locator(".xterm-scrollable-element").evaluate((element) => getComputedStyle(element).backgroundColor);
  const before = await background();
  await terminal.run(
    String.raw`clear; printf '\e]11;#800080\a\e]2;theirs\a\e[?1000;1004;1h\e[5;10r\e[4h\e(0\e[?25l\e[3g\e[31m'; exec sh -c 'read x; kill -9 $$'`,
  );
  await expect.poll(background).toBe("rgb(128, 0, 128)");
  await page.keyboard.press("Enter");
  await terminal.expectState("ended");
  await page.keyboard.press("Enter");
  await terminal.expectState("connected");
  await terminal.run("printf 'a\\tlqqk\\n'");
  await terminal.expectText(/^a {7}lqqk$/m);
  expect(await background()).toBe(before);
});
