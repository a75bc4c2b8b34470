// Programs that print faster than a browser draws: Ctrl-C is heeded at once, a full-screen program loses nothing.
import type { Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, leaveOnly, report, test, TRANSPORTS } from "../support/test.ts";
import { Wire } from "../support/wire.ts";

const BASH = standing("bash");
/** How long a flood goes on before it is interrupted. */
const FLOOD_MS = 20_000;

/** A flood that is no more than a browser draws in some seconds, and does not end by itself. */
const FLOOD = "seq 1 200000; sleep 1000";
/** What the screen shows of it. */
const NUMBERS = /^\d+\n\d+\n\d+$/m;

/** Presses Ctrl-C and gives the time from the key to the first picture with a prompt at its end, in ms. */
async function interrupt(page: Page): Promise<number> {
  // all of it in the page: the test's own way there does not count
  await page.evaluate(() => {
    const terminal = document.querySelector('[data-testid="terminal"]') as HTMLElement;
    const prompted = () => {
      const rows = [...terminal.querySelectorAll(".xterm-rows > div")].map((row) => row.textContent ?? "");
      return /[#$]\s*$/.test(rows.join("\n").trimEnd());
    };
    const measured = new Promise<number>((resolve) => {
      const pressed = (event: KeyboardEvent) => {
        if (!event.ctrlKey || event.key !== "c") return;
        removeEventListener("keydown", pressed, true);
        const begin = performance.now();
        const look = () => {
          if (prompted()) resolve(performance.now() - begin);
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      };
      addEventListener("keydown", pressed, true);
    });
    Object.assign(window, { measured });
  });
  await page.keyboard.press("Control+c");
  return page.evaluate(async () => (window as unknown as { measured: Promise<number> }).measured);
}

for (const transport of TRANSPORTS) {
  test(`Ctrl-C brings the prompt at once under a flood, by ${transport}`, async ({
    page,
    cable,
    problems,
  }) => {
    leaveOnly(transport, { cable, problems });
    const wire = new Wire(page);
    const terminal = await Terminal.open(page, BASH, cable);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    await terminal.flood();
    await page.waitForTimeout(FLOOD_MS);
    const ms = await interrupt(page);
    report(`Ctrl-C to prompt under a flood, ${transport}: ${ms.toFixed(0)} ms`);

    // what was dropped is told, and nothing else is missing
    expect(wire.last.interrupts).toHaveLength(1);
    expect(wire.skipped).not.toEqual([]);
    wire.output();
    await terminal.expectState("connected");
    await terminal.run("clear; echo $((6*7))");
    await terminal.expectText(/^42$/m);
  });
}

test("with the setting off, all that was printed before a Ctrl-C is shown", async ({ page }) => {
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await page.getByTestId("settings").click();
  await page.getByTestId("interrupt-setting").uncheck();
  await terminal.answer("Close");
  await terminal.run(FLOOD);
  await terminal.expectText(NUMBERS);
  await interrupt(page);
  expect(wire.last.interrupts).toEqual([]);
  expect(wire.skipped).toEqual([]);
  wire.output();

  // the choice outlives the page
  await page.reload();
  await page.getByTestId("settings").click();
  await expect(page.getByTestId("interrupt-setting")).not.toBeChecked();
});

test("in vi, a flood and Ctrl-C lose nothing", async ({ page }) => {
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("vi");
  await terminal.expectText(/^- No file/m);
  await terminal.type("inot saved");
  await terminal.expectText(/^not saved$/m);
  await page.keyboard.press("Escape");
  await terminal.expectText(/^- No file/m);

  // vi runs it on its own screen
  await terminal.run(":!seq 1 50000");
  await terminal.expectText(/^50000$/m);
  const numbers = Array.from({ length: 50_000 }, (_, n) => n + 1).join("\r\n");
  expect(wire.output().includes(numbers), "all numbers came").toBe(true);
  await page.keyboard.press("Enter");
  await terminal.expectText(/^not saved$/m);

  await terminal.run(`:!${FLOOD}`);
  await terminal.expectText(NUMBERS);
  await page.keyboard.press("Control+c");
  await terminal.expectText(/Hit return/);
  await page.keyboard.press("Enter");
  await terminal.expectText(/^not saved$/m);
  expect(wire.last.interrupts).toEqual([]);
  expect(wire.skipped).toEqual([]);
  wire.output();

  await terminal.run(":q!");
  await terminal.expectPrompt();
});

test("in less, a flood and Ctrl-C lose nothing", async ({ page }) => {
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  // busybox' less stays on the normal screen, others do not
  await terminal.run("seq 1 100000 >/tmp/numbers; printf '\\033[?1049h'; less /tmp/numbers");
  await terminal.expectText(/^1\n2\n/);
  // a key held down: a page for each
  await terminal.paste(" ".repeat(1_500));
  await expect.poll(() => wire.last.next).toBeGreaterThan(128 << 10);
  await page.keyboard.press("Control+c");
  await terminal.run("q");
  await terminal.run("printf '\\033[?1049l'");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  expect(wire.last.interrupts).toEqual([]);
  expect(wire.skipped).toEqual([]);
  wire.output();
});
