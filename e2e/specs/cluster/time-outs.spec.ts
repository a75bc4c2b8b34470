// Behind proxies that end what is idle for 20 s: a shell lives for minutes without a key, by each transport.
import type { Page } from "@playwright/test";
import { address, expect, shellOf, statesFrom, test } from "../../support/in-cluster.ts";
import { Terminal } from "../../support/terminal.ts";

const IDLE_MS = 180_000;

/** Leaves a page no better transport than this. */
async function leaveOnly(page: Page, transport: string): Promise<void> {
  if (transport === "websocket-binary") return;
  await page.routeWebSocket(/.*/, (socket) => socket.close());
  if (transport === "xhr-polling") await page.route(/\/(xhr_streaming|eventsource)(\?|$)/, (route) => route.abort());
}

test("shells that are idle for 3 minutes live, by each transport", async ({ pageOf }) => {
  test.setTimeout(IDLE_MS + 120_000);
  const terminals = [];
  for (const transport of ["websocket-binary", "xhr-streaming", "xhr-polling"]) {
    const page = await pageOf("alice");
    await leaveOnly(page, transport);
    const terminal = await Terminal.open(page, shellOf(0), address());
    await terminal.expectTransport(transport);
    await terminal.run("kept=same; echo rea''dy");
    await terminal.expectText(/^ready$/m);
    // whatever else it says meanwhile was a lost connection
    terminals.push({ page, terminal, states: await statesFrom(terminal) });
  }
  await terminals[0]?.page.waitForTimeout(IDLE_MS);
  for (const { page, terminal, states } of terminals) {
    await page.bringToFront();
    expect(await states()).toEqual([]);
    await terminal.run("clear; echo $kept-shell");
    await terminal.expectText(/^same-shell$/m);
  }
});

for (const transport of ["xhr-streaming", "xhr-polling"]) {
  test(`what is typed and printed keeps its order, by ${transport}`, async ({ pageOf }) => {
    const page = await pageOf("alice");
    await leaveOnly(page, transport);
    const terminal = await Terminal.open(page, shellOf(0), address());
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    await terminal.run("clear; seq 1 2000 | sha256sum; seq 1 2000 | tail -n 3");
    await terminal.expectText(/^1998\n1999\n2000$/m);
    await terminal.flood();
    await page.keyboard.press("Control+c");
    await terminal.expectPrompt();
    await terminal.run("clear; echo $((6*7))");
    await terminal.expectText(/^42$/m);
  });
}
