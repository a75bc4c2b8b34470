// A page of somebody else in the user's own browser, which tries to use the user's server.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";

/** What came of each try: "refused", "opaque" (sent, and nothing to be read), "blocked" by the browser, or what was read. */
export type Attack = Record<string, string>;

export class Stranger {
  private constructor(
    private readonly listener: Server,
    /** Scheme, host and port of its page. */
    readonly origin: string,
    /** All that it was asked for, with headers. */
    readonly requests: string[],
  ) {}

  static async start(originOf: (port: number) => string): Promise<Stranger> {
    const requests: string[] = [];
    const listener = createServer((request, answer) => {
      const { method, url, rawHeaders } = request;
      const headers = rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\n`)).join("");
      requests.push(`${method} ${url}\n${headers}`);
      answer.setHeader("Content-Type", "text/html");
      answer.end("<!doctype html><title>A page of somebody else</title>");
    }).listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    return new Stranger(listener, originOf(port), requests);
  }

  async stop(): Promise<void> {
    this.listener.closeAllConnections();
    this.listener.close();
    await once(this.listener, "close");
  }

  /** Tries all ways that a page has to reach a server, with an id for a shell. What is in the frame, its page shows. */
  async attack(page: Page, server: string, mint: string, id: string): Promise<Attack> {
    return page.evaluate(
      async ({ server, mint, id }) => {
        const results: Record<string, string> = {};
        const sockets = server.replace("http", "ws");
        const ask = async (how: string, path: string, init: RequestInit): Promise<void> => {
          try {
            const answer = await fetch(server + path, { credentials: "include", ...init });
            results[how] = answer.type === "opaque" ? "opaque" : `${answer.status} ${await answer.text()}`;
          } catch {
            results[how] = "refused";
          }
        };
        await ask("reading the list", "/api/v1/pods", {});
        await ask("asking for the list", "/api/v1/pods", { mode: "no-cors" });
        await ask("minting", mint, { mode: "no-cors" });
        await ask("signing in", "/api/v1/sign-in", { method: "POST", mode: "no-cors", body: "{}" });
        await ask("sending a key", "/api/v1/pods", { headers: { Authorization: "Bearer x" } });
        await ask("opening a session", `/api/sockjs/000/stranger/xhr?${id}`, { method: "POST", mode: "no-cors" });
        const type = [{ Op: "bind", SessionID: id }, { Op: "stdin", Data: "touch /tmp/stranger\r" }];
        await ask("speaking in it", `/api/sockjs/000/stranger/xhr_send?${id}`, {
          method: "POST",
          mode: "no-cors",
          body: JSON.stringify(type.map((message) => JSON.stringify(message))),
        });
        const connect = async (how: string, path: string, protocol?: string): Promise<void> => {
          results[how] = await new Promise((resolve) => {
            const socket = new WebSocket(sockets + path, protocol);
            socket.onopen = () => {
              socket.send(JSON.stringify(type.map((message) => JSON.stringify(message))));
              resolve("opened");
            };
            socket.onerror = () => resolve("refused");
          });
        };
        for (const prefix of ["/api/sockjs", "/ws/api/sockjs"]) {
          await connect(`${prefix} in SockJS`, `${prefix}/000/stranger/websocket?${id}`);
          await connect(`${prefix} in binary`, `${prefix}/websocket?${id}`, "podshell.v1");
        }
        results["an event stream"] = await new Promise((resolve) => {
          const source = new EventSource(`${server}/api/sockjs/000/stranger2/eventsource?${id}`, { withCredentials: true });
          source.onmessage = ({ data }) => resolve(String(data));
          source.onerror = () => resolve("refused");
        });
        // what the page of the server shows, in a frame of this one
        const frame = document.createElement("iframe");
        const loaded = new Promise((resolve) => (frame.onload = resolve));
        frame.src = server;
        document.body.append(frame);
        await loaded;
        return results;
      },
      { server, mint, id },
    );
  }
}
