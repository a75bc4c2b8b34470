// What every spec starts from: a running server, a signed-in browser, pods of one's own, and a watch on the console.
import { test as base, expect, type BrowserContext } from "@playwright/test";
import { kubeconfig } from "./env.ts";
import { createPod, deletePod, requirePods, type Target } from "./kubectl.ts";
import { Podshell } from "./podshell.ts";

/** What went wrong in the browser without the page saying so. */
export class Problems {
  private readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];

  /** From here on, and before, this is no problem. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** Listens to every page of a context, now and later. */
  watch(context: BrowserContext): void {
    context.on("console", (message) => {
      if (message.type() === "error") {
        this.seen.push(`console: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("weberror", (error) => this.seen.push(`page error: ${error.error().message}`));
  }

  /** What was seen and not expected. */
  unexpected(): string[] {
    return this.seen.filter((problem) => !this.expected.some((pattern) => pattern.test(problem)));
  }
}

interface TestFixtures {
  /** Errors in the browser's console; a test fails for each that it does not expect. */
  problems: Problems;
  /** A running pod of the test's own with bash, deleted after it. */
  ownPod: Target;
  /** A pod of the test's own that does not start until released. */
  heldPod: Target;
  /** Puts the server's words of a failed test beside its screenshot. */
  serverLog: void;
}

interface WorkerFixtures {
  /** The server, on the cluster. */
  server: Podshell;
  /** The cookies of a browser that opened the printed URL. */
  signedIn: Awaited<ReturnType<BrowserContext["storageState"]>>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      await requirePods();
      const server = await Podshell.start(["--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig()]);
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],

  signedIn: [
    async ({ browser, server }, use) => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(server.signInUrl);
      await page.waitForURL(`${server.origin}/`);
      const state = await context.storageState();
      await context.close();
      await use(state);
    },
    { scope: "worker" },
  ],

  baseURL: async ({ server }, use) => use(server.origin),

  storageState: async ({ signedIn }, use) => use(signedIn),

  problems: async ({}, use) => {
    const problems = new Problems();
    await use(problems);
    expect(problems.unexpected(), "errors in the browser's console").toEqual([]);
  },

  context: async ({ context, problems }, use) => {
    problems.watch(context);
    await use(context);
  },

  ownPod: async ({}, use) => {
    const target = await createPod();
    await use(target);
    await deletePod(target.pod);
  },

  heldPod: async ({}, use) => {
    const target = await createPod({ held: true });
    await use(target);
    await deletePod(target.pod);
  },

  serverLog: [
    async ({ server }, use, testInfo) => {
      const before = server.log().length;
      await use();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach("server log", {
          body: server.log().slice(before),
          contentType: "text/plain",
        });
      }
    },
    { auto: true },
  ],
});

export { expect };
