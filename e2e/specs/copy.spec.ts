// Copying: what the user selects, with and without the clipboard's API, and what programs put there by OSC 52.
import type { Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";
import { Wire } from "../support/wire.ts";

const BASH = standing("bash");
const SELECTED = "selected-text";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

/** Ways in which a browser keeps the clipboard's API from a page, and what of the clipboard is left. */
const CLIPBOARDS: Record<string, () => void> = {
  "the clipboard's API": () => {},
  // as on plain http
  "no API": () => Object.defineProperty(Navigator.prototype, "clipboard", { get: () => undefined }),
  "an API that refuses": () => {
    Clipboard.prototype.writeText = async () => {
      await new Promise((later) => setTimeout(later, 50));
      throw new DOMException("no", "NotAllowedError");
    };
  },
};

/** Takes every way to copy from a page. */
function noClipboard(): void {
  Object.defineProperty(Navigator.prototype, "clipboard", { get: () => undefined });
  document.execCommand = () => false;
}

/** What is on the clipboard, asked of a page that has the API. */
async function clipboard(page: Page): Promise<string> {
  const other = await page.context().newPage();
  await other.goto("./healthz");
  const text = await other.evaluate(async () => navigator.clipboard.readText());
  await other.close();
  await page.bringToFront();
  return text;
}

/** Puts something on the clipboard that no test copies. */
async function clear(page: Page): Promise<void> {
  const other = await page.context().newPage();
  await other.goto("./healthz");
  await other.evaluate(async () => navigator.clipboard.writeText("nothing"));
  await other.close();
}

async function open(page: Page): Promise<Terminal> {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  return terminal;
}

/** Prints a word, and selects it by a double click. */
async function select(terminal: Terminal): Promise<void> {
  await terminal.run(`clear; echo ${SELECTED.replace("-", "''-")}`);
  await terminal.expectText(new RegExp(`^${SELECTED}$`, "m"));
  const { x, y } = await terminal.find(SELECTED);
  await terminal.page.mouse.dblclick(x, y);
  await expect(terminal.host.locator(".xterm-selection > div")).not.toHaveCount(0);
}

for (const [what, take] of Object.entries(CLIPBOARDS)) {
  for (const keys of ["Control+Shift+c", "Control+Insert"]) {
    test(`${keys} copies what is selected, with ${what}`, async ({ page }) => {
      await clear(page);
      await page.addInitScript(take);
      const terminal = await open(page);
      await select(terminal);
      await page.keyboard.press(keys);
      await expect.poll(async () => clipboard(page)).toBe(SELECTED);
      await expect(terminal.notice).toBeHidden();
      await terminal.expectFocus();
    });
  }
}

test("where nothing can be copied, it is said, and goes", async ({ page }) => {
  await page.addInitScript(noClipboard);
  const terminal = await open(page);
  await select(terminal);
  await page.keyboard.press("Control+Shift+c");
  await expect(terminal.notice).toContainText("Not copied");
  // the pointer holds it
  await terminal.notice.hover();
  const since = Date.now();
  await terminal.run("sleep 9; echo wa''ited");
  await terminal.expectText(/^waited$/m);
  expect(Date.now() - since).toBeGreaterThan(8_500);
  await expect(terminal.notice).toBeVisible();
  await page.mouse.move(300, 200);
  await expect(terminal.notice).toBeHidden({ timeout: 12_000 });
});

test("a notice is closed by its button, and the terminal has the keyboard again", async ({ page }) => {
  await page.addInitScript(noClipboard);
  const terminal = await open(page);
  const { rows, cols } = await terminal.size();
  await select(terminal);
  await page.keyboard.press("Control+Shift+c");
  await expect(terminal.notice).toBeVisible();
  // programs are not made to draw anew
  expect(await terminal.size()).toEqual({ rows, cols });
  await terminal.notice.getByRole("button", { name: "Dismiss" }).click();
  await expect(terminal.notice).toBeHidden();
  await terminal.expectFocus();
});

test("a notice covers no prompt", async ({ page }) => {
  await page.addInitScript(noClipboard);
  const terminal = await open(page);
  await select(terminal);
  await page.keyboard.press("Control+Shift+c");
  await expect(terminal.notice).toBeVisible();
  await terminal.notice.hover();
  const cursor = terminal.host.locator(".xterm-cursor");
  const gap = async () => {
    const [foot, top] = [await cursor.boundingBox(), await terminal.notice.boundingBox()];
    return (top?.y ?? 0) - ((foot?.y ?? 0) + (foot?.height ?? 0));
  };
  const first = terminal.host.locator(".xterm-rows > div").first();
  const stands = (await first.boundingBox())?.y;
  // while it is at the top, nothing moves
  expect(await gap()).toBeGreaterThan(0);
  await page.keyboard.type("seq 1 200\r");
  await terminal.expectText(/^200\n.*[#$]$/m);
  await expect.poll(gap).toBeGreaterThanOrEqual(-1);
  expect((await first.boundingBox())?.y).toBeLessThan(stands ?? 0);
  await terminal.notice.getByRole("button", { name: "Dismiss" }).click();
  await expect.poll(async () => (await first.boundingBox())?.y).toBe(stands);
});

test.describe("with Ctrl+C and Ctrl+V for the clipboard", () => {
  for (const [how, options, choice] of [
    ["on Windows", { userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" }, undefined],
    ["where it is set", {}, "on"],
  ] as const) {
    test.describe(how, () => {
      test.use(options);

      test("they copy and paste, and a second Ctrl+C interrupts", async ({ page }) => {
        await clear(page);
        const terminal = await open(page);
        if (choice !== undefined) await choose(terminal, choice);
        await select(terminal);
        await page.keyboard.press("Control+c");
        await expect(terminal.host.locator(".xterm-selection > div")).toHaveCount(0);
        await expect.poll(async () => clipboard(page)).toBe(SELECTED);

        // what is pasted would be found where it was selected, and Ctrl-C meet the shell, while nothing is cleared yet
        await terminal.run("clear; echo re''ady; cat");
        await terminal.expectText(/^ready$/m);
        await page.keyboard.press("Control+v");
        await terminal.expectText(SELECTED);
        await page.keyboard.press("Control+c");
        await terminal.expectText(/\^C\n/);
        await terminal.run("echo $((6*7))");
        await terminal.expectText(/^42$/m);
      });
    });
  }

  for (const [how, options, choice] of [
    ["on Linux", { userAgent: "Mozilla/5.0 (X11; Linux x86_64)" }, undefined],
    ["on Windows where it is set off", { userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" }, "off"],
  ] as const) {
    test.describe(how, () => {
      test.use(options);

      test("they go to the program, whatever is selected", async ({ page }) => {
        await clear(page);
        const terminal = await open(page);
        if (choice !== undefined) await choose(terminal, choice);
        await terminal.run("stty raw -echo; echo re''ady; head -c 2 | od -An -tx1; stty sane");
        await terminal.expectText(/^ready$/m);
        const { x, y } = await terminal.find("ready");
        await page.mouse.dblclick(x, y);
        await expect(terminal.host.locator(".xterm-selection > div")).not.toHaveCount(0);
        await page.keyboard.press("Control+v");
        await page.keyboard.press("Control+c");
        await terminal.expectText(/^\s*16 03$/m);
        expect(await clipboard(page)).toBe("nothing");
      });
    });
  }
});

async function choose(terminal: Terminal, choice: string): Promise<void> {
  const { page } = terminal;
  await page.getByTestId("settings").click();
  await page.getByTestId("clipboard-keys-setting").selectOption(choice);
  await terminal.answer("Close");
  // the choice outlives the page
  await page.reload();
  await page.getByTestId("settings").click();
  await expect(page.getByTestId("clipboard-keys-setting")).toHaveValue(choice);
  await terminal.answer("Close");
  await terminal.expectState("connected");
}

/** A command that puts a text on the clipboard, as a program does. */
function copies(text: string, { target = "c", end = "\\a" } = {}): string {
  return `printf '\\033]52;${target};${Buffer.from(text).toString("base64")}${end}'`;
}

for (const [what, sequence] of Object.entries({
  "by its name": { target: "c" },
  "without a target, as tmux does": { target: "" },
  "with ST at its end": { end: "\\033\\\\" },
})) {
  test(`a program copies ${what}`, async ({ page }) => {
    await clear(page);
    const terminal = await open(page);
    const text = "héllo 你好 🎉\nsecond line";
    await terminal.run(copies(text, sequence));
    await expect(terminal.notice).toContainText("A program copied 22 characters to your clipboard: héllo 你好 🎉…");
    expect(await clipboard(page)).toBe(text);
    await terminal.notice.getByRole("button", { name: "Show" }).click();
    await expect(terminal.dialogue.locator("pre")).toHaveText(text, { useInnerText: true });
    await terminal.answer("Close");
    await terminal.expectFocus();
  });
}

test("a program can't read the clipboard, empty it, or fill it without end", async ({ page }) => {
  await clear(page);
  const terminal = await open(page);
  const large = `printf '\\033]52;c;'; head -c 1100000 /dev/zero | base64 -w0; printf '\\a'`;
  // what would be answered is read by the program, and shown
  await terminal.run(`stty raw -echo; printf '\\033]52;c;?\\a\\033]52;c;\\a\\033]52;c;!\\a\\033[5n'; head -c 4 | od -An -tx1; stty sane; ${large}`);
  await terminal.expectText(/^\s*1b 5b 30 6e$/m);
  await expect(terminal.notice).toContainText("more than 1 MiB to your clipboard");
  expect(await clipboard(page)).toBe("nothing");
});

test("no program of a shell copies any more once that was said, of the next one does", async ({ page }) => {
  await clear(page);
  const terminal = await open(page);
  await terminal.run(copies("first"));
  await terminal.notice.getByRole("button", { name: "Not from this shell again" }).click();
  await terminal.expectFocus();
  await terminal.run(`${copies("second")}; echo do''ne`);
  await terminal.expectText(/^.*done$/m);
  expect(await clipboard(page)).toBe("first");
  await expect(terminal.notice).toBeHidden();

  await terminal.run("exit");
  await terminal.expectState("ended");
  await page.getByTestId("new-shell").click();
  await terminal.expectState("connected");
  await terminal.run(copies("third"));
  await expect.poll(async () => clipboard(page)).toBe("third");
});

test("no program copies where that is set, and what is on the screen copies nothing when it comes back", async ({ page }) => {
  const terminal = await open(page);
  await terminal.run(`${copies("before")}; echo be''fore`);
  await expect.poll(async () => clipboard(page)).toBe("before");
  await clear(page);
  await page.reload();
  await terminal.expectState("connected");
  await terminal.run("echo af''ter");
  await terminal.expectText(/^after$/m);
  expect(await clipboard(page)).toBe("nothing");
  await expect(terminal.notice).toBeHidden();

  await page.getByTestId("settings").click();
  await page.getByTestId("program-copies-setting").uncheck();
  await terminal.answer("Close");
  await terminal.run(`${copies("never")}; echo do''ne`);
  await terminal.expectText(/^.*done$/m);
  expect(await clipboard(page)).toBe("nothing");
  await expect(terminal.notice).toBeHidden();
});

test("where a browser wants a click, the notice has a button", async ({ page }) => {
  await clear(page);
  await page.addInitScript(() => {
    const write = Clipboard.prototype.writeText;
    const copy = document.execCommand.bind(document);
    const clicked = { at: -Infinity };
    addEventListener("click", () => (clicked.at = performance.now()), true);
    const allowed = () => performance.now() - clicked.at < 1_000;
    Clipboard.prototype.writeText = async function (this: Clipboard, text) {
      if (!allowed()) throw new DOMException("no", "NotAllowedError");
      await write.call(this, text);
    };
    document.execCommand = (command) => allowed() && copy(command);
  });
  const terminal = await open(page);
  await terminal.run(copies("wanted"));
  await expect(terminal.notice).toContainText("A program wants to copy 6 characters to your clipboard: wanted");
  expect(await clipboard(page)).toBe("nothing");
  await terminal.notice.getByRole("button", { name: "Copy" }).click();
  await expect.poll(async () => clipboard(page)).toBe("wanted");
});

test("a program in a terminal that nobody sees copies nothing until its user has come back", async ({ page }) => {
  await clear(page);
  const wire = new Wire(page);
  const terminal = await open(page);
  await terminal.run(`read -r -t 3; ${copies("unseen")}; echo do''ne`);
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  await expect.poll(() => wire.output().toString()).toContain("done");
  await page.getByTestId("own-shell").getByTestId("return").click();
  await expect(terminal.notice).toContainText("A program wants to copy 6 characters to your clipboard: unseen");
  expect(await clipboard(page)).toBe("nothing");
  await terminal.notice.getByRole("button", { name: "Copy" }).click();
  await expect.poll(async () => clipboard(page)).toBe("unseen");
});

test("however fast a program copies, the last is what stands there", async ({ page }) => {
  await clear(page);
  const terminal = await open(page);
  await terminal.run(`for n in $(seq 1 400); do printf '\\033]52;c;%s\\a' $(printf "copy $n" | base64); done; echo do''ne`);
  await terminal.expectText(/^.*done$/m);
  await expect.poll(async () => clipboard(page)).toBe("copy 400");
  await expect(terminal.notice).toContainText("copy 400");
});
