// What is printed is seen: no character is cut off by the height of its row.
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");
/** All of ASCII that leaves ink. */
const INK = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n));
const PER_ROW = 32;

test("every printable character leaves a mark", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  // Every other row is empty, so that what hangs over a row's end is not painted over.
  const rows = `i=33; while [ $i -lt 127 ]; do printf "\\\\$(printf %03o $i)"; [ $(( (i-32) % ${PER_ROW} )) = 0 ] && printf '\\n\\n'; i=$((i+1)); done`;
  await terminal.run(`clear; ${rows}; printf '\\n\\nend\\n'`);
  await terminal.expectText(/^end$/m);
  await terminal.expectPrompt();
  // The cursor is drawn into the last row, and blinks nowhere else.
  const screen = await page.locator(".xterm-screen").boundingBox();
  const { rows: height, cols: width } = await terminal.size();
  const cell = { width: (screen?.width ?? 0) / width, height: (screen?.height ?? 0) / height };
  const picture = (row: number, column: number) =>
    page.screenshot({
      clip: {
        x: (screen?.x ?? 0) + column * cell.width,
        y: (screen?.y ?? 0) + row * cell.height,
        width: cell.width,
        // A hair more: where a font is a little higher than its row, its lowest line hangs over.
        height: cell.height + 1,
      },
    });
  const empty = await picture(0, width - 2);
  const invisible: string[] = [];
  for (const [at, character] of INK.entries()) {
    const drawn = await picture(2 * Math.floor(at / PER_ROW), at % PER_ROW);
    if (drawn.equals(empty)) {
      invisible.push(character);
    }
  }
  expect(invisible).toEqual([]);
});
