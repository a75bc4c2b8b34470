// How many cells characters take: those that the shell counts, and what stands behind them stands in its column.
import { expect, test } from "../support/test.ts";
import { Terminal } from "../support/terminal.ts";

/** Texts, and the sum of what glibc's wcwidth says of their code points. */
const TEXTS: [text: string, cells: number][] = [
  ["plain", 5],
  ["árvíztűrő", 9],
  ["e\u0301a\u0308o\u030a", 3],
  ["你好，世界。", 12],
  ["한글 각", 7],
  // Hangul in parts: only the first of each syllable takes cells
  ["\u1112\u1161\u11ab", 2],
  ["ｈａｌｆ ﾊﾝｶｸ", 13],
  // of Unicode 6, 13 and 14
  ["😀🫖🫠", 6],
  // joined: families, professions, the rainbow
  ["👨‍👩‍👧", 6],
  ["👩‍👩‍👧‍👦", 8],
  ["👩‍💻🧑‍🚀", 8],
  ["🏳️‍🌈", 3],
  ["❤️‍🔥", 3],
  // with a colour, and joined
  ["👍🏽", 4],
  ["👩🏾‍🤝‍👨🏼", 10],
  // flags: of two letters, and of tags
  ["🇩🇪🇨🇳", 4],
  ["🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}", 2],
  // one cell with a picture that is wider
  ["❤️⚠️✔️", 3],
  ["1️⃣#️⃣", 2],
  ["हिन्दी", 5],
  ["ไทย ที่", 5],
  ["a\u200bc\u2060d", 3],
];

/** In which row of the screen a text begins, and how far right of its first cell the "|" behind it is drawn, in cells. */
async function bars(terminal: Terminal): Promise<number[]> {
  return terminal.host.evaluate((host) => {
    const screen = host.querySelector(".xterm-screen") as HTMLElement;
    const cell = (host.querySelector(".xterm-rows > div") as HTMLElement).getBoundingClientRect();
    const [left, width] = [screen.getBoundingClientRect().left, cell.width];
    const cols = Number(/x(\d+)/.exec(document.querySelector("[data-size]")?.getAttribute("data-size") ?? "")?.[1]);
    return [...host.querySelectorAll(".xterm-rows > div")]
      .map((row) => {
        const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          const at = (node.textContent ?? "").indexOf("|");
          if (at < 0) continue;
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + 1);
          return ((range.getBoundingClientRect().left - left) * cols) / width;
        }
        return -1;
      })
      .filter((column) => column >= 0);
  });
}

test("characters take the cells that the shell counts", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  // asks where the cursor is behind each text
  const ask = "stty -echo; while IFS= read -r t; do printf '\\r%s\\033[6n' \"$t\" >/dev/tty; IFS='[;' read -rsd R _ _ c </dev/tty; " +
    "printf '\\r\\033[K' >/dev/tty; a=\"$a $((c - 1))\"; done <<'END'";
  await terminal.run("clear; PS1='$ '; PS2=");
  // the shell takes pasted text as such again
  await terminal.expectText(/^\$$/);
  await terminal.paste([ask, ...TEXTS.map(([text]) => text), "END", 'stty echo; clear; echo "cells:$a"'].join("\n"));
  await page.keyboard.press("Enter");
  await terminal.expectText(/^cells:( \d+)+$/m);
  const counted = /^cells:(.*)$/m.exec(await terminal.screen())?.[1]?.trim().split(" ").map(Number);
  expect(TEXTS.map(([text], n) => [text, counted?.[n]])).toEqual(TEXTS);
});

test("what stands behind them stands in its column", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await terminal.run("PS1=; stty -echo; clear");
  const lines = TEXTS.map(([text]) => `${text}|`);
  await terminal.run(`clear; cat <<'END'\n${lines.join("\n")}\nEND`);
  await expect
    .poll(async () => (await bars(terminal)).map((column) => Math.round(column * 10) / 10))
    .toEqual(TEXTS.map(([, cells]) => cells));
  // and with a colour, where what is drawn is cut otherwise
  await terminal.run(`clear; printf '\\033[1;31m'; cat <<'END'\n${lines.join("\n")}\nEND`);
  await expect
    .poll(async () => (await bars(terminal)).map((column) => Math.round(column * 10) / 10))
    .toEqual(TEXTS.map(([, cells]) => cells));
});

test("a line with them can be edited in the shell", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await terminal.run("LANG=C.UTF-8 PS1='$ ' exec bash --norc --noprofile");
  await terminal.run("clear");
  await terminal.expectText(/^\$$/);
  for (const [text] of TEXTS) {
    await terminal.paste(`: ${text}: end`);
    await terminal.expectText(": end");
    // over the text and back, in which the shell goes by the cells that it counts
    await page.keyboard.press("Control+a");
    await page.keyboard.type("x");
    await page.keyboard.press("Control+e");
    for (let _ of "end") await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("y");
    await terminal.expectText(`: yend`);
    expect(await terminal.screen()).toBe(`$ x: ${text}: yend`);
    await page.keyboard.press("Control+e");
    await page.keyboard.press("Control+u");
    await page.keyboard.press("Control+l");
    await terminal.expectText(/^\$$/);
  }
});
