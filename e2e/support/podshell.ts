// Starts and stops the server under test, alone or as it is deployed, and keeps what it says.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { BrowserContextOptions } from "@playwright/test";
import { podshellBinary } from "./env.ts";
import { BASE, Haproxy } from "./haproxy.ts";
import { freePort } from "./ports.ts";

/** How long the server may take to listen. */
const START_MS = 20_000;
/** How long it may take to end when it is stopped. */
const STOP_MS = 15_000;
/** All tests come from one address, and are one user. */
const DEPLOYED = [
  ...["--sign-in", "token", "--base-path", BASE, "--trusted-proxy", "127.0.0.1"],
  ...["--sign-ins-per-minute", "6000", "--mints-per-minute", "6000"],
];

/** How a server is deployed: behind HAProxy, where people sign in by tokens. */
export interface Deployment {
  /** The token of the cluster that browsers and scripts of the tests have. */
  token: string;
}

/** What a browser keeps. */
type Kept = Exclude<BrowserContextOptions["storageState"], string | undefined>;

export class Podshell {
  /** What leads to it, where it is deployed. */
  private haproxy: Haproxy | undefined;

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
    private readonly deployment: Deployment | undefined,
  ) {}

  /** Its own address with the path that it is below, without a slash at the end: for scripts. */
  get root(): string {
    return this.origin + this.base;
  }

  /** The same of the address that it is called by. */
  get publicRoot(): string {
    return this.publicOrigin + this.base;
  }

  /** Where a browser opens it that has nothing of a test's in between: behind HAProxy, or at its own address. */
  get address(): string {
    return this.haproxy === undefined ? this.root : this.publicRoot;
  }

  private get base(): string {
    return this.deployment === undefined ? "" : BASE;
  }

  /**
   * Starts the server with these flags and settings alone: whatever PODSHELL_ variables the tests run with are not
   * for it. Fails with its own words when it ends or says no URL in time.
   * It is called by an address of its own, at which a test may put a {@link Cable} or a proxy; where it is deployed,
   * HAProxy is there, and the test's behind it.
   */
  static async start(
    flags: string[],
    settings: Record<string, string> = {},
    deployment?: Deployment,
  ): Promise<Podshell> {
    const output: string[] = [];
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("PODSHELL_"));
    const token = randomBytes(24).toString("hex");
    const env = { ...Object.fromEntries(others), PODSHELL_TOKEN: token, ...settings };
    const isNamed = flags.includes("--public-url");
    const named = `${deployment === undefined ? "http" : "https"}://127.0.0.1:${await freePort()}`;
    const deployed = deployment === undefined ? [] : DEPLOYED;
    const child = spawn(podshellBinary, [...flags, ...(isNamed ? [] : ["--public-url", named]), ...deployed], { env, stdio: ["ignore", "pipe", "pipe"] });
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
        const [, address, link] = /, at (\S+)\.\nOpen (https?:\/\/\S+)\s/.exec(printed) ?? [];
        if (link !== undefined) {
          clearTimeout(deadline);
          child.removeAllListeners("error");
          child.removeAllListeners("exit");
          resolve([`http://${address}`, new URL(link)]);
        }
      });
    });
    const link = url.href.replace(url.origin, origin);
    const key = deployment?.token ?? token;
    const server = new Podshell(child, output, link, origin, url.origin, key, deployment);
    if (deployment !== undefined && !isNamed) {
      server.haproxy = await Haproxy.start(server.publicPort, server.port);
    }
    return server;
  }

  /** Another server that is called by the same address, once what leads to this one leads to it. */
  async successor(flags: string[]): Promise<Podshell> {
    return Podshell.start([...flags, "--public-url", this.publicOrigin], {}, this.deployment);
  }

  /** The port of the address that it is called by. */
  get publicPort(): number {
    return Number(new URL(this.publicOrigin).port);
  }

  /**
   * The port at which something may stand between the browser and the server: that of the public address, or, where that
   * is HAProxy's, any. What listens there is to be led to.
   */
  get portInFront(): number {
    return this.haproxy === undefined ? this.publicPort : 0;
  }

  /** Where it is deployed, new connections come by what listens at this port; to the server itself, if none is given. */
  async lead(port = this.port): Promise<void> {
    await this.haproxy?.lead(port);
  }

  /** What a browser keeps that has signed in, at both of its addresses. */
  async signedIn(): Promise<Kept> {
    if (this.deployment !== undefined) return this.cookies();
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

  /** Signs in by the token, as the page does at the public address. */
  private async cookies(): Promise<Kept> {
    const { host, hostname } = new URL(this.publicOrigin);
    const headers = { Host: host, Origin: this.publicOrigin, "Content-Type": "application/json" };
    const path = `${this.base}/api/v1/sign-in`;
    const lines = await new Promise<string[]>((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.port, path, method: "POST", headers }, (answer) => {
        answer.resume();
        if (answer.statusCode === 200) resolve(answer.headers["set-cookie"] ?? []);
        else reject(new Error(`sign-in by a token: ${answer.statusCode}`));
      });
      sent.on("error", reject);
      sent.end(JSON.stringify({ token: this.token }));
    });
    const cookies = lines.flatMap((line) => {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const kept = { name, value, domain: hostname, path: "/", expires: -1 };
      return value === "" ? [] : [{ ...kept, httpOnly: true, secure: true, sameSite: "Strict" as const }];
    });
    // and the page knows that it has them, without asking
    const mark = { name: `podshell.sign-in:${this.base}/`, value: "in 0" };
    return { cookies, origins: [{ origin: this.publicOrigin, localStorage: [mark] }] };
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

  /** Takes HAProxy away from before it. */
  async removeProxy(): Promise<void> {
    await this.haproxy?.remove();
    this.haproxy = undefined;
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
