// What keys send, byte for byte, which of them are the page's own, and who has the keyboard. No cluster is needed for that: it
// is the demo's shell.
import { test as base } from "../support/demo.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "../support/test.ts";

const test = base.extend<{ terminal: Terminal }>({
  terminal: async ({ page }, use) => {
    const list = await PodList.open(page);
    await list.shell().first().click();
    const terminal = new Terminal(page);
    await terminal.expectState("connected");
    await terminal.expectPrompt();
    await use(terminal);
  },
});

/** Waits until a program reads so many bytes as they come, which it shows then as `cat -v` does. */
async function listen(terminal: Terminal, bytes: number): Promise<void> {
  await terminal.run(`stty raw -echo; echo re''ady; head -c ${bytes} | cat -v; stty sane; echo " typed"`);
  await terminal.expectText(/^\s*ready$/m);
}

/** Waits until so many bytes were typed, and gives them. */
async function heard(terminal: Terminal): Promise<string | undefined> {
  const shown = /^\s*(\S*) typed$/m;
  await terminal.expectText(shown);
  return shown.exec(await terminal.screen())?.[1];
}

test("Ctrl and a character send what every terminal sends", async ({ page, terminal }) => {
  await listen(terminal, 12);
  // as a keyboard that is not American has them too: it is the character that counts
  for (const [key, code] of [
    ["/", "Slash"],
    ["/", "Digit7"],
    ["_", "Minus"],
    ["2", "Digit2"],
    ["@", "Digit2"],
    ["`", "Backquote"],
    ["^", "Digit6"],
    ["[", "BracketLeft"],
    ["8", "Digit8"],
    ["a", "KeyA"],
  ] as const) {
    const pressed = await terminal.host.locator(".xterm-helper-textarea").evaluate(
      (area, { key, code }) => {
        const keyCode = { KeyA: 65, Digit2: 50, Digit6: 54, Digit7: 55, Digit8: 56, BracketLeft: 219 }[code as string] ?? 0;
        const shiftKey = "_@^".includes(key);
        const event = { key, code, keyCode, ctrlKey: true, shiftKey, bubbles: true, cancelable: true };
        // false where the browser is not to have it
        return area.dispatchEvent(new KeyboardEvent("keydown", event));
      },
      { key, code },
    );
    expect(pressed, `Ctrl ${key} is left to the browser`).toBe(false);
  }
  await page.keyboard.press("Control+/");
  await terminal.type("Q");
  expect(await heard(terminal)).toBe("^_^_^_^@^@^@^^^[^?^A^_Q");
});

for (const browser of ["Chromium", "Firefox"] as const) {
  test(`a key that types a character beyond U+FFFF sends that, as ${browser} tells it`, async ({ terminal }) => {
    await listen(terminal, 7);
    await terminal.host.locator(".xterm-helper-textarea").evaluate((area, browser) => {
      const [high, low] = ["\ud83d", "\ude00"] as const;
      const press = (kind: string, key: string, charCode = 0) =>
        area.dispatchEvent(new KeyboardEvent(kind, { key, charCode, bubbles: true, cancelable: true }));
      press("keydown", "😀");
      if (browser === "Chromium") {
        press("keypress", "😀", high.charCodeAt(0));
      } else {
        press("keypress", high, high.charCodeAt(0));
        press("keypress", low, low.charCodeAt(0));
      }
      press("keyup", "😀");
    }, browser);
    await terminal.type("éQ");
    expect(await heard(terminal)).toBe("M-pM-^_M-^XM-^@M-CM-)Q");
  });
}

test("Ctrl+Shift+C opens none of the browser's own tools, whatever is selected", async ({ terminal }) => {
  const pressed = await terminal.host.locator(".xterm-helper-textarea").evaluate((area) => {
    const key = { key: "C", code: "KeyC", keyCode: 67, ctrlKey: true, shiftKey: true };
    return area.dispatchEvent(new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true }));
  });
  expect(pressed, "it is left to the browser").toBe(false);
});

test("output that breaks off a sequence leaves nothing in the console", async ({ terminal }) => {
  // a test fails that finds an error there
  await terminal.run("printf '\\033[\\303\\251\\033P\\303\\251\\n'; echo do''ne");
  await terminal.expectText(/^.*done$/m);
});

test("a click on the language gives the keyboard back to the terminal", async ({ page, terminal }) => {
  const control = page.getByTestId("language");
  // at its edge
  const { width, height } = (await control.boundingBox()) ?? { width: 0, height: 0 };
  await control.click({ position: { x: width - 4, y: height / 2 } });
  await page.keyboard.type("echo $((6*7))\r");
  await terminal.expectText(/^42$/m);
});

for (const end of ["Escape", "Enter", "a click"]) {
  test(`settings that end by ${end} give the keyboard back to the terminal`, async ({ page, terminal }) => {
    await page.getByTestId("settings").click();
    await page.getByTestId("interrupt-setting").uncheck();
    await page.getByTestId("interrupt-setting").check();
    if (end === "a click") {
      await terminal.answer("Close");
    } else {
      await expect(async () => {
        // keys are ignored at first
        await page.keyboard.press(end);
        await expect(terminal.dialogue).toBeHidden({ timeout: 200 });
      }).toPass();
    }
    await page.keyboard.type("echo $((6*7))\r");
    await terminal.expectText(/^42$/m);
  });
}

test("who goes by keyboard stays where they are", async ({ page, terminal }) => {
  for (const name of ["settings", "language"]) {
    const control = page.getByTestId(name);
    await terminal.host.locator(".xterm-helper-textarea").focus();
    await page.keyboard.press("Shift+Escape");
    await page.keyboard.press("Tab");
    while (!(await control.evaluate((control) => control === document.activeElement))) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Space");
    if (name === "settings") {
      await expect(terminal.dialogue).toBeVisible();
      await terminal.answer("Close");
    }
    await expect(control).toBeFocused();
  }
});

test("a click beside the text gives the terminal the keyboard", async ({ page, terminal }) => {
  const { y, height } = (await terminal.host.boundingBox()) ?? { y: 0, height: 0 };
  for (const at of [y + height / 2, y + height - 2]) {
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.mouse.click(4, at);
    await expect(terminal.host.locator(".xterm-helper-textarea")).toBeFocused();
  }
});

for (const [colorScheme, text, background] of [
  ["light", "rgb(29, 33, 39)", "rgb(252, 252, 251)"],
  ["dark", "rgb(214, 218, 224)", "rgb(17, 20, 24)"],
] as const) {
  test(`what an input method composes has the terminal's colours, in the ${colorScheme} theme`, async ({ page, terminal }) => {
    await page.emulateMedia({ colorScheme });
    await terminal.type("echo ");
    const browser = await page.context().newCDPSession(page);
    await browser.send("Input.imeSetComposition", { text: "ni'hao", selectionStart: 6, selectionEnd: 6 });
    const composed = terminal.host.locator(".composition-view.active");
    await expect(composed).toHaveText("ni'hao");
    await expect(composed).toHaveCSS("color", text);
    await expect(composed).toHaveCSS("background-color", background);
    await browser.send("Input.insertText", { text: "你好" });
    await page.keyboard.press("Enter");
    await terminal.expectText(/^你好$/m);
  });
}
