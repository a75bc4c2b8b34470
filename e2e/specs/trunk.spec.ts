// The page as its developers run it: `trunk serve` in front of a running server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubeconfig, repository } from "../support/env.ts";
import { requirePods, standing } from "../support/kubectl.ts";
import { Podshell } from "../support/podshell.ts";
import { freePort } from "../support/ports.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, test as base } from "../support/test.ts";

/** A debug build of the page from nothing, on a small machine. */
const BUILD_MS = 8 * 60_000;

const test = base.extend<object, { server: Podshell; trunk: string }>({
  // where Trunk.toml's proxies point
  server: [
    async ({}, use) => {
      await requirePods();
      // as `cargo xtask trunk serve` starts it
      const flags = ["--trusted-proxy", "127.0.0.1", "--public-url", `http://127.0.0.1:${await freePort()}`];
      const server = await Podshell.start(["--listen", "127.0.0.1:7780", "--kubeconfig", kubeconfig(), ...flags]);
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],

  trunk: [
    async ({ server }, use) => {
      const { port } = new URL(server.publicOrigin);
      const dist = await mkdtemp(join(tmpdir(), "podshell-trunk-"));
      // trunk reads NO_COLOR as its own flag and refuses the usual "1"
      const { NO_COLOR: _, ...env } = process.env;
      const flags = [
        "--address=127.0.0.1",
        `--port=${port}`,
        `--dist=${dist}`,
        "--no-autoreload=true",
        "--offline=true",
      ];
      const trunk = spawn("trunk", ["serve", ...flags], {
        cwd: repository,
        env: { ...env, TRUNK_SKIP_VERSION_CHECK: "true" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      trunk.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      trunk.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(trunk, "exit");
      try {
        await expect
          .poll(
            async () => {
              if (trunk.exitCode !== null) {
                throw new Error(`trunk serve ended with ${trunk.exitCode}:\n${said}`);
              }
              const answer = await fetch(server.publicOrigin).catch(() => undefined);
              return (await answer?.text())?.includes(".wasm") ?? false;
            },
            { message: "trunk serve gives the page", timeout: BUILD_MS, intervals: [1_000] },
          )
          .toBe(true)
          .catch((error: unknown) => {
            throw new Error(`${String(error)}\n${said.slice(-4000)}`);
          });
        await use(server.publicOrigin);
      } finally {
        trunk.kill("SIGTERM");
        await ended;
        await rm(dist, { recursive: true, force: true });
      }
    },
    { scope: "worker", timeout: BUILD_MS + 30_000 },
  ],
});

test("a shell opens through trunk's proxies", async ({ page, problems, trunk }) => {
  problems.expect(BROKEN);
  const terminal = await Terminal.open(page, standing("bash"), { origin: trunk });
  // its proxy forgets the subprotocol that the binary encoding is asked for by
  await terminal.expectTransport("websocket-text");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  await terminal.run("exit 3");
  await terminal.expectState("ended");
  await expect(terminal.state).toHaveAttribute("data-exit-code", "3");
});
