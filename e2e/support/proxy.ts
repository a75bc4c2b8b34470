// A reverse proxy as some companies have them: no WebSockets, and answers that are held back.
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Podshell } from "./podshell.ts";

export interface ProxyOptions {
  /** Answers are held back until so many bytes have come, or all. */
  buffer?: number;
  /** Requests to such a path are refused. */
  refuse?: RegExp;
  /** Upgrades are not refused: nothing ever answers them. */
  swallow?: boolean;
}

/** What each lets through, worse and worse, and the transport that is left. */
export const PROXIES: [name: string, options: ProxyOptions, transport: string][] = [
  ["refuses upgrades", {}, "xhr-streaming"],
  ["never answers upgrades", { swallow: true }, "xhr-streaming"],
  ["refuses upgrades and long answers to POST", { refuse: /xhr_streaming(\?|$)/ }, "eventsource"],
  ["refuses upgrades and holds answers back until 4 KB", { buffer: 4096 }, "xhr-polling"],
];

/** Stands between the browser and a server on this machine, at an address of its own. Lets no upgrade through. */
export class Proxy {
  private constructor(
    private readonly listener: Server,
    private readonly swallowed: Set<Duplex>,
    private readonly to: Podshell,
    private readonly behind: boolean,
  ) {}

  /** What stands before paths, for the browser. */
  get origin(): string {
    return this.to.publicRoot;
  }

  /** Where it listens, on this machine. */
  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Listens where the server is called by its public name, or behind what does. */
  static async to(server: Podshell, options: ProxyOptions = {}, { behind = false } = {}): Promise<Proxy> {
    const listener = createServer((asked, answer) => pass(asked, answer, server.port, options));
    const swallowed = new Set<Duplex>();
    listener.on("upgrade", (_, socket) => {
      socket.on("error", () => socket.destroy());
      if (options.swallow === true) swallowed.add(socket);
      else socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    listener.listen(behind ? 0 : server.portInFront, "127.0.0.1");
    await once(listener, "listening");
    const proxy = new Proxy(listener, swallowed, server, behind);
    if (!behind) await server.lead(proxy.port);
    return proxy;
  }

  async remove(): Promise<void> {
    if (!this.behind) await this.to.lead();
    // those are the server's no more
    for (const socket of this.swallowed) socket.destroy();
    this.listener.closeAllConnections();
    this.listener.close();
    await once(this.listener, "close");
  }
}

/** Passes a request on, and its answer back. */
function pass(asked: IncomingMessage, answer: ServerResponse, port: number, options: ProxyOptions): void {
  const { method, headers, url: path = "/" } = asked;
  if (options.refuse?.test(path)) {
    answer.writeHead(403).end();
    return;
  }
  const passed = request({ host: "127.0.0.1", port, path, headers, ...(method === undefined ? {} : { method }) });
  passed.on("response", (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    let held: Buffer[] | undefined = options.buffer === undefined ? undefined : [];
    got.on("data", (part: Buffer) => {
      held?.push(part);
      const whole = held === undefined ? part : Buffer.concat(held);
      if (whole.length < (options.buffer ?? 0)) return;
      answer.write(whole);
      if (held !== undefined) held = [];
    });
    got.on("end", () => answer.end(held === undefined ? undefined : Buffer.concat(held)));
    got.on("error", () => answer.destroy());
  });
  passed.on("error", () => answer.destroy());
  answer.on("close", () => passed.destroy());
  asked.pipe(passed);
}
