// A client of the wire protocol as Kubernetes Dashboard's page is one: npm's sockjs-client and `TerminalMessage`.
import { expect } from "@playwright/test";
import SockJS from "sockjs-client";
import type { Target } from "./kubectl.ts";
import type { Podshell } from "./podshell.ts";

/** How long a test waits for anything that the server should say. */
const PATIENCE_MS = 20_000;

/** Dashboard's one message type. A client may leave keys out, the server never does. */
export interface TerminalMessage {
  Op: string;
  Data: string;
  SessionID: string;
  Rows: number;
  Cols: number;
}

/** How the server closed the connection. */
export interface Closed {
  code: number;
  reason: string;
  wasClean: boolean;
}

/** The route of Dashboard's API that gives out an id. */
export function mintPath(target: Target): string {
  return `/api/v1/pod/${target.namespace}/${target.pod}/shell/${target.container}`;
}

/** The short form of the same route. */
export function aliasPath(target: Target): string {
  return `/api/pod/${target.pod}/shell?namespace=${target.namespace}&container=${target.container}`;
}

/** Asks for an id as a script does. */
export async function mint(server: Podshell, path: string): Promise<string> {
  const answer = await fetch(server.root + path, { headers: server.bearer });
  expect(answer.status, await answer.clone().text()).toBe(200);
  const body = (await answer.json()) as { id: string };
  expect(Object.keys(body)).toEqual(["id"]);
  return body.id;
}

/** One SockJS connection. */
export class DashboardClient {
  /** Every message as it came, for checks of its form. */
  readonly raw: string[] = [];
  private text = "";
  private ended: Closed | undefined;
  private changed: () => void = () => {};

  private constructor(
    private readonly socket: WebSocket,
    /** The id that it was opened with. */
    readonly id: string,
  ) {
    socket.onmessage = (event: MessageEvent) => {
      const data = String(event.data);
      this.raw.push(data);
      const message = JSON.parse(data) as TerminalMessage;
      if (message.Op === "stdout") {
        this.text += message.Data;
      }
      this.changed();
    };
    socket.onclose = ({ code, reason, wasClean }: CloseEvent) => {
      this.ended = { code, reason, wasClean };
      this.changed();
    };
  }

  /**
   * Opens `{prefix}?{id}` by the websocket transport, as Dashboard's page does.
   * In Node sockjs-client sends neither cookie nor header for `/info`: the id is all that lets it in.
   */
  static async connect(server: Podshell, id: string, prefix = "/api/sockjs"): Promise<DashboardClient> {
    const socket = new SockJS(`${server.root}${prefix}?${id}`, null, { transports: "websocket" });
    const client = new DashboardClient(socket, id);
    await client.until(
      "the connection to open",
      () => {
        if (client.ended !== undefined) {
          throw new Error(`closed before it was open: ${JSON.stringify(client.ended)}`);
        }
        return socket.readyState === SockJS.OPEN;
      },
      (changed) => (socket.onopen = changed),
    );
    return client;
  }

  /** Sends a message with these keys and no others. */
  send(message: Partial<TerminalMessage>): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Binds to its id. */
  bind(): void {
    this.send({ Op: "bind", SessionID: this.id });
  }

  /** Types a line. */
  type(line: string): void {
    this.send({ Op: "stdin", Data: `${line}\r` });
  }

  /** Hangs up. */
  close(): void {
    this.socket.close();
  }

  /** All terminal output so far. */
  get output(): string {
    return this.text;
  }

  /** Waits for output and gives the match. */
  async expectOutput(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null;
    await this.until(`output like ${pattern.source}`, () => {
      match = pattern.exec(this.text);
      if (match === null && this.ended !== undefined) {
        throw new Error(`closed with ${JSON.stringify(this.ended)} after: ${this.text.slice(-2000)}`);
      }
      return match !== null;
    });
    return match as unknown as RegExpExecArray;
  }

  /** Waits for the end and tells how it came. */
  async expectClosed(): Promise<Closed> {
    await this.until("the connection to close", () => this.ended !== undefined);
    return this.ended as unknown as Closed;
  }

  /** Waits until `done`, looking again at each event. */
  private async until(
    what: string,
    done: () => boolean,
    alsoOn: (changed: () => void) => void = () => {},
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        settle();
        reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; output so far: ${this.text.slice(-2000)}`));
      }, PATIENCE_MS);
      const settle = () => {
        clearTimeout(deadline);
        this.changed = () => {};
      };
      const look = () => {
        try {
          if (done()) {
            settle();
            resolve();
          }
        } catch (error) {
          settle();
          reject(error as Error);
        }
      };
      this.changed = look;
      alsoOn(look);
      look();
    });
  }
}
