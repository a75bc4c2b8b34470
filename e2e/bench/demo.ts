// What is measured on: the demo, whose containers are processes on this machine, so that the page's part is most of it.
import type { Browser, BrowserContext, Page } from "@playwright/test";
import type { Target } from "../support/kubectl.ts";
import { Podshell } from "../support/podshell.ts";
import { test as base } from "../support/test.ts";

/** A container of the demo that has bash. */
export const SHELL: Target = { namespace: "default", pod: "welcome", container: "shell" };

interface Fixtures {
  /** A page of a browser that has been nowhere: nothing is cached, nothing compiled. It is signed in. */
  freshPage: () => Promise<Page>;
}

export const test = base.extend<Fixtures, { server: Podshell }>({
  server: [
    async ({}, use) => {
      const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo"]);
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

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

export { BROKEN, expect } from "../support/test.ts";
