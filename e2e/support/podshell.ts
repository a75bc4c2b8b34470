// Starts and stops the server under test, and keeps what it says.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { podshellBinary } from "./env.ts";

/** How long the server may take to listen. */
const START_MS = 20_000;
/** How long it may take to end after SIGTERM. */
const STOP_MS = 15_000;

export class Podshell {
  private constructor(
    private readonly child: ChildProcess,
    private readonly output: string[],
    /** The printed URL: opening it signs a browser in. */
    readonly signInUrl: string,
    /** Scheme, host and port, without a slash at the end. */
    readonly origin: string,
    /** The key for `Authorization: Bearer`. */
    readonly token: string,
  ) {}

  /**
   * Starts the server with these flags and settings alone: whatever PODSHELL_ variables the tests run with are not
   * for it. Fails with its own words when it ends or says no URL in time.
   */
  static async start(flags: string[], settings: Record<string, string> = {}): Promise<Podshell> {
    const output: string[] = [];
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("PODSHELL_"));
    const env = { ...Object.fromEntries(others), ...settings };
    const child = spawn(podshellBinary, flags, { env, stdio: ["ignore", "pipe", "pipe"] });
    const url = await new Promise<URL>((resolve, reject) => {
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
        const match = /(http:\/\/\S+\?token=\S+)\s/.exec(printed)?.[1];
        if (match !== undefined) {
          clearTimeout(deadline);
          child.removeAllListeners("error");
          child.removeAllListeners("exit");
          resolve(new URL(match));
        }
      });
    });
    const token = url.searchParams.get("token") ?? "";
    return new Podshell(child, output, url.href, url.origin, token);
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
   * Ends it as a service manager would, and fails if it was gone before, does not end in bounded time,
   * ends with an error or has panicked.
   */
  async stop(): Promise<void> {
    if (!this.alive) {
      throw new Error(
        `the server had ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.log()}`,
      );
    }
    const ended = once(this.child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    const deadline = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    this.child.kill("SIGTERM");
    const [code, signal] = await ended;
    clearTimeout(deadline);
    if (signal === "SIGKILL") {
      throw new Error(`the server did not end within ${STOP_MS} ms of SIGTERM:\n${this.log()}`);
    }
    if (code !== 0) {
      throw new Error(`the server ended with ${code ?? signal} after SIGTERM:\n${this.log()}`);
    }
    if (/panicked at/.test(this.log())) {
      throw new Error(`the server panicked:\n${this.log()}`);
    }
  }
}
