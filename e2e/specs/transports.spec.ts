// Where proxies let no WebSocket through: the page finds a way, says which, and the terminal is as good.
import { createHash } from "node:crypto";
import { processes, standing } from "../support/kubectl.ts";
import { PROXIES, Proxy } from "../support/proxy.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, test } from "../support/test.ts";

const BASH = standing("bash");

for (const [name, options, transport] of PROXIES) {
  test.describe(`behind a proxy that ${name}`, () => {
    test(`a shell works by ${transport}`, async ({ page, server, problems }) => {
      test.slow();
      problems.expect(BROKEN);
      problems.expect(/Failed to load resource.*403/);
      const proxy = await Proxy.to(server, options);
      const terminal = await Terminal.open(page, BASH, proxy);
      await terminal.expectTransport(transport);
      await terminal.expectPrompt();

      // the size has come, and what is typed stays in order
      const { rows, cols } = await terminal.size();
      await terminal.run("stty size");
      await terminal.expectText(new RegExp(`^${rows} ${cols}$`, "m"));
      await terminal.run("printf '%s\\n' 你好 🎉 | cat; echo 100%");
      await terminal.expectText(/^你好\n🎉\n100%$/m);

      // not in one request, but whole and in order
      const pasted = Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join("");
      await terminal.run(`clear; stty -echo; echo rea''dy; head -c ${pasted.length} | sha256sum; stty echo`);
      await terminal.expectText(/^ready$/m);
      await terminal.pasteLines(pasted);
      await terminal.expectText(createHash("sha256").update(pasted).digest("hex"));
      await terminal.expectPrompt();

      await terminal.flood();
      // by polling little comes at once, and what is no flood is not skipped
      await page.waitForTimeout(3_000);
      await page.keyboard.press("Control+c");
      await terminal.expectPrompt();
      await terminal.run("clear; echo $((6*7))");
      await terminal.expectText(/^42$/m);

      // back in the same shell, at once by the transport that worked
      await terminal.run("kept=same");
      await page.reload();
      const again = new Terminal(page);
      await again.expectState("connected");
      await again.expectTransport(transport);
      await again.run("clear; echo $kept-shell");
      await again.expectText(/^same-shell$/m);
      await again.run("exit 3");
      await again.expectReason("exited");
      await expect(again.state).toContainText("3");
      await proxy.remove();
    });

    test(`closing the tab ends the shell, by ${transport}`, async ({ page, server, problems, ownPod }) => {
      problems.expect(BROKEN);
      problems.expect(/Failed to load resource.*403/);
      const before = await processes(ownPod);
      const proxy = await Proxy.to(server, options);
      const terminal = await Terminal.open(page, ownPod, proxy);
      await terminal.expectTransport(transport);
      await terminal.run("sleep 1000");
      await expect.poll(async () => (await processes(ownPod)).join("\n")).toContain("sleep 1000");
      await page.close({ runBeforeUnload: true });
      // far sooner than the grace is over
      await expect.poll(() => processes(ownPod), { timeout: 20_000 }).toEqual(before);
      await proxy.remove();
    });
  });
}

test("what comes while nobody types is acknowledged by itself, and not line by line", async ({ page, server, problems }) => {
  problems.expect(BROKEN);
  problems.expect(/Failed to load resource.*403/);
  const proxy = await Proxy.to(server);
  const terminal = await Terminal.open(page, BASH, proxy);
  await terminal.expectTransport("xhr-streaming");
  await terminal.expectPrompt();
  const sent: string[][] = [];
  page.on("request", (request) => {
    if (request.url().includes("/xhr_send")) sent.push(request.postDataJSON() as string[]);
  });
  const began = Date.now();
  await terminal.run("clear; for n in $(seq 100); do echo line $n; sleep 0.02; done; echo do''ne");
  await terminal.expectText(/^done$/m);
  const alone = () => sent.filter((texts) => texts.every((text) => text.includes('"Op":"ack"'))).length;
  await expect.poll(alone).toBeGreaterThan(0);
  // a line comes each 20 ms or later, and each request waits for 100 ms
  expect(alone()).toBeLessThan(Math.min(80, (Date.now() - began) / 100 + 5));
  await proxy.remove();
});
