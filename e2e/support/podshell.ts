// Starts and stops the server under test, and keeps what it says.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { BrowserContextOptions } from "@playwright/test";
import { podshellBinary } from "./env.ts";
import { freePort } from "./ports.ts";

/** How long the server may take to listen. */
const START_MS = 20_000;
/** How long it may take to end when it is stopped. */
const STOP_MS = 15_000;

export class Podshell {
  private constructor(
    private readonly child: ChildProcess,
    private readonly output: string[],
    /** The printed URL, at the server's own address: in local mode opening it signs a browser in, once. */
    readonly signInUrl: string,
    /** Scheme, host and port that it listens at, without a slash at the end. */
    readonly origin: string,
    /** The same of the address that it is called by behind a cable or proxy. */
    readonly publicOrigin: string,
    /** The key for `Authorization: Bearer`. */
    readonly token: string,
  ) {}

  /**
   * Starts the server with these flags and settings alone: whatever PODSHELL_ variables the tests run with are not
   * for it. Fails with its own words when it ends or says no URL in time.
   * It is called by an address of its own, at which a test may put a {@link Cable} or a proxy.
   */
  static async start(flags: string[], settings: Record<string, string> = {}): Promise<Podshell> {
    const output: string[] = [];
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("PODSHELL_"));
    const token = randomBytes(24).toString("hex");
    const env = { ...Object.fromEntries(others), PODSHELL_TOKEN: token, ...settings };
    const named = flags.includes("--public-url") ? [] : ["--public-url", `http://127.0.0.1:${await freePort()}`];
    const child = spawn(podshellBinary, [...flags, ...named], { env, stdio: ["ignore", "pipe", "pipe"] });
    const [origin, url] = await new Promise<[string, URL]>((resolve, reject) => {
      let printed = "";
      const fail = (what: string) => {
        clearTimeout(deadline);
        child.kill("SIGKILL");
        reject(new Error(`${podshellBinary} ${flags.join(" ")}: ${what}\n${output.join("")}`));
      };
      const deadline = setTimeout(() => fail(`no URL within ${START_MS} ms`), START_MS);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code, signal) => fail(`ended early with ${code ?? signal}`));
      child.stderr?.on("data", (chunk: Buffer) => output.push(chunk.toString()));
      child.stdout?.on("data", (chunk: Buffer) => {
        output.push(chunk.toString());
        printed += chunk.toString();
        const [, address, link] = /, at (\S+)\.\nOpen (http:\/\/\S+)\s/.exec(printed) ?? [];
        if (link !== undefined) {
          clearTimeout(deadline);
          child.removeAllListeners("error");
          child.removeAllListeners("exit");
          resolve([`http://${address}`, new URL(link)]);
        }
      });
    });
    return new Podshell(child, output, url.href.replace(url.origin, origin), origin, url.origin, token);
  }

  /** What a browser keeps that has signed in, at both of its addresses. */
  async signedIn(): Promise<Exclude<BrowserContextOptions["storageState"], string | undefined>> {
    const answer = await fetch(`${this.origin}/api/v1/sign-in`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: this.token }),
    });
    const { credential } = (await answer.json()) as { credential: string };
    const localStorage = [{ name: "podshell.key:/", value: credential }];
    const origins = [this.origin, this.publicOrigin].map((origin) => ({ origin, localStorage }));
    return { cookies: [], origins };
  }

  /** A link that nobody has used, at this address. */
  async newLink(origin = this.origin): Promise<string> {
    const before = this.log().length;
    this.child.kill("SIGUSR1");
    for (;;) {
      const link = /Open (\S+)\n/.exec(this.log().slice(before))?.[1];
      if (link !== undefined) return link.replace(this.publicOrigin, origin);
      await once(this.child.stdout as NodeJS.ReadableStream, "data", { signal: AbortSignal.timeout(5_000) });
    }
  }

  /** Everything that it printed so far. */
  log(): string {
    return this.output.join("");
  }

  /** Whether it still runs. */
  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Its port. */
  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Headers that let a script in. */
  get bearer(): { Authorization: string } {
    return { Authorization: `Bearer ${this.token}` };
  }

  /** Ends it as a crash does: it can do and say nothing about it. */
  async kill(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }

  /**
   * Ends it as a service manager does, or by another signal a terminal that closes, and fails if it was gone before, does not end in bounded time,
   * ends with an error or has panicked.
   */
  async stop(by: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.alive) {
      throw new Error(
        `the server had ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.log()}`,
      );
    }
    const deadline = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    this.child.kill(by);
    // looked at, not listened for: the event of a server that ends within milliseconds was seen to wake nobody
    while (this.alive) await sleep(20);
    const [code, signal] = [this.child.exitCode, this.child.signalCode];
    clearTimeout(deadline);
    if (signal === "SIGKILL") {
      throw new Error(`the server did not end within ${STOP_MS} ms of ${by}:\n${this.log()}`);
    }
    if (code !== 0) {
      throw new Error(`the server ended with ${code ?? signal} after ${by}:\n${this.log()}`);
    }
    if (/panicked at/.test(this.log())) {
      throw new Error(`the server panicked:\n${this.log()}`);
    }
  }
}
