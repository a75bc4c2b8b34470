// What is measured on: the demo, whose containers are processes on this machine, so that the page's part is most of it.
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { test as base } from "../support/demo.ts";
import type { Podshell } from "../support/podshell.ts";

interface Fixtures {
  /** A page of a browser that has been nowhere: nothing is cached, nothing compiled. It is signed in. */
  freshPage: () => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  freshPage: async ({ browser, server }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      // one browser at a time: what others do costs time, too
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      const context = await signedIn(browser, server);
      contexts.push(context);
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

async function signedIn(browser: Browser, server: Podshell): Promise<BrowserContext> {
  return browser.newContext({ baseURL: `${server.address}/`, storageState: await server.signedIn() });
}

export { WELCOME as SHELL } from "../support/demo.ts";
export { BROKEN, expect } from "../support/test.ts";
