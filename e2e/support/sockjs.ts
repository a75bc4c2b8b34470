// SockJS's own test services, as the example server of the sockjs crate offers them.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { sockjsServer } from "./env.ts";

/** A running test server. */
export class SockJsServer {
  private constructor(
    private readonly child: ChildProcess,
    /** Scheme, host and port, without a slash at the end. */
    readonly origin: string,
  ) {}

  static async start(): Promise<SockJsServer> {
    const child = spawn(sockjsServer, ["--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const [origin] = (await once(lines, "line", { signal: AbortSignal.timeout(10_000) })) as [string];
    return new SockJsServer(child, origin);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill("SIGINT");
    await ended;
  }
}
