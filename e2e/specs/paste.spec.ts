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
    // tabs stay, line ends become returns, control characters their pictures
    await terminal.expectText(/^\s*61 09 62 0d 63 0d e4 bd a0 e2 90 9b 5b e2 90 87\s*$/m);
  });
}
