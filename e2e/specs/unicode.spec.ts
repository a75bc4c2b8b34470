// Characters that reads, frames, reloads and other transports cut: not one is broken or lost.
import { SHOWN, TEXT } from "../support/characters.ts";
import { execute, type Target } from "../support/kubectl.ts";
import { Proxy } from "../support/proxy.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, leaveOnly, test, TRANSPORTS } from "../support/test.ts";
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
    test.slow();
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

/** Puts the text into a pod, and opens a terminal tall enough for all of it, in which nothing is echoed. */
async function prepare(terminal: Terminal, pod: Target): Promise<void> {
  await execute(pod, "sh", "-c", `echo ${TEXT.toString("base64")} | base64 -d >/tmp/text`);
  await terminal.expectPrompt();
  await terminal.resize(1280, 1_200);
  await terminal.run("PS1=; stty -echo; clear; echo qui''et");
  await terminal.expectText(/^quiet$/);
}

/** A write for each byte, then a flood. */
async function expectEveryCharacter(terminal: Terminal): Promise<void> {
  await terminal.run("clear; dd if=/tmp/text bs=1 2>/dev/null; echo e''nd");
  await terminal.expectText(/^end$/m);
  expect((await terminal.screen()).split("\n")).toEqual([...SHOWN, "end"]);

  // a mark of its own: the first one stands on the screen until the shell has cleared it
  const times = 400;
  await terminal.run(`clear; for i in $(seq ${times}); do cat /tmp/text; done; echo fl''ooded`);
  await terminal.expectText(/^flooded$/m, 30_000);
  const shown = await terminal.scrollback(2_000);
  const lines = shown.slice(0, shown.indexOf("flooded"));
  const blocks = Math.floor(lines.length / SHOWN.length);
  expect(blocks).toBeGreaterThan(50);
  expect(lines.slice(-blocks * SHOWN.length)).toEqual(Array.from({ length: blocks }, () => SHOWN).flat());
}

for (const transport of TRANSPORTS) {
  test(`every lead byte is shown right, cut anywhere and in a flood, by ${transport}`, async ({
    page,
    cable,
    problems,
    ownPod,
  }) => {
    test.slow();
    leaveOnly(transport, { cable, problems });
    const terminal = await Terminal.open(page, ownPod, cable);
    await terminal.expectTransport(transport);
    await prepare(terminal, ownPod);
    await expectEveryCharacter(terminal);
  });
}

test("every lead byte is shown right, cut anywhere and in a flood, by xhr-streaming", async ({
  page,
  server,
  problems,
  ownPod,
}) => {
  test.slow();
  problems.expect(BROKEN);
  problems.expect(/Failed to load resource.*403/);
  const proxy = await Proxy.to(server);
  const terminal = await Terminal.open(page, ownPod, proxy);
  await terminal.expectTransport("xhr-streaming");
  await prepare(terminal, ownPod);
  await expectEveryCharacter(terminal);
  await proxy.remove();
});

test("every lead byte is shown right where each frame has one byte", async ({ page, ownPod }) => {
  let cut = 0;
  await page.routeWebSocket(/\/sockjs\/websocket(\?|$)/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (typeof message === "string" || message[0] !== 1) {
        socket.send(message);
        return;
      }
      for (const byte of message.subarray(1)) socket.send(Buffer.from([1, byte]));
      cut += message.length - 1;
    });
  });
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectTransport("websocket-binary");
  await prepare(terminal, ownPod);
  await terminal.run("clear; cat /tmp/text; echo e''nd");
  await terminal.expectText(/^end$/m);
  expect((await terminal.screen()).split("\n")).toEqual([...SHOWN, "end"]);
  expect(cut).toBeGreaterThan(TEXT.length);
});

for (const [before, after] of [
  ["websocket-binary", "websocket-binary"],
  ["websocket-binary", "websocket-text"],
  ["websocket-text", "websocket-binary"],
] as const) {
  test(`a character of which a part came before a reload is whole, from ${before} to ${after}`, async ({
    page,
    ownPod,
  }) => {
    const choose = async (transport: string) =>
      page.evaluate((transport) => localStorage.setItem("podshell.transport", `${transport}@${Date.now()}`), transport);
    await page.goto("./");
    await choose(before);
    const terminal = await Terminal.open(page, ownPod);
    await terminal.expectTransport(before);
    await prepare(terminal, ownPod);
    for (const character of ["—", "、", "🎉"]) {
      const bytes = [...Buffer.from(character)].map((byte) => `\\${byte.toString(8)}`);
      for (let cut = 1; cut < bytes.length; cut++) {
        const [first, rest] = [bytes.slice(0, cut), bytes.slice(cut)].map((part) => part.join(""));
        await terminal.run(`clear; printf '(${first}'; read x; printf '${rest})\\n'`);
        await terminal.expectText(/^\($/);
        await choose(after);
        await page.reload();
        await terminal.expectState("connected");
        await terminal.expectTransport(after);
        await terminal.run("");
        await terminal.expectText(new RegExp(`^\\(${character}\\)$`));
        await choose(before);
        await page.reload();
        await terminal.expectState("connected");
        await terminal.expectTransport(before);
      }
    }
  });
}
