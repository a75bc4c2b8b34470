// A phone: swipes scroll, the line and the keys below the terminal type, and what covers the page covers no prompt.
import type { Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test.use(PHONE);

/** Opens a terminal and makes a large scrollback. */
async function open(page: Page, lines = 0): Promise<Terminal> {
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  if (lines > 0) {
    await terminal.run(`clear; seq 1 ${lines}`);
    await terminal.expectText(new RegExp(`^${lines}\\n.*[#$]$`, "m"));
  }
  return terminal;
}

/** Moves a finger over the terminal, down by so many pixels, and lets it rest before it leaves unless it throws. */
async function swipe(terminal: Terminal, by: number, { throws = false } = {}): Promise<void> {
  const { page, host } = terminal;
  const box = (await host.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const x = box.x + box.width / 2;
  const from = box.y + box.height / 2 - by / 2;
  const cdp = await page.context().newCDPSession(page);
  const steps = 10;
  // as fast as fingers are, however slow the machine is
  const begin = Date.now() / 1000;
  const touch = async (type: "touchStart" | "touchMove" | "touchEnd", y: number | undefined, after: number) =>
    cdp.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: y === undefined ? [] : [{ x, y }],
      timestamp: begin + after,
    });
  await touch("touchStart", from, 0);
  for (let step = 1; step <= steps; step++) {
    await touch("touchMove", from + (by * step) / steps, step * 0.016);
  }
  // who has held still for long throws nothing
  await touch("touchEnd", undefined, steps * 0.016 + (throws ? 0.008 : 0.5));
  await cdp.detach();
}

async function firstRow(terminal: Terminal): Promise<number> {
  return Number((await terminal.screen()).split("\n")[0]);
}

test("a swipe scrolls what was printed, as far as the finger goes", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const terminal = await open(page, 300);
  const bottom = await firstRow(terminal);
  const { rows } = await terminal.size();
  const height = ((await terminal.host.locator(".xterm-screen").boundingBox())?.height ?? 0) / rows;
  await swipe(terminal, 250);
  await expect
    .poll(async () => Math.abs(bottom - (await firstRow(terminal)) - 250 / height))
    .toBeLessThanOrEqual(1);
  await swipe(terminal, -300);
  await expect.poll(async () => firstRow(terminal)).toBe(bottom);
});

for (const motion of ["no-preference", "reduce"] as const) {
  test(`a throw ${motion === "reduce" ? "stops with the finger" : "goes on"} with motion: ${motion}`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: motion });
    const terminal = await open(page, 300);
    const bottom = await firstRow(terminal);
    const { rows } = await terminal.size();
    const height = ((await terminal.host.locator(".xterm-screen").boundingBox())?.height ?? 0) / rows;
    await swipe(terminal, 200, { throws: true });
    const far = Math.ceil(200 / height) + 1;
    if (motion === "reduce") {
      await expect.poll(async () => firstRow(terminal)).toBeLessThan(bottom);
      await terminal.run("");
      expect(bottom - (await firstRow(terminal))).toBeLessThanOrEqual(far);
    } else {
      await expect.poll(async () => bottom - (await firstRow(terminal))).toBeGreaterThan(far);
    }
  });
}

test("on the alternate screen a swipe is the wheel: arrow keys, or reports where the program wants them", async ({ page }) => {
  const terminal = await open(page);
  for (const [modes, down, up] of [
    ["", /^(\^\[\[B){3,}$/, /^(\^\[\[A){3,}$/],
    ["\\033[?1h", /^(\^\[OB){3,}$/, /^(\^\[OA){3,}$/],
    ["\\033[?1000h\\033[?1006h", /^(\^\[\[<65;\d+;\d+M){3,}$/, /^(\^\[\[<64;\d+;\d+M){3,}$/],
  ] as const) {
    for (const [by, wanted] of [
      [-150, down],
      [150, up],
    ] as const) {
      await terminal.run(`stty -echo; printf '\\033[?1049h\\033[H${modes}rea''dy\\n'; cat -v; printf '\\033[?1000;1006;1;1049l'; stty echo`);
      await terminal.expectText(/^ready$/);
      await swipe(terminal, by);
      await page.keyboard.press("Enter");
      const shown = async () => (await terminal.screen()).replace(/^ready/, "").replaceAll("\n", "");
      await expect.poll(shown, { message: modes }).toMatch(wanted);
      await page.keyboard.press("Control+d");
      await terminal.expectPrompt();
    }
  }
});

test("a tap gives the terminal the keyboard", async ({ page }) => {
  const terminal = await open(page);
  await page.getByTestId("line").tap();
  await expect(page.getByTestId("line")).toBeFocused();
  await terminal.host.tap();
  await terminal.expectFocus();
});

test("a line is sent by Enter and by its button, and is what was written", async ({ page }) => {
  const terminal = await open(page);
  const line = page.getByTestId("line");
  await line.fill("echo 你好 $((6*7))");
  await line.press("Enter");
  await terminal.expectText(/^你好 42$/m);
  await expect(line).toHaveValue("");
  await line.fill("echo $((6*8))");
  await page.getByRole("button", { name: "Send" }).tap();
  await terminal.expectText(/^48$/m);
  await expect(line).toBeFocused();
  // an empty one is a return
  await terminal.run("clear; echo re''ady; read -r x; echo \"<$x>\"");
  await terminal.expectText(/^ready$/m);
  await line.press("Enter");
  await terminal.expectText(/^<>$/m);
});

test("keys on the screen are what a keyboard sends", async ({ page }) => {
  const terminal = await open(page);
  const keys = page.getByRole("group", { name: "Keys" });
  const tap = async (name: string) => keys.getByRole("button", { name, exact: true }).tap();
  const line = page.getByTestId("line");
  await line.tap();
  for (const [mode, sent] of [
    ["l", "09 1b 5b 44 1b 5b 41 1b 5b 42 1b 5b 43 1b"],
    ["h", "09 1b 4f 44 1b 4f 41 1b 4f 42 1b 4f 43 1b"],
  ] as const) {
    await terminal.run(`clear; printf '\\033[?1${mode}'; stty raw -echo; echo re''ady-${mode}; head -c 14 | od -An -tx1; stty sane; printf '\\033[?1l'`);
    await terminal.expectText(new RegExp(`^ready-${mode}$`, "m"));
    await line.tap();
    for (const name of ["Tab", "Left", "Up", "Down", "Right", "Esc"]) await tap(name);
    // the field keeps the phone's keyboard
    await expect(line).toBeFocused();
    await expect.poll(async () => (await terminal.screen()).replaceAll("\n", "")).toContain(sent);
  }
});

test("Ctrl is for one key, pressed twice it stays", async ({ page }) => {
  const terminal = await open(page);
  const ctrl = page.getByRole("button", { name: "Ctrl", exact: true });
  const line = page.getByTestId("line");
  await terminal.run("clear; cat -v");
  await line.fill("kept");
  await ctrl.tap();
  await expect(ctrl).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.type("c");
  await terminal.expectText(/\^C\n/);
  await expect(ctrl).toHaveAttribute("aria-pressed", "false");
  await expect(line).toHaveValue("kept");
  await line.fill("");

  await terminal.run("clear; stty raw -echo; echo re''ady; head -c 5 | cat -v; stty sane");
  await terminal.expectText(/^ready$/m);
  await line.tap();
  await ctrl.tap();
  await ctrl.tap();
  await page.keyboard.type("ab");
  await ctrl.tap();
  // what is typed in the terminal itself, too
  await terminal.host.tap();
  await page.getByRole("button", { name: "Alt", exact: true }).tap();
  await page.keyboard.type("x");
  await page.keyboard.type("y");
  await terminal.expectText(/\^A\^B\^\[xy/);
});

test("what covers the foot of the page makes the terminal less high", async ({ page }) => {
  // as in Safari, where the page stays as high as it was
  await page.addInitScript(() => {
    const covered = { height: 0 };
    Object.defineProperty(VisualViewport.prototype, "height", { get: () => innerHeight - covered.height });
    addEventListener("cover", (event) => {
      covered.height = (event as CustomEvent<number>).detail;
      visualViewport?.dispatchEvent(new Event("resize"));
    });
  });
  const terminal = await open(page, 100);
  const { rows } = await terminal.size();
  const line = page.getByTestId("line");
  const cover = async (height: number) =>
    page.evaluate((detail) => dispatchEvent(new CustomEvent("cover", { detail })), height);
  await cover(350);
  await expect.poll(async () => ((await line.boundingBox())?.y ?? 844) + 44).toBeLessThanOrEqual(844 - 350);
  await expect.poll(async () => (await terminal.size()).rows).toBeLessThan(rows - 10);
  await terminal.expectText(/^100\n.*[#$]$/m);
  await cover(0);
  await expect.poll(async () => (await terminal.size()).rows).toBe(rows);
});

test("a phone's browser is asked to make room for its keyboard, and has no reason to make the page larger", async ({ page }) => {
  const terminal = await open(page);
  await expect(page.locator("meta[name=viewport]")).toHaveAttribute("content", /interactive-widget=resizes-content/);
  for (const field of [page.getByTestId("line"), terminal.host.locator(".xterm-helper-textarea")]) {
    const size = await field.evaluate((field) => parseFloat(getComputedStyle(field).fontSize));
    expect(size).toBeGreaterThanOrEqual(16);
  }
  for (const button of await page.getByTestId("composer").getByRole("button").all()) {
    expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  }
  const { content, width } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  expect(content).toBeLessThanOrEqual(width);
});

test.describe("with a mouse", () => {
  test.use({ hasTouch: false, isMobile: false });

  test("there is neither line nor keys", async ({ page }) => {
    await open(page);
    await expect(page.getByTestId("composer")).toBeHidden();
  });
});

test("the number of one's shells leads from one to another", async ({ page }) => {
  const terminal = await open(page);
  const count = page.getByTestId("tab-count");
  await expect(count).toBeHidden();
  await terminal.run("echo fir''st");
  await terminal.expectText(/^first$/m);
  await page.getByRole("link", { name: "Pods" }).first().tap();
  await expect(count).toHaveText("1");
  await page.goBack();
  await terminal.run("sleep 3; printf '\\a'");
  await Terminal.open(page, standing("busybox"));
  await expect(count).toHaveText("2");
  // the one that is seen has the room
  const seen = page.getByTestId("tab").filter({ visible: true });
  await expect(seen).toHaveText(/busybox/);
  // what happens in the others is seen there
  await expect(count.locator(".mark")).toHaveAttribute("data-mark", "bell");
  await expect(count).toHaveAccessibleName(/: 2, Bell$/);
  await count.tap();
  await page.getByRole("option", { name: /shell bash/ }).first().tap();
  await terminal.expectText(/^first$/m);
  await expect(seen).toHaveText(/bash/);
});
