// Tests of the page that need no cluster of their own: they run against `podshell --demo`.
import type { Page } from "@playwright/test";
import { Podshell } from "./podshell.ts";
import { type Address, Terminal } from "./terminal.ts";
import { test as base } from "./test.ts";

export const test = base.extend<object, { server: Podshell }>({
  server: [
    async ({}, use) => {
      const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo"]);
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
});

/** The demo's container with bash. */
export const WELCOME = { namespace: "default", pod: "welcome", container: "shell" };

/** Opens a shell in it, and waits for its prompt. */
export async function openShell(page: Page, address?: Address): Promise<Terminal> {
  const terminal = await Terminal.open(page, WELCOME, address);
  await terminal.expectPrompt();
  return terminal;
}
