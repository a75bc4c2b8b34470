// The network between browser and server, which a test can cut, pull and let fall silent.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Podshell } from "./podshell.ts";

/** One connection of the browser and ours to the server in its place. */
interface Pair {
  browser: Socket;
  server: Socket;
  /** Whether it was opened for a WebSocket. */
  socket: boolean;
  /** Nothing is carried any more, and neither side is told. */
  silent: boolean;
}

/** Carries bytes between the browser and a server on this machine, by an address of its own. */
export class Cable {
  private readonly pairs = new Set<Pair>();
  /** The browser's ends that ask for nothing yet: a browser opens some in advance. */
  private readonly idle = new Set<Socket>();
  private pulled = false;
  private blocked: RegExp | undefined;
  /** How many bytes WebSockets may still bring to the browser, and what to do then. */
  private limit: { left: number; reached: () => void } | undefined;

  private constructor(
    private readonly listener: Server,
    private readonly to: Podshell,
    private port: number,
  ) {
    listener.on("connection", (browser: Socket) => this.accept(browser));
  }

  /** Lays a cable to a server, from the address that it is called by. */
  static async to(server: Podshell): Promise<Cable> {
    const listener = createServer().listen(server.portInFront, "127.0.0.1");
    await once(listener, "listening");
    await server.lead((listener.address() as AddressInfo).port);
    return new Cable(listener, server, server.port);
  }

  /** What stands before paths, for the browser. */
  get origin(): string {
    return this.to.publicRoot;
  }

  /** From here on connections lead to the server on another port. */
  lead(port: number): void {
    this.port = port;
  }

  /** Ends each new connection whose first request is for such a path. */
  block(path: RegExp): void {
    this.blocked = path;
  }

  /** Breaks all connections; new ones can be made at once. */
  cut(): void {
    this.limit = undefined;
    for (const { browser, server } of this.pairs) {
      browser.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.pairs.clear();
  }

  /** Pulls once WebSockets have brought so many more bytes to the browser, within a message as may be. */
  async pullAfter(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.limit = {
        left: bytes,
        reached: () => {
          this.pull();
          resolve();
        },
      };
    });
  }

  /** Breaks all connections and lets no new one through until {@link plug}. */
  pull(): void {
    this.pulled = true;
    this.cut();
  }

  /** Lets new connections through again. */
  plug(): void {
    this.pulled = false;
  }

  /** From here on the connections that there are carry nothing, and nobody is told; new ones do. */
  silence(): void {
    for (const pair of this.pairs) {
      pair.silent = true;
      pair.browser.pause();
      pair.server.pause();
    }
  }

  /** Takes it away for good. */
  async remove(): Promise<void> {
    await this.to.lead();
    this.cut();
    for (const browser of this.idle) browser.destroy();
    this.listener.close();
    await once(this.listener, "close");
  }

  private accept(browser: Socket): void {
    // what becomes of a connection is seen at its "close"
    browser.on("error", () => {});
    if (this.pulled) {
      browser.resetAndDestroy();
      return;
    }
    browser.setNoDelay();
    this.idle.add(browser);
    browser.once("close", () => this.idle.delete(browser));
    browser.once("data", (first: Buffer) => {
      this.idle.delete(browser);
      const path = /^\S+ (\S+)/.exec(first.toString("latin1"))?.[1] ?? "";
      if (this.blocked?.test(path) === true) {
        browser.resetAndDestroy();
      } else {
        this.join(browser, first, path.includes("/websocket"));
      }
    });
  }

  private join(browser: Socket, first: Buffer, socket: boolean): void {
    const server = connect({ port: this.port, host: "127.0.0.1", noDelay: true });
    const pair = { browser, server, socket, silent: false };
    this.pairs.add(pair);
    server.on("error", () => {});
    server.write(first);
    browser.on("data", (bytes: Buffer) => pass(bytes, browser, server, pair));
    server.on("data", (bytes: Buffer) => {
      const { limit } = this;
      if (limit === undefined || !socket) {
        pass(bytes, server, browser, pair);
        return;
      }
      pass(bytes.subarray(0, limit.left), server, browser, pair);
      limit.left -= bytes.length;
      if (limit.left <= 0) {
        limit.reached();
      }
    });
    for (const [one, other] of [
      [browser, server],
      [server, browser],
    ] as const) {
      one.on("end", () => other.end());
      one.on("close", () => {
        this.pairs.delete(pair);
        if (!pair.silent) other.destroy();
      });
    }
  }
}

/** Hands bytes on, and reads no more of them while the other side does not take them. */
function pass(bytes: Buffer, from: Socket, to: Socket, pair: Pair): void {
  if (!to.write(bytes)) {
    from.pause();
    to.once("drain", () => {
      if (!pair.silent) from.resume();
    });
  }
}
