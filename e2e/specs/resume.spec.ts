// Connections that break: the same shell goes on, and not a byte of it is lost or comes twice.
import { kubeconfig } from "../support/env.ts";
import { processes, standing } from "../support/kubectl.ts";
import { PROXIES, Proxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, leaveOnly, test, TRANSPORTS, type SetUp } from "../support/test.ts";
import { Wire } from "../support/wire.ts";

const BASH = standing("bash");
/** How long the network is away. */
const AWAY_MS = 10_000;

for (const transport of TRANSPORTS) {
  test(`a program prints on over two cuts of the network, by ${transport}`, async ({ page, cable, problems }) => {
    test.slow();
    leaveOnly(transport, { cable, problems });
    const wire = new Wire(page);
    const terminal = await Terminal.open(page, BASH, cable);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();

    // in the middle; the terminal's answers are not echoed into the numbers
    const first = cable.pullAfter(300_000);
    await terminal.run("stty -echo; seq 1 200000; stty echo");
    await first;
    await terminal.expectState("reconnecting");
    await terminal.run("echo typed-$((6*7))");
    await page.waitForTimeout(AWAY_MS);
    await terminal.expectState("reconnecting");
    // and near the end, where the page's own memory can be looked into; text is wrapped in JSON, twice
    const second = cable.pullAfter(transport === "websocket-binary" ? 1_160_000 : 1_500_000);
    cable.plug();
    await second;
    await terminal.expectState("reconnecting");
    cable.plug();
    await terminal.expectState("connected");
    await terminal.expectText(/^typed-42$/m);

    // all that the server said makes one whole
    const output = wire.output().toString("latin1");
    const numbers = Array.from({ length: 200_000 }, (_, n) => n + 1).join("\r\n");
    const from = output.indexOf("1\r\n2\r\n3\r\n4\r\n");
    const to = output.indexOf("\r\n200000\r\n", from) + "\r\n200000".length;
    expect(output.slice(from, to) === numbers, "the numbers are whole").toBe(true);
    expect(output.slice(to).match(/typed-42/g), "what was typed arrived once").toHaveLength(1);
    expect(wire.skipped).toEqual([]);
    // it went on where the page had come to, not at what it had already
    expect(wire.bound).toHaveLength(3);
    for (const { resumedFrom, boundAt } of wire.bound.slice(1)) {
      expect(resumedFrom).toBeGreaterThan(0);
      expect(boundAt).toBe(resumedFrom);
    }
    // and so it stands on the terminal
    const shown = (await terminal.scrollback(4_500)).join("\n");
    const last = Number(/^\d+$/m.exec(shown)?.[0]);
    expect(last).toBeLessThan(197_000);
    const rest = Array.from({ length: 200_000 - last + 1 }, (_, n) => last + n).join("\n");
    // said in short: the whole of both is 30 KB
    const at = [...rest].findIndex((character, i) => character !== shown[i]);
    const around = at < 0 ? "" : shown.slice(Math.max(0, at - 40), at + 60);
    expect(shown.startsWith(rest), `the last lines on the terminal, ${at}: ${JSON.stringify(around)}`).toBe(true);
  });
}

for (const [, options, transport] of new Map(PROXIES.map((proxy) => [proxy[2], proxy])).values()) {
  test(`a program prints on over two cuts of the network, by ${transport}`, async ({ page, cable, server, problems }) => {
    test.slow();
    problems.expect(BROKEN);
    // the proxy's word for a transport that it keeps out, and the server's for a connection that it has given up meanwhile
    problems.expect(/Failed to load resource.*40[34]/);
    const proxy = await Proxy.to(server, options, { behind: true });
    cable.lead(proxy.port);
    const terminal = await Terminal.open(page, BASH, cable);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    // no longer than what can be scrolled back to
    await terminal.run("stty -echo; for n in $(seq 1 45); do seq ${n}001 ${n}100; sleep 0.2; done; stty echo");
    for (const [line, typed] of [[/^1\d{4}$/m, 7], [/^[34]\d{4}$/m, 8]] as const) {
      await terminal.expectText(line, 30_000);
      cable.pull();
      await terminal.expectState("reconnecting");
      await terminal.run(`echo typed-$((6*${typed}))`);
      cable.plug();
      await terminal.expectState("connected");
    }
    await terminal.expectText(/^45100$/m, 30_000);
    await terminal.expectText(/^typed-48$/m);
    const shown = (await terminal.scrollback(4_320)).join("\n");
    const numbers = Array.from({ length: 43 }, (_, n) => Array.from({ length: 100 }, (_, m) => (n + 3) * 1000 + m + 1).join("\n"));
    expect(shown.includes(numbers.join("\n")), "all numbers, each once").toBe(true);
    // what was typed meanwhile came once, in its order
    expect(shown.match(/^typed-\d+$/gm)).toEqual(["typed-42", "typed-48"]);
    await proxy.remove();
  });
}

test("a connection that carries nothing any more is given up when the network changes", async ({
  page,
  cable,
  problems,
}) => {
  problems.expect(BROKEN);
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, BASH, cable);
  await terminal.expectPrompt();
  const shell = await terminal.number("echo $$");
  cable.silence();
  // the server still holds the old connection
  await terminal.type("echo typed-$((6*7))");
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await expect.poll(() => wire.bound.length).toBe(2);
  await terminal.expectState("connected");
  await page.keyboard.press("Enter");
  await terminal.expectText(/^typed-42$/m);
  expect(await terminal.number("echo $$")).toBe(shell);
  expect(wire.output().toString().match(/echo typed-/g)).toHaveLength(1);
});

test("a reloaded page comes back to the same vi", async ({ page, ownPod }) => {
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await terminal.run("echo be''fore");
  await terminal.expectText(/^before$/m);
  await terminal.run("vi");
  await terminal.expectText(/^- No file/m);
  await terminal.type("inot saved");
  await terminal.expectText(/^not saved$/m);
  await page.keyboard.press("Escape");
  await terminal.expectText(/^- No file/m);
  const [before, running] = [await terminal.screen(), await processes(ownPod)];
  expect(running.join("\n")).toMatch(/^\d+ vi $/m);

  await page.reload();
  await terminal.expectState("connected");
  await expect.poll(() => terminal.screen()).toBe(before);
  expect(await processes(ownPod)).toEqual(running);
  expect(wire.bound[1]?.key).toBe(wire.bound[0]?.key);
  wire.output();

  // it is the same one, and still takes keys
  await terminal.type("A either");
  await terminal.expectText(/^not saved either$/m);
  await page.keyboard.press("Escape");
  await terminal.expectText(/^- No file/m);
  await terminal.run(":q!");
  // and gives back the screen that was there before it
  await terminal.expectText(/^before$/m);
  await terminal.expectNoText("not saved");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
});

test("a page that is reloaded while the network is away comes back, too", async ({ page, cable, problems }) => {
  problems.expect(BROKEN);
  const terminal = await Terminal.open(page, BASH, cable);
  await terminal.expectPrompt();
  const shell = await terminal.number("echo $$");
  // nothing is left of the page but what it keeps in its tab
  cable.pull();
  await terminal.expectState("reconnecting");
  await terminal.type("echo typed-$((6*7))");
  cable.plug();
  await page.reload();
  await terminal.expectState("connected");
  await terminal.expectText(/echo typed-\$\(\(6\*7\)\)$/m);
  await page.keyboard.press("Enter");
  await terminal.expectText(/^typed-42$/m);
  expect(await terminal.number("echo $$")).toBe(shell);
});

test("a page that was left and come back to goes on", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  const shell = await terminal.number("echo $$");
  await page.goto("./healthz");
  await page.goBack();
  await terminal.expectState("connected");
  expect(await terminal.number("echo $$")).toBe(shell);
});

test("a server that was stopped says so, and the next one gives a new shell on demand", async ({
  setUp,
  problems,
  ownPod,
}) => {
  problems.expect(BROKEN);
  const { server, cable, page } = await setUp([]);
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await server.stop();
  await terminal.expectReason("shutdown");
  await terminal.expectState("ended");

  await anotherServer({ page, server, cable }, async () => {
    await page.getByTestId("new-shell").click();
    await terminal.expectState("connected");
    await terminal.run("clear; echo $((6*7))");
    await terminal.expectText(/^42$/m);
  });
});

test("a server that was killed takes its sessions with it, and the page says so", async ({
  setUp,
  problems,
  ownPod,
}) => {
  problems.expect(BROKEN);
  problems.expect(/401/);
  const { server, cable, page } = await setUp([]);
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await server.kill();
  // with time left in which nothing is asked: what was asked of the old server would be refused by the new one
  await expect(terminal.notice).toContainText(/Next try in ([3-9]|\d\d) s\./, { timeout: 30_000 });

  await anotherServer({ page, server, cable }, async () => {
    await terminal.expectReason("no-session");
    await page.getByTestId("new-shell").click();
    await terminal.expectState("connected");
    await terminal.run("clear; echo $((6*7))");
    await terminal.expectText(/^42$/m);
  });
});

test("a second connection takes the shell over, the first says so and can take it back", async ({
  page,
  context,
}) => {
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  const shell = await terminal.number("echo $$");

  const other = await context.newPage();
  await other.goto("./");
  const { key, next } = wire.last;
  const taken = await RawClient.resume(other, key ?? "", next);
  await terminal.expectReason("taken-over");
  // what is typed there now runs in the same shell
  await taken.type("echo here-$$\r");
  await expect.poll(() => taken.output()).toContain(`here-${shell}\r\n`);

  await page.getByTestId("take-back").click();
  await terminal.expectState("connected");
  // what the other has shown is told as missing here
  await terminal.expectText(/\d+ B/);
  expect(await terminal.number("echo $$")).toBe(shell);
  await expect.poll(() => taken.end()).toMatchObject({ reason: "taken-over" });
});

/** A server in the place of one that is gone, to which the browser signs in behind the page's back. */
async function anotherServer({ page, server: gone, cable }: SetUp, use: () => Promise<void>): Promise<void> {
  const server = await gone.successor(["--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig()]);
  try {
    const { cookies, origins } = await server.signedIn();
    await page.context().addCookies(cookies);
    const [kept] = origins.find(({ origin }) => origin === cable.origin)?.localStorage ?? [];
    if (kept) await page.evaluate(({ name, value }) => localStorage.setItem(name, value), kept);
    cable.lead(server.port);
    await use();
  } finally {
    await server.stop();
  }
}
