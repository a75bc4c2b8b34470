// A reverse proxy at a server's public address that lets everything through, sets headers of its own and may change the document.
import { once } from "node:events";
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

export interface FrontOptions {
  /** Changes the headers of a request before the server gets it. */
  headers?: (headers: IncomingHttpHeaders) => void;
  /** Changes the headers of an answer. */
  answer?: (headers: IncomingHttpHeaders) => void;
  /** Changes the page's document. */
  document?: (html: string) => string;
}

export class Front {
  private readonly sockets = new Set<Duplex>();

  private constructor(private readonly listener: Server) {}

  /** Listens at `port`, and leads to a server on another port of this machine. */
  static async at(port: number, to: number, options: FrontOptions): Promise<Front> {
    const passed = (asked: IncomingMessage) => {
      const headers = { ...asked.headers };
      // one that is to be changed has to be readable
      if (options.document !== undefined) delete headers["accept-encoding"];
      options.headers?.(headers);
      return request({ host: "127.0.0.1", port: to, path: asked.url, method: asked.method, headers, agent: false });
    };
    const listener = createServer((asked, answer) => {
      const sent = passed(asked);
      sent.on("response", (got) => {
        const headers = { ...got.headers };
        options.answer?.(headers);
        const { document } = options;
        if (document === undefined || headers["content-type"]?.startsWith("text/html") !== true) {
          answer.writeHead(got.statusCode ?? 502, headers);
          got.pipe(answer);
          return;
        }
        const parts: Buffer[] = [];
        got.on("data", (part: Buffer) => parts.push(part));
        got.on("end", () => {
          delete headers["content-length"];
          answer.writeHead(got.statusCode ?? 502, headers).end(document(Buffer.concat(parts).toString()));
        });
      });
      sent.on("error", () => answer.destroy());
      answer.on("close", () => sent.destroy());
      asked.pipe(sent);
    });
    const front = new Front(listener);
    listener.on("upgrade", (asked, socket, first) => {
      const keep = (one: Duplex) => front.sockets.add(one.on("error", () => one.destroy()));
      keep(socket);
      const sent = passed(asked);
      const tell = (got: IncomingMessage) => {
        const { rawHeaders: raw } = got;
        const lines = raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : []));
        socket.write([`HTTP/1.1 ${got.statusCode} ${got.statusMessage}`, ...lines, "", ""].join("\r\n"));
      };
      sent.on("upgrade", (got, server, rest) => {
        keep(server);
        tell(got);
        socket.write(rest);
        server.write(first);
        server.pipe(socket).pipe(server);
        socket.on("close", () => server.destroy());
        server.on("close", () => socket.destroy());
      });
      sent.on("response", (got) => {
        tell(got);
        got.pipe(socket);
      });
      sent.on("error", () => socket.destroy());
      sent.end();
    });
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    return front;
  }

  /** Where it listens, on this machine. */
  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  async remove(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.listener.closeAllConnections();
    this.listener.close();
    await once(this.listener, "close");
  }
}
