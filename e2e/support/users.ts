// Servers for several people, who are known by their tokens or by what a proxy says.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Front, type FrontOptions } from "./front.ts";
import { kubeconfigOf } from "./kubectl.ts";
import { Podshell } from "./podshell.ts";
import { freePort } from "./ports.ts";
import { closePages, test as base } from "./test.ts";

interface UserFixtures {
  /** Starts a server with these flags, at a public address that is its own or a proxy's; it is stopped after the test. */
  serve: (flags: string[], options?: ServeOptions) => Promise<{ server: Podshell; origin: string }>;
  /** Puts a proxy of the test's own at such an address before its server; it is removed after the test. */
  front: (served: { server: Podshell; origin: string }, options: FrontOptions) => Promise<Front>;
  /** Writes a file that is gone after the test, readable by its owner alone, and gives its path. */
  file: (name: string, text: string) => Promise<string>;
}

interface ServeOptions {
  /** The server is not at the public address: something in front of it is to be. */
  behind?: boolean;
  /** Instead of one for the tests' namespace that has nobody's credentials. */
  kubeconfig?: string;
}

export const test = base.extend<UserFixtures>({
  file: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "podshell-e2e-"));
    await use(async (name, text) => {
      const path = join(folder, name);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    });
    await rm(folder, { recursive: true });
  },

  serve: async ({ file, browser }, use, testInfo) => {
    const servers: Podshell[] = [];
    await use(async (flags, { behind = false, kubeconfig } = {}) => {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const server = await Podshell.start([
        ...["--listen", `127.0.0.1:${behind ? 0 : port}`, "--public-url", origin],
        ...["--kubeconfig", kubeconfig ?? (await file("kubeconfig", await kubeconfigOf("nobody")))],
        ...flags,
      ]);
      servers.push(server);
      return { server, origin };
    });
    await closePages(browser);
    for (const server of servers) {
      if (server.alive) await server.stop();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach("own server's log", { body: server.log(), contentType: "text/plain" });
      }
    }
  },

  front: async ({ browser }, use) => {
    const fronts: Front[] = [];
    await use(async ({ server, origin }, options) => {
      const front = await Front.at(Number(new URL(origin).port), server.port, options);
      fronts.push(front);
      return front;
    });
    await closePages(browser);
    for (const front of fronts) await front.remove();
  },

  // those who come here are not signed in yet
  storageState: { cookies: [], origins: [] },
});

export { expect } from "./test.ts";
