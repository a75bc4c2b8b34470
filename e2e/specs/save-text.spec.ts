// What a terminal has above its screen and on it, saved as a file.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { openShell, test } from "../support/demo.ts";
import { choose, goTo } from "../support/palette.ts";
import { expect } from "../support/test.ts";

/** Saves what the terminal has, and gives the lines of the file. */
async function save(page: Page, name = "Save as text"): Promise<{ file: string; lines: string[] }> {
  const download = page.waitForEvent("download");
  await choose(page, name, name);
  const saved = await download;
  const text = await readFile(await saved.path(), "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return { file: saved.suggestedFilename(), lines: text.slice(0, -1).split("\n") };
}

test("what was printed is in the file as it was, however it was wrapped", async ({ page }) => {
  const terminal = await openShell(page);
  const { cols } = await terminal.size();
  await terminal.run(`clear; seq 1 200; printf '%0${cols * 2 + 5}d\\n' 7; printf 'blanks   \\n'`);
  // what is typed sooner is echoed in the midst of it
  await terminal.expectText(/^blanks\s+\S*[#$]\s*$/m);
  // the last cell of a row is left free where the next character takes two
  const wide = `${"a".repeat((cols + 1) % 2)}${"汉".repeat(cols)}`;
  await terminal.run(`echo '${wide}'; printf '\\nen''d\\n'`);
  await terminal.expectText(/^end\n.*[#$]\s*$/m);

  const { file, lines } = await save(page);
  expect(file).toMatch(/^welcome_shell_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.txt$/);
  const numbers = Array.from({ length: 200 }, (_, n) => `${n + 1}`);
  expect(lines.slice(lines.indexOf("1"), lines.indexOf("1") + 200)).toEqual(numbers);
  expect(lines).toContain("7".padStart(cols * 2 + 5, "0"));
  expect(lines).toContain("blanks");
  expect(lines).toContain(wide);
  expect(lines[lines.indexOf("end") - 1]).toBe("");
  // the prompt is the last line, and no empty row of the screen is one
  expect(lines.at(-1)).toMatch(/[#$]$/);
  await terminal.expectFocus();
});

test("a full-screen program's screen comes after what it hides", async ({ page }) => {
  const terminal = await openShell(page);
  await terminal.run("clear; echo be''fore; printf '\\033[?1049h\\033[H\\033[2Jfu''ll\\nscreen\\n'; read x");
  await terminal.expectText(/^full\n\s*screen/m);
  const { lines } = await save(page);
  expect(lines).toContain("before");
  expect(lines.indexOf("full")).toBeGreaterThan(lines.indexOf("before"));
  expect(lines[lines.indexOf("full") - 1]).toBe("");
  expect(lines.at(-1)?.trim()).toBe("screen");
});

test("of a terminal that has had more lines than it keeps, those are saved that it keeps", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("podshell.scrollback", "1000"));
  const terminal = await openShell(page);
  await terminal.run("seq 1 3000; printf en''d");
  await terminal.expectText(/end.*[#$]$/);
  const { lines } = await save(page);
  const { rows } = await terminal.size();
  expect(lines).toHaveLength(1000 + rows);
  expect(lines.slice(-3, -1)).toEqual(["2999", "3000"]);
});

test("100,000 lines are saved without the page standing still for long", async ({ page }, testInfo) => {
  await page.addInitScript(() => localStorage.setItem("podshell.scrollback", "100000"));
  const terminal = await openShell(page);
  await terminal.run("clear; seq -f '%.0f of a hundred thousand lines, each as long as lines in logs are at times' 1 100000");
  await terminal.expectText(/^100000 of a hundred/m, 60_000);
  await page.evaluate(() => {
    const busy: number[] = [];
    Object.assign(window, { busy });
    new PerformanceObserver((tasks) => busy.push(...tasks.getEntries().map((task) => task.duration))).observe({
      entryTypes: ["longtask"],
    });
  });
  const { lines } = await save(page);
  const numbered = lines.filter((line) => line.includes("of a hundred thousand"));
  expect(numbered.at(-1)).toMatch(/^100000 /);
  // xterm.js keeps as many above the screen, and the screen has some more
  expect(numbered.length).toBeGreaterThanOrEqual(99_999);
  const longest = await page.evaluate(() => Math.max(0, ...(window as unknown as { busy: number[] }).busy));
  testInfo.annotations.push({ type: "longest task", description: `${Math.round(longest)} ms` });
  // what the keyboard types comes through at once
  await terminal.run("echo st''ill here");
  await terminal.expectText(/^still here$/m);
});

test("where there is nothing to save, that is said", async ({ page }) => {
  const terminal = await openShell(page);
  await terminal.run("printf '\\033c\\033[3J'; read -s x");
  await expect.poll(() => terminal.screen()).toBe("");
  await choose(page, "save", "Save as text");
  await expect(terminal.notice).toContainText("nothing on this terminal");
});

test("in the list there is no terminal to save", async ({ page }) => {
  await page.goto("./");
  await expect(page.getByRole("main")).toBeVisible();
  await goTo(page, "save");
  await expect(page.getByRole("option", { name: "Save as text" })).toHaveCount(0);
});

test.describe("in Chinese", () => {
  test.use({ locale: "zh-CN" });

  test("it has its name there", async ({ page }) => {
    const terminal = await openShell(page);
    await terminal.run("clear; echo 你好");
    await terminal.expectText(/^你好$/m);
    const { lines } = await save(page, "另存为文本");
    expect(lines).toContain("你好");
  });
});
