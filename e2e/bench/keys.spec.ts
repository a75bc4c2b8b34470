// From the key to the picture with its echo: alone, with twelve terminals open, and where plain HTTP carries them all.
import { PROXIES, Proxy } from "../support/proxy.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, SHELL, test } from "./demo.ts";
import { measured, percentile } from "./figures.ts";
import { openOthers, TERMINALS, typeKeys } from "./keys.ts";
import { watchTerminal } from "./presented.ts";

/** How much slower than alone a key may be among twelve terminals over plain HTTP. */
const RATIO = 2;

test("over a WebSocket", async ({ page }) => {
  await watchTerminal(page);
  const terminal = await Terminal.open(page, SHELL);
  await terminal.expectTransport("websocket-binary");
  await terminal.expectPrompt();
  const alone = await typeKeys(page);
  await openOthers(page);
  const among = await typeKeys(page);
  for (const [how, took] of [["alone", alone], [`${TERMINALS} terminals open`, among]] as const) {
    measured(`key to picture, ${how}, p50`, "ms", percentile(took, 0.5));
    measured(`key to picture, ${how}, p99`, "ms", percentile(took, 0.99));
  }
  // without a bar: what plain HTTP is beside
  measured("… of that alone, p99", "ratio", percentile(among, 0.99) / percentile(alone, 0.99));
});

for (const [, options, transport] of new Map(PROXIES.map((proxy) => [proxy[2], proxy])).values()) {
  test(`over ${transport}`, async ({ page, server, problems }) => {
    problems.expect(BROKEN);
    problems.expect(/Failed to load resource.*403/);
    const proxy = await Proxy.to(server, options);
    await watchTerminal(page);
    const terminal = await Terminal.open(page, SHELL, proxy);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    const alone = percentile(await typeKeys(page), 0.99);
    await openOthers(page);
    await terminal.expectTransport(transport);
    const among = percentile(await typeKeys(page), 0.99);
    measured(`key to picture, ${transport}, alone, p99`, "ms", alone);
    measured(`key to picture, ${transport}, ${TERMINALS} terminals open, p99`, "ms", among);
    measured(`… of that alone`, "ratio", among / alone, RATIO);
    await proxy.remove();
  });
}
