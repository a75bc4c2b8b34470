// How fast and how well a terminal is drawn: pictures a second, and that each of them is whole.
import { expect, report, test } from "../support/test.ts";
import { Terminal, type Size } from "../support/terminal.ts";

/** More than xterm.js draws by itself, which is some 3 a second whatever the machine. The figure itself is printed. */
const MORE_THAN = 6;
/** How long pictures are counted, in ms. */
const COUNTED = 4_000;

/** Fills the screen with one letter after the other, flat out, each picture between two sequences. */
function pictures({ rows, cols }: Size, begin: string, end: string): string {
  return `awk 'BEGIN {
    for (n = 0; n < 26; n++) {
      line = sprintf("%c", 97 + n); while (length(line) < ${cols}) line = line line
      line = substr(line, 1, ${cols}); frame[n] = "${begin}\\033[H"
      for (row = 1; row <= ${rows}; row++) frame[n] = frame[n] "\\033[" row "H\\033[3" (n % 7 + 1) "m" line
      frame[n] = frame[n] "${end}"
    }
    for (n = 0; ; n++) printf "%s", frame[n % 26]
  }'`;
}

interface Drawn {
  /** Pictures a second. */
  rate: number;
  /** Pictures of which not all is of one letter. */
  torn: string[];
}

/** Looks at what is drawn, frame by frame. */
async function count(terminal: Terminal): Promise<Drawn> {
  return terminal.host.evaluate(
    (host, counted) =>
      new Promise<Drawn>((done) => {
        const begun = performance.now();
        const torn: string[] = [];
        let [pictures, last] = [0, ""];
        const look = () => {
          const rows = [...host.querySelectorAll(".xterm-rows > div")];
          const letters = [...new Set(rows.map((row) => row.textContent ?? "").join(""))].join("");
          if (letters.length !== 1) torn.push(letters);
          if (letters !== last) pictures++;
          last = letters;
          const passed = performance.now() - begun;
          if (passed > counted) done({ rate: (1_000 * pictures) / passed, torn });
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
    COUNTED,
  );
}

const BEGIN = "\\033[?2026h";
const END = "\\033[?2026l";

for (const [what, begin, end] of [
  ["", BEGIN, END],
  [" that begin twice", BEGIN + BEGIN, END],
  [" that begin before the last has ended", BEGIN, END + BEGIN],
  [" among other modes", "\\033[?25;2026h", "\\033[?2026;25l"],
] as const) {
  test(`synchronized pictures without a pause${what} are drawn, and none is torn`, async ({ page, ownPod }) => {
    const terminal = await Terminal.open(page, ownPod);
    await terminal.expectPrompt();
    await terminal.run(pictures(await terminal.size(), begin, end));
    await terminal.expectText(/^([a-z])\1+(\n\1+)+$/);
    const allTorn: string[] = [];
    // other tests may have the machine's cores for a while
    await expect(async () => {
      const { rate, torn } = await count(terminal);
      report(`synchronized pictures${what}: ${rate.toFixed(1)} a second`);
      allTorn.push(...torn);
      expect(rate).toBeGreaterThan(MORE_THAN);
    }).toPass({ timeout: 30_000 });
    expect(allTorn).toEqual([]);
    await page.keyboard.press("Control+c");
    await terminal.run("clear; echo un''harmed");
    await terminal.expectText("unharmed");
  });
}
