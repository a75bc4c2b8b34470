// What every spec starts from: a running server (as it is deployed, behind HAProxy, if there is one), a signed-in browser, pods of one's own, a watch on the console.
import { test as base, expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { Cable } from "./cable.ts";
import { readFile } from "node:fs/promises";
import { haproxy, kubeconfig } from "./env.ts";
import { adminToken, COUNTER, createPod, deletePod, requirePods, type Target } from "./kubectl.ts";
import { Podshell, type Deployment } from "./podshell.ts";

/** Of a test that runs in Firefox as well. */
export const FIREFOX = { tag: "@firefox" };

/** What the browser itself says of connections that were broken or refused, or to which a proxy found no server. */
export const BROKEN = /WebSocket connection to .* failed|net::ERR_|Failed to load resource.*50[234]/;

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
    context.on("weberror", (error) => this.seen.push(`page error: ${error.error().stack}`));
  }

  /** What was seen and not expected. */
  unexpected(): string[] {
    return this.seen.filter((problem) => !this.expected.some((pattern) => pattern.test(problem)));
  }
}

/** Closes all pages before what they ask is taken away: one that is on the list asks each second, and would find nobody. */
export async function closePages(browser: Browser): Promise<void> {
  const pages = browser.contexts().flatMap((context) => context.pages());
  await Promise.all(pages.map(async (page) => page.close()));
}

/** What a server of a test's own is given. */
interface SetUpOptions {
  /** Instead of the tests' kubeconfig. */
  kubeconfig?: string;
}

/** A server of a test's own, and a page of a browser that is signed in to it. */
export interface SetUp {
  server: Podshell;
  /** Between the two. */
  cable: Cable;
  /** On the list of pods. */
  page: Page;
}

interface TestFixtures {
  /** A cable to the server that all tests share. */
  cable: Cable;
  /** Starts a server with these flags beyond those that each needs; it is stopped after the test. */
  setUp: (flags: string[], options?: SetUpOptions) => Promise<SetUp>;
  /** Errors in the browser's console; a test fails for each that it does not expect. */
  problems: Problems;
  /** A running pod of the test's own with bash, deleted after it. */
  ownPod: Target;
  /** A running pod of the test's own whose container has no shell. */
  shellessPod: Target;
  /** A running pod of the test's own whose main process has a terminal: see {@link COUNTER}. */
  countingPod: Target;
  /** A pod of the test's own that does not start until released. */
  heldPod: Target;
  /** Puts the server's words of a failed test beside its screenshot. */
  serverLog: void;
}

interface WorkerFixtures {
  /** Whether servers are as one person has them at their machine: for what is so there alone. */
  local: boolean;
  /** How servers are deployed; not at all in local mode, or if there is no HAProxy. */
  deployment: Deployment | undefined;
  /** The server, on the cluster. */
  server: Podshell;
  /** What a browser keeps that is signed in. */
  signedIn: Awaited<ReturnType<Podshell["signedIn"]>>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  local: [false, { option: true, scope: "worker" }],

  deployment: [
    async ({ local }, use) => use(local || haproxy === undefined ? undefined : { token: await adminToken() }),
    { scope: "worker" },
  ],

  server: [
    async ({ deployment }, use) => {
      await requirePods();
      const flags = ["--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig()];
      // a test's browser is taken away as in a crash: its shells wait for it while all other tests run, as one user's
      flags.push("--max-sessions-per-user", "1000");
      const server = await Podshell.start(flags, {}, deployment);
      await use(server);
      await server.stop();
      await server.removeProxy();
    },
    { scope: "worker", timeout: 90_000 },
  ],

  signedIn: [async ({ server }, use) => use(await server.signedIn()), { scope: "worker" }],

  // with a slash, so that what is relative is below it
  baseURL: async ({ server }, use) => use(`${server.address}/`),

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

  cable: async ({ server, browser }, use) => {
    const cable = await Cable.to(server);
    await use(cable);
    await closePages(browser);
    await cable.remove();
  },

  setUp: async ({ browser, problems, deployment }, use, testInfo) => {
    const undo: (() => Promise<void>)[] = [];
    await use(async (flags, options = {}) => {
      const of = ["--listen", "127.0.0.1:0", "--kubeconfig", options.kubeconfig ?? kubeconfig()];
      const own = deployment && options.kubeconfig ? { token: await tokenIn(options.kubeconfig) } : deployment;
      const server = await Podshell.start([...of, ...flags], {}, own);
      undo.push(async () => {
        if (server.alive) await server.stop();
        await server.removeProxy();
        if (testInfo.status !== testInfo.expectedStatus) {
          await testInfo.attach("own server's log", { body: server.log(), contentType: "text/plain" });
        }
      });
      const cable = await Cable.to(server);
      undo.push(async () => cable.remove());
      const storageState = await server.signedIn();
      const baseURL = `${cable.origin}/`;
      const context = await browser.newContext({ baseURL, storageState, ignoreHTTPSErrors: true });
      problems.watch(context);
      undo.push(async () => context.close());
      const page = await context.newPage();
      await page.goto("./");
      return { server, cable, page };
    });
    for (const step of undo.reverse()) await step();
  },

  ownPod: async ({}, use) => {
    const target = await createPod();
    await use(target);
    await deletePod(target.pod);
  },

  shellessPod: async ({}, use) => {
    const target = await createPod({ image: "noshell" });
    await use(target);
    await deletePod(target.pod);
  },

  countingPod: async ({}, use) => {
    const target = await createPod({ image: "busybox", main: COUNTER });
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

/** The token in a kubeconfig of {@link restrictedKubeconfig}. */
async function tokenIn(path: string): Promise<string> {
  const { users } = JSON.parse(await readFile(path, "utf8")) as { users: { user: { token: string } }[] };
  return users[0]?.user.token ?? "";
}

/** The page's ways to the server, the best first. */
export const TRANSPORTS = ["websocket-binary", "websocket-text"] as const;

/** Blocks on a cable all that is better than this transport. */
export function leaveOnly(
  transport: (typeof TRANSPORTS)[number],
  { cable, problems }: { cable: Cable; problems: Problems },
): void {
  problems.expect(BROKEN);
  if (transport === "websocket-text") {
    cable.block(/\/sockjs\/websocket(\?|$)/);
  }
}

/** Prints a figure, and keeps it with the test's result; it is for people, and not asserted. */
export function report(description: string): void {
  test.info().annotations.push({ type: "figure", description });
  console.log(`      ${description}`);
}

export { expect };
