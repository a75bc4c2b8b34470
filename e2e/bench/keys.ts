// Types as people do, in one terminal or in one of many, and says how long each key took to its picture.
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "@playwright/test";
import { benchQuick } from "../support/env.ts";
import { Terminal } from "../support/terminal.ts";
import { expect } from "./demo.ts";
import { keyToPicture } from "./presented.ts";

/** As many as are asked of a page at once. */
export const TERMINALS = 12;
/** How many keys are pressed for a figure. */
const KEYS = benchQuick ? 60 : 300;
/** Keys of a line. */
const LINE = 50;
/** How long after a picture the next key is pressed, in ms: the browser's frames are not to be in step with them. */
const [REST, MORE] = [20, 50];
/** What the others do meanwhile: a line of output five times a second each. */
const BUSY = "while sleep 0.2; do echo $((n+=1)) requests served; done";

/** Presses keys in the terminal that has the keyboard, at its prompt. Gives how long each took, in ms. */
export async function typeKeys(page: Page): Promise<number[]> {
  const terminal = new Terminal(page);
  await terminal.run("clear");
  await terminal.expectText(/^[^\n]*[#$]$/);
  const took: number[] = [];
  while (took.length < KEYS) {
    let line = "";
    for (let place = 0; place < LINE && took.length < KEYS; place += 1) {
      const key = String.fromCharCode(97 + Math.floor(Math.random() * 26));
      line += key;
      took.push(await keyToPicture(page, key, line));
      await sleep(REST + Math.random() * MORE);
    }
    await page.keyboard.press("Control+u");
    await terminal.expectNoText(line);
  }
  return took;
}

/** Opens terminals beside the one that there is, each in a tab of its own and at work, and goes back to the first. */
export async function openOthers(page: Page): Promise<void> {
  const tabs = page.getByTestId("tab");
  const terminal = new Terminal(page);
  for (let count = 2; count <= TERMINALS; count += 1) {
    await page.keyboard.press("Control+Shift+Enter");
    await expect(tabs).toHaveCount(count);
    await terminal.expectState("connected");
    await terminal.expectPrompt();
    await terminal.run(BUSY);
    await terminal.expectText(/^3 requests served$/m);
  }
  await tabs.nth(0).getByRole("link").click();
  await expect(tabs.nth(0).getByRole("link")).toHaveAttribute("aria-current", "page");
  await terminal.expectPrompt();
}
