// A terminal that is copied over a reload is the same in all that it holds; one for another shell has nothing of the last.
import { compareTerminals } from "../support/copied-terminals.ts";
import { expect, test } from "../support/test.ts";

for (const [what, title, rounds] of [
  ["copy", "a copy of a terminal is the same after any sequences, and goes on the same", 800],
  ["renew", "a terminal for another shell keeps nothing but the text, after any sequences", 400],
] as const) {
  test(title, async ({ page }) => {
    // 20 ms each, where nothing else runs
    test.setTimeout(180_000);
    await page.goto("./");
    const { difference, sequences } = await page.evaluate(compareTerminals, { what, seed: 20261125, rounds });
    expect(difference).toBeUndefined();
    // xterm.js' tables were read
    expect(sequences).toBeGreaterThan(150);
  });
}
