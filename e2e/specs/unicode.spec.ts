// Megabytes of Chinese and emoji, in which every read ends within a character: not one is broken.
import { execute } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, leaveOnly, test, TRANSPORTS } from "../support/test.ts";
import { Wire } from "../support/wire.ts";

const BYTES = 5 << 20;

const PIECE = "你好, 世界🎉é🐳";

/** Lines of characters of one to four bytes, of changing length so that no boundary meets them twice alike. */
const LINES = (() => {
  const lines: string[] = [];
  for (let n = 0, length = 0; length < BYTES; n++) {
    const line = `${n}${PIECE.repeat((n % 3) + 1)}`;
    lines.push(line);
    length += Buffer.byteLength(line) + 1;
  }
  return lines;
})();

/** Prints the same. */
const AWK = `BEGIN {
  for (n = 0; n < ${LINES.length}; n++) { s = n; for (i = n % 3; i >= 0; i--) s = s "${PIECE}"; print s }
}`;

for (const transport of TRANSPORTS) {
  test(`5 MB of Chinese and emoji arrive without a broken character, by ${transport}`, async ({
    page,
    cable,
    problems,
    ownPod,
  }) => {
    leaveOnly(transport, { cable, problems });
    await execute(ownPod, "sh", "-c", `awk '${AWK}' >/tmp/text`);
    const wire = new Wire(page);
    const terminal = await Terminal.open(page, ownPod, cable);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    await terminal.run("echo be''gin; cat /tmp/text; echo e''nd");
    await terminal.expectText(/^end$/m, 45_000);

    // on the wire
    const printed = wire.between("begin\r\n", "end\r\n");
    const wanted = Buffer.from(LINES.map((line) => `${line}\r\n`).join(""));
    expect(printed?.length).toBe(wanted.length);
    expect(printed?.equals(wanted)).toBe(true);
    expect(wire.skipped).toEqual([]);

    // in the page, as far as it can be scrolled back
    const shown = (await terminal.scrollback(4_000)).join("\n");
    expect(shown).not.toContain("\uFFFD");
    const from = shown.indexOf("\n", shown.length / 4) + 1;
    const begin = /^\d+(?=你)/m.exec(shown.slice(from));
    const first = Number(begin?.[0]);
    expect(shown.slice(from + (begin?.index ?? 0))).toContain(`${LINES.slice(first).join("\n")}\nend\n`);
  });
}
