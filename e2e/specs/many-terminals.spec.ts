// Many terminals in one page where no WebSocket gets through: all of them start, and what is typed in one is not held up.
import type { Page, Request } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { PROXIES, Proxy } from "../support/proxy.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, test } from "../support/test.ts";

const BASH = standing("bash");
/** Twice as many as a browser has connections to a host over HTTP/1.1. */
const TERMINALS = 12;

/** How many requests a page makes at once that terminals need, at the most. */
class Requests {
  most = 0;
  private readonly open = new Set<Request>();

  constructor(page: Page) {
    page.on("request", (request) => {
      if (!new URL(request.url()).pathname.includes("/api/multiplex/")) return;
      this.open.add(request);
      this.most = Math.max(this.most, this.open.size);
    });
    page.on("requestfinished", (request) => this.open.delete(request));
    page.on("requestfailed", (request) => this.open.delete(request));
  }
}

for (const [, options, transport] of new Map(PROXIES.map((proxy) => [proxy[2], proxy])).values()) {
  test(`${TERMINALS} shells and the list work in one page, by ${transport}`, async ({ page, server, problems }) => {
    test.slow();
    problems.expect(BROKEN);
    problems.expect(/Failed to load resource.*403/);
    const proxy = await Proxy.to(server, options);
    const terminal = await Terminal.open(page, BASH, proxy);
    await terminal.expectTransport(transport);
    await terminal.expectPrompt();
    // from here on the page knows what works
    const requests = new Requests(page);
    const tabs = page.getByTestId("tab");
    await terminal.run("mine=of-1");
    for (let number = 2; number <= TERMINALS; number += 1) {
      await page.keyboard.press("Control+Shift+Enter");
      await expect(tabs).toHaveCount(number);
      await terminal.expectState("connected");
      await terminal.expectTransport(transport);
      await terminal.expectPrompt();
      await terminal.run(`mine=of-${number}`);
    }

    // each is its own, whatever another prints
    await tabs.nth(0).click();
    await terminal.flood();
    for (let number = TERMINALS; number > 1; number -= 1) {
      await tabs.nth(number - 1).click();
      await terminal.run("clear; echo $mine-here");
      await terminal.expectText(new RegExp(`^of-${number}-here$`, "m"));
    }
    await tabs.nth(0).click();
    await page.keyboard.press("Control+c");
    await terminal.expectPrompt();
    // one to receive and one to send: that one has ended is told late, so that the next may be counted beside it
    expect(requests.most).toBeLessThan(6);

    // one's end is no other's
    await tabs.nth(1).click();
    await terminal.run("exit 3");
    await terminal.expectReason("exited");
    await tabs.nth(2).click();
    await terminal.run("clear; echo $mine-still");
    await terminal.expectText(/^of-3-still$/m);

    // and there are connections left for all else
    const list = await page.context().newPage();
    await list.goto(`${proxy.origin}/`);
    await expect(new PodList(list).row(`${BASH.namespace}/${BASH.pod}`)).toBeVisible();
    await list.close();
    await proxy.remove();
  });
}
