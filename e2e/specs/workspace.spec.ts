// Tabs and splits: by keyboard and mouse, over a reload, and what happens in those that nobody looks at.
import type { Locator, Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");
/** What asks for a session. */
const MINTING = /\/api\/v1\/pod\/.*\/shell\//;

/** The panes that can be seen, in reading order. */
const panes = (page: Page): Locator => page.getByTestId("pane").filter({ visible: true });
const tabs = (page: Page): Locator => page.getByTestId("tab");

/** Opens a shell, and waits for its prompt. */
async function open(page: Page): Promise<Terminal> {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  return terminal;
}

/** Presses a chord that opens a pane, and waits until it is the one with the keyboard. */
async function press(page: Page, chord: string, count: number): Promise<Locator> {
  await page.keyboard.press(chord);
  await expect(panes(page)).toHaveCount(count);
  const focused = page.locator(".pane--focused").filter({ visible: true });
  await expect(focused.locator(".xterm-helper-textarea")).toBeFocused();
  await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connected");
  return focused;
}

/** Answers a dialogue by a key. What was typed before it was seen is no answer, so it takes a moment. */
async function answer(dialogue: Locator, key: "Enter" | "Escape"): Promise<void> {
  await expect(dialogue).toBeVisible();
  await expect(async () => {
    await dialogue.page().keyboard.press(key);
    await expect(dialogue).toBeHidden({ timeout: 200 });
  }).toPass();
}

/** What a pane shows. */
async function text(pane: Locator): Promise<string> {
  return pane.locator(".xterm-rows").innerText();
}

/** Types into what has the keyboard. */
async function run(page: Page, line: string): Promise<void> {
  await page.keyboard.type(line);
  await page.keyboard.press("Enter");
}

test("panes are split, gone to, zoomed and closed by keys", async ({ page }) => {
  await open(page);
  await run(page, "P=on''e; echo i am $P");
  const right = await press(page, "Control+Shift+E", 2);
  await run(page, "P=tw''o; echo i am $P");
  await expect.poll(() => text(right)).toContain("i am two");
  const below = await press(page, "Control+Shift+O", 3);
  await run(page, "P=thr''ee; echo i am $P");
  await expect.poll(() => text(below)).toContain("i am three");

  // each has a shell of its own, where it was put
  const [first, second, third] = [panes(page).nth(0), panes(page).nth(1), panes(page).nth(2)];
  const box = async (pane: Locator) => (await pane.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const [one, two, three] = [await box(first), await box(second), await box(third)];
  expect(two.x).toBeGreaterThan(one.x + one.width - 5);
  expect(three.y).toBeGreaterThan(two.y + two.height - 5);
  expect(Math.abs(three.x - two.x)).toBeLessThan(2);

  await page.keyboard.press("Control+Shift+ArrowLeft");
  await expect(first).toHaveClass(/pane--focused/);
  await run(page, "echo still $P");
  await expect.poll(() => text(first)).toContain("still one");
  await page.keyboard.press("Control+Shift+ArrowRight");
  await expect(second).toHaveClass(/pane--focused/);

  await page.keyboard.press("Control+Shift+Z");
  await expect(panes(page)).toHaveCount(1);
  await page.keyboard.press("Control+Shift+Z");
  await expect(panes(page)).toHaveCount(3);

  await page.keyboard.press("Control+Shift+X");
  await expect(panes(page)).toHaveCount(2);
  // it is there for a while, with what it showed
  await page.getByTestId("undo").getByRole("button", { name: "Undo" }).click();
  await expect(panes(page)).toHaveCount(3);
  await expect.poll(() => text(page.locator(".pane--focused").filter({ visible: true }))).toContain("i am two");
});

test("where there is room for one pane, the keyboard goes from one to the next", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const terminal = await open(page);
  const here = page.locator(".pane--focused");
  for (const chord of ["E", "ArrowLeft", "ArrowRight", "Enter", "PageUp"]) {
    const before = (await here.getAttribute("data-pane")) ?? "";
    await page.keyboard.press(`Control+Shift+${chord}`);
    await expect(here).not.toHaveAttribute("data-pane", before);
    await terminal.expectFocus();
  }
});

test("a divider is moved by mouse and keys, and programs are told once", async ({ page }) => {
  await open(page);
  const right = await press(page, "Control+Shift+E", 2);
  await expect.poll(() => text(right)).toMatch(/[#$]\s*$/);
  await run(page, "trap 'echo res\"\"ized' WINCH; echo se''t");
  await expect.poll(() => text(right)).toContain("\nset");
  const divider = page.getByTestId("divider");
  const before = await divider.boundingBox();
  if (before === null) throw new Error("there is no divider");
  const [x, y] = [before.x, before.y + before.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 10; step += 1) await page.mouse.move(x - step * 20, y);
  // how large both will be is seen before they are
  const sizes = divider.locator(".divider__size");
  await expect(sizes).toHaveText([/^\d+ × \d+$/, /^\d+ × \d+$/]);
  const [, columns] = /^(\d+) × /.exec((await sizes.nth(1).textContent()) ?? "") ?? [];
  await page.mouse.up();
  await expect(sizes).toHaveCount(0);
  await expect.poll(async () => (await divider.boundingBox())?.x ?? 0).toBeLessThan(x - 150);
  // who has let it go goes on in the terminal
  await expect(right.locator(".xterm-helper-textarea")).toBeFocused();
  await expect.poll(() => text(right)).toContain("resized");
  await run(page, "stty size; echo do''ne");
  await expect.poll(() => text(right)).toContain("done");
  const [, are] = /^\d+ (\d+)$/m.exec(await text(right)) ?? [];
  // but for what is less than a cell
  expect(Math.abs(Number(are) - Number(columns))).toBeLessThanOrEqual(1);
  expect((await text(right)).match(/resized/g)?.length).toBe(1);

  const moved = (await divider.boundingBox())?.x ?? 0;
  await divider.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(async () => (await divider.boundingBox())?.x ?? 0).toBeGreaterThan(moved);
  await page.keyboard.press("Enter");
  await expect(divider).toHaveAttribute("aria-valuenow", "50");
  // and from the terminal
  await right.locator(".xterm-helper-textarea").focus();
  await page.keyboard.press("Control+Shift+Alt+ArrowLeft");
  await expect(divider).toHaveAttribute("aria-valuenow", "45");
});

test("tabs are opened, turned, named, moved and closed", async ({ page }) => {
  const terminal = await open(page);
  await terminal.run("echo fir''st");
  await terminal.expectText(/^first$/m);
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  await terminal.expectPrompt();
  await terminal.run("echo sec''ond");
  await terminal.expectText(/^second$/m);

  await page.keyboard.press("Control+Shift+PageUp");
  await terminal.expectText(/^first$/m);
  await expect(tabs(page).nth(0).getByRole("link")).toHaveAttribute("aria-current", "page");

  await tabs(page).nth(0).getByRole("link").dblclick();
  await page.getByTestId("tab-name").fill("release");
  await page.keyboard.press("Enter");
  await expect(tabs(page).nth(0)).toContainText("release");
  await terminal.expectFocus();

  await tabs(page).nth(0).dragTo(tabs(page).nth(1));
  await expect(tabs(page).nth(1)).toContainText("release");

  // the name stays over a reload, and so does the order
  await page.reload();
  await expect(tabs(page)).toHaveCount(2);
  await expect(tabs(page).nth(1)).toContainText("release");
  await terminal.expectText(/^first$/m);

  await tabs(page).nth(1).getByTestId("close-tab").click();
  await expect(tabs(page)).toHaveCount(1);
  await terminal.expectText(/^second$/m);
  await tabs(page).nth(0).getByTestId("close-tab").click();
  await expect(tabs(page)).toHaveCount(0);
  // nothing is left, so it is the list
  await expect(page.getByTestId("pod-list")).toBeVisible();
});

test("a reload brings all panes back, with what runs in them", async ({ page }) => {
  await open(page);
  const pids: string[] = [];
  const pid = async (pane: Locator) => {
    await run(page, "echo pid''=$$");
    await expect.poll(() => text(pane)).toMatch(/pid=\d+/);
    return /pid=\d+/.exec(await text(pane))?.[0] ?? "";
  };
  pids.push(await pid(panes(page).nth(0)));
  pids.push(await pid(await press(page, "Control+Shift+E", 2)));
  pids.push(await pid(await press(page, "Control+Shift+O", 3)));
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  await page.keyboard.press("Control+Shift+PageUp");
  await expect(panes(page)).toHaveCount(3);

  await page.reload();
  await expect(panes(page)).toHaveCount(3);
  await expect(tabs(page)).toHaveCount(2);
  expect(new Set(pids).size).toBe(3);
  for (const [n, expected] of pids.entries()) {
    const pane = panes(page).nth(n);
    await expect.poll(() => text(pane)).toContain(expected);
    await pane.locator(".xterm-helper-textarea").focus();
    await run(page, "clear; echo again=$$");
    await expect.poll(() => text(pane)).toContain(expected.replace("pid", "again"));
  }
});

test("a tab that is closed is had back with all of its panes", async ({ page }) => {
  const terminal = await open(page);
  await terminal.run("echo fir''st");
  await terminal.expectText(/^first$/m);
  // before its prompt is there, something may run that closing would end
  for (const [at, chord] of ["E", "O"].entries()) {
    const pane = await press(page, `Control+Shift+${chord}`, at + 2);
    await expect.poll(() => text(pane)).toMatch(/[#$]\s*$/);
  }
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  await tabs(page).nth(0).getByTestId("close-tab").click();
  await expect(tabs(page)).toHaveCount(1);
  await page.getByTestId("undo").getByRole("button", { name: "Undo" }).click();
  await expect(tabs(page)).toHaveCount(2);
  await expect(panes(page)).toHaveCount(3);
  await expect.poll(() => text(panes(page).nth(0))).toContain("first");
  await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connected");
});

test("what has ended is not begun anew by a reload", async ({ page }) => {
  const terminal = await open(page);
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  await terminal.expectPrompt();
  await terminal.run("exit 3");
  await terminal.expectReason("exited");
  await tabs(page).nth(0).getByRole("link").click();
  await terminal.expectState("connected");
  await page.reload();
  await terminal.expectState("connected");
  await expect(tabs(page)).toHaveCount(1);
});

test("a terminal whose shell has not begun yet is there after a reload", async ({ page }) => {
  const terminal = await open(page);
  await page.route(MINTING, async () => {});
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  await terminal.expectState("connecting");
  await page.unroute(MINTING);
  await page.reload();
  await expect(tabs(page)).toHaveCount(2);
  await terminal.expectState("connected");
});

test("who renames a tab while its shell starts goes on writing there", async ({ page }) => {
  await open(page);
  // its start is held up for as long as the name is written
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  await page.route(MINTING, async (route) => {
    await begun;
    await route.fallback();
  });
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  await tabs(page).nth(1).getByRole("link").dblclick();
  await page.keyboard.type("rel");
  begin();
  await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connected");
  await page.keyboard.type("ease");
  await page.keyboard.press("Enter");
  await expect(tabs(page).nth(1)).toContainText("release");
});

test("what happens in a tab that nobody sees is marked, until somebody looks", async ({ page }) => {
  const terminal = await open(page);
  await terminal.run("read -r -t 2; echo wrote; read -r -t 6; printf '\\a'");
  await page.keyboard.press("Control+Shift+Enter");
  await expect(tabs(page)).toHaveCount(2);
  const mark = tabs(page).nth(0).locator(".mark");
  await expect(mark).toHaveAttribute("data-mark", "output");
  await expect(mark).toHaveAccessibleName("New output");
  await expect(mark).toHaveAttribute("data-mark", "bell");
  await page.keyboard.press("Control+Shift+PageUp");
  await expect(mark).toHaveAttribute("data-mark", "connected");
});

test("closing asks while a program runs, and keeps it by Enter", async ({ page }) => {
  const terminal = await open(page);
  // what runs is named, with what it was called by and since when
  await terminal.run("TZ=UTC tail -n 1 -f /etc/passwd");
  await terminal.expectText(/:x:\d+:/);
  await page.keyboard.press("Control+Shift+X");
  await expect(terminal.dialogue.getByRole("heading")).toHaveText("End tail?");
  await expect(terminal.dialogue.getByRole("listitem")).toHaveText(/ · TZ=UTC tail -n 1 -f \/etc\/passwd · for \ds$/);
  await answer(terminal.dialogue, "Enter");
  await terminal.expectState("connected");
  await expect(tabs(page)).toHaveCount(1);
  await page.keyboard.press("Control+Shift+X");
  await terminal.answer(/End it/);
  await expect(tabs(page)).toHaveCount(0);
});

test("a shell is found and opened by the palette, beside another", async ({ page }) => {
  await open(page);
  await page.keyboard.press("Control+Shift+K");
  const palette = page.getByRole("dialog", { name: "Go to" });
  await expect(palette.getByRole("combobox")).toBeFocused();
  await page.keyboard.type("shell busy");
  await expect(palette.getByRole("option").first()).toContainText("busybox");
  await page.keyboard.press("Control+Enter");
  await expect(palette).toBeHidden();
  await expect(panes(page)).toHaveCount(2);
  await expect(page).toHaveURL(/\/shell\/podshell-e2e\/shell\/busybox$/);

  // a running one is gone back to, and no second one opened
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.type("shell bash");
  await page.keyboard.press("Enter");
  await expect(panes(page).nth(0)).toHaveClass(/pane--focused/);
  await expect(panes(page)).toHaveCount(2);

  // commands, too
  await page.keyboard.press("Control+Shift+K");
  await page.keyboard.type("settings");
  await page.keyboard.press("Enter");
  await answer(page.getByRole("dialog", { name: "Settings" }), "Escape");

  // in the list it is Ctrl-K as well, and what was open last is the first that is offered
  await page.getByRole("link", { name: "Pods" }).first().click();
  await page.getByTestId("pod-row").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await expect(palette).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("no such thing");
  await expect(palette.getByRole("option")).toHaveCount(0);
});

test("text is searched for, counted and gone through", async ({ page }) => {
  const terminal = await open(page);
  await terminal.run("clear; for n in 1 2 3; do echo ledger $n; done; echo LEDG''ER");
  await terminal.expectText(/^LEDGER$/m);
  await page.keyboard.press("Control+Shift+F");
  const box = page.getByTestId("search-box");
  const field = box.getByRole("textbox", { name: "Search in this terminal" });
  await expect(field).toBeFocused();
  await page.keyboard.type("ledger");
  const count = box.getByRole("status");
  await expect(count).toHaveText("4 of 4");
  await page.keyboard.press("Enter");
  await expect(count).toHaveText("3 of 4");
  await page.keyboard.press("Shift+Enter");
  await expect(count).toHaveText("4 of 4");
  await box.getByRole("button", { name: "Match case" }).click();
  await expect(count).toHaveText(/of 3$/);
  await box.getByRole("button", { name: "Regular expression" }).click();
  await field.fill("ledger [13]");
  await expect(count).toHaveText(/of 2$/);
  await field.fill("ledger [");
  await expect(count).toHaveText("not an expression");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill("nowhere");
  await expect(count).toHaveText("no match");
  await field.press("Escape");
  await expect(box).toBeHidden();
  await terminal.expectFocus();
});

test("the list is gone through and opened by keys", async ({ page }) => {
  const list = await PodList.open(page);
  await page.keyboard.press("/");
  await expect(list.filter).toBeFocused();
  await page.keyboard.type("podshell-e2e prepare");
  await expect(list.row("podshell-e2e/shell")).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator(".pod-row--selected")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await new Terminal(page).expectState("connected");
  await page.getByRole("link", { name: "Pods" }).first().click();
  await page.getByTestId("pod-row").first().waitFor();
  await page.keyboard.press("1");
  await new Terminal(page).expectState("connected");
  await expect(tabs(page)).toHaveCount(1);
});

test("settings change terminals at once, and stay", async ({ page }) => {
  const terminal = await open(page);
  const before = await terminal.size();
  await page.getByTestId("settings").click();
  for (let step = 0; step < 4; step += 1) await page.getByRole("button", { name: "Larger" }).click();
  await expect(page.getByTestId("font-size-setting")).toHaveText("18 px");
  await page.getByTestId("theme-setting").selectOption("dark");
  await page.getByTestId("cursor-setting").selectOption("underline");
  await answer(page.getByTestId("dialogue"), "Escape");
  await expect.poll(async () => (await terminal.size()).cols).toBeLessThan(before.cols);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect.poll(async () => (await terminal.size()).cols).toBeLessThan(before.cols);
});

test("all keys are shown, and each part of the page is a key away", async ({ page }) => {
  const terminal = await open(page);
  await page.keyboard.press("Control+Shift+H");
  const sheet = page.getByRole("dialog", { name: "Keys" });
  await expect(sheet).toContainText("Split right");
  await answer(sheet, "Escape");
  await terminal.expectFocus();
  await page.keyboard.press("Shift+Escape");
  await expect(tabs(page).getByRole("link")).toBeFocused();
  await page.keyboard.press("Control+F6");
  await terminal.expectFocus();
});
