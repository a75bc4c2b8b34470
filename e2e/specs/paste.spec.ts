// What is pasted: ten megabytes arrive byte for byte, and the page stays usable meanwhile; and nothing in it runs by itself.
import { createHash } from "node:crypto";
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, leaveOnly, report, test, TRANSPORTS } from "../support/test.ts";

const MEGABYTES = 10;

/** Text without line ends, which a paste turns into returns; no two stretches of it are the same. */
function text(bytes: number): Buffer {
  const pieces: string[] = [];
  for (let n = 0, length = 0; length < bytes; n++) {
    const piece = `${n.toString(36)} 你好🎉 `;
    pieces.push(piece);
    length += Buffer.byteLength(piece);
  }
  return Buffer.from(pieces.join(""));
}

for (const transport of TRANSPORTS) {
  test(`a paste of ${MEGABYTES} MB arrives byte for byte, by ${transport}`, async ({ page, cable, problems }) => {
    leaveOnly(transport, { cable, problems });
    const pasted = text(MEGABYTES << 20);
    const terminal = await Terminal.open(page, standing("busybox"), cable);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    await terminal.run(`stty raw -echo; echo re''ady; head -c ${pasted.length} | sha256sum; stty sane`);
    await terminal.expectText(/^ready$/m);

    // the test's own way to the page does not count
    const clipboard = await page.evaluateHandle((text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      return new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    }, pasted.toString());
    const begin = Date.now();
    // the longest time in which the page could not have drawn anything
    const seen = await page.evaluateHandle((paste) => {
      const seen = { last: performance.now(), longest: 0 };
      const look = (now: number) => {
        seen.longest = Math.max(seen.longest, now - seen.last);
        seen.last = now;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      document.querySelector(".xterm-helper-textarea")?.dispatchEvent(paste);
      return seen;
    }, clipboard);
    await terminal.expectText(createHash("sha256").update(pasted).digest("hex"), 60_000);
    const { longest } = await seen.jsonValue();
    const took = Date.now() - begin;
    report(`paste by ${transport}: ${took} ms, the page's longest pause ${longest.toFixed(0)} ms`);
    // a hang, not a figure
    expect(longest).toBeLessThan(2_000);

    await terminal.expectState("connected");
    await terminal.run("clear; echo $((6*7))");
    await terminal.expectText(/^42$/m);
  });
}

for (const way of ["paste", "drop"] as const) {
  test(`a ${way} can't leave bracketed paste to run what follows`, async ({ page }) => {
    const terminal = await Terminal.open(page, standing("bash"));
    await terminal.expectPrompt();
    // put together by the shell, so that the line as it stands there is not taken for what it prints
    await terminal[way]("echo safe\x1b[201~\recho PW''NED\r");
    await terminal.expectText(/echo safe␛\[201~\n.*echo PW''NED/);
    // what is typed behind it stands there only when all of it was read. No Ctrl-C: bash 5.2 may draw the line anew
    // after one, and then Enter runs it
    await terminal.type("#end");
    await terminal.expectText(/PW''NED\s*#end/);
    expect(await terminal.screen()).not.toMatch(/^PWNED$/m);
  });

  test(`a ${way} of several lines is what a program reads`, async ({ page }) => {
    const terminal = await Terminal.open(page, standing("busybox"));
    await terminal.expectPrompt();
    await terminal.run("stty raw -echo; echo re''ady; head -c 16 | od -An -tx1; stty sane");
    await terminal.expectText(/^ready$/m);
    await terminal[way]("a\tb\r\nc\n你\x1b[\x07");
    await terminal.answer("Paste 3 lines");
    // tabs stay, line ends become returns, control characters their pictures
    await terminal.expectText(/^\s*61 09 62 0d 63 0d e4 bd a0 e2 90 9b 5b e2 90 87\s*$/m);
  });
}

const LINES = "echo o''ne\r\necho t''wo\n\techo th''ree\n";

test.describe("where the program marks no pastes", () => {
  test.beforeEach(async ({ page }) => {
    const terminal = await Terminal.open(page, standing("busybox"));
    await terminal.expectPrompt();
  });

  for (const way of ["paste", "drop"] as const) {
    test(`a ${way} of lines asks first, and nothing is what happens by Esc`, async ({ page }) => {
      const terminal = new Terminal(page);
      await terminal[way](LINES);
      await expect(terminal.dialogue).toContainText("Paste 3 lines?");
      await expect(terminal.dialogue.locator("pre")).toHaveText("echo o''ne\necho t''wo\n\techo th''ree", { useInnerText: true });
      await expect(terminal.dialogue.getByRole("button", { name: "Paste 3 lines" })).toBeFocused();
      await expect(async () => {
        await page.keyboard.press("Escape");
        await expect(terminal.dialogue).toBeHidden({ timeout: 200 });
      }).toPass();
      await terminal.expectFocus();
      await page.keyboard.type("echo $((6*7))\r");
      await terminal.expectText(/^42$/m);
      expect(await terminal.screen()).not.toMatch(/o''ne|two/);
    });
  }

  test("an Enter that was under way is no answer", async ({ page }) => {
    const terminal = new Terminal(page);
    // in one go, with no time between; and one that is held down
    const open = await page.evaluate(async (text) => {
      const area = document.querySelector(".xterm-helper-textarea") as HTMLElement;
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
      const frame = async () => new Promise((drawn) => requestAnimationFrame(drawn));
      while (document.querySelector("dialog[open]") === null) await new Promise((made) => setTimeout(made));
      const press = (repeat: boolean) =>
        document.activeElement?.dispatchEvent(
          new KeyboardEvent("keydown", { key: "Enter", code: "Enter", repeat, bubbles: true, cancelable: true }),
        );
      const early = press(false);
      const since = performance.now();
      while (performance.now() - since < 350) await frame();
      return { early, held: press(true), meant: press(false) };
    }, LINES);
    // what is not prevented presses the button
    expect(open).toEqual({ early: false, held: false, meant: true });
    await terminal.answer("Cancel");
  });

  test("lines run when that is the answer, and by Enter", async ({ page }) => {
    const terminal = new Terminal(page);
    await terminal.paste(LINES);
    await expect(async () => {
      await page.keyboard.press("Enter");
      await expect(terminal.dialogue).toBeHidden({ timeout: 200 });
    }).toPass();
    await terminal.expectText(/^one\n.*\ntwo\n.*\nthree$/m);
    await terminal.expectFocus();
  });

  test("lines that are pasted as one wait for the user", async ({ page }) => {
    const terminal = new Terminal(page);
    await terminal.paste(LINES);
    await terminal.answer("Paste as one line");
    await terminal.expectText("echo o''ne echo t''wo echo th''ree");
    await page.keyboard.press("Enter");
    await terminal.expectText(/^one echo two echo three$/m);
  });

  test("who does not want to be asked in this shell is not, in the next one is", async ({ page }) => {
    const terminal = new Terminal(page);
    await terminal.paste(LINES);
    await terminal.dialogue.getByLabel("Don't ask again in this shell").check();
    await terminal.answer("Paste 3 lines");
    await terminal.expectText(/^three$/m);
    await terminal.run("clear");
    await terminal.paste("echo f''our\necho f''ive\n");
    await terminal.expectText(/^five$/m);
    await expect(terminal.dialogue).toBeHidden();

    await terminal.run("exit");
    await terminal.expectState("ended");
    await page.getByTestId("new-shell").click();
    await terminal.expectState("connected");
    await terminal.expectPrompt();
    await terminal.paste(LINES);
    await expect(terminal.dialogue).toBeVisible();
  });

  test("who has set not to be asked is asked in no shell", async ({ page }) => {
    const terminal = new Terminal(page);
    await page.getByTestId("settings").click();
    await terminal.dialogue.getByRole("checkbox", { name: /^Ask before a paste/ }).uncheck();
    await terminal.answer(/Close/);
    await terminal.paste(LINES);
    await terminal.expectText(/^three$/m);
    await expect(terminal.dialogue).toBeHidden();
  });

  test("one line is not asked about, whatever it ends with", async ({ page }) => {
    const terminal = new Terminal(page);
    for (const [n, end] of ["", "\n", "\r\n", "\r"].entries()) {
      await terminal.paste(`echo n''${n}${end}`);
      if (end === "") await page.keyboard.press("Enter");
      await terminal.expectText(new RegExp(`^n${n}$`, "m"));
    }
    await expect(terminal.dialogue).toBeHidden();
  });
});

test("where the program marks pastes, lines are pasted at once", async ({ page }) => {
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  await terminal.paste("echo o''ne\necho t''wo");
  await terminal.expectText(/echo o''ne\n.*echo t''wo$/m);
  await expect(terminal.dialogue).toBeHidden();
});
