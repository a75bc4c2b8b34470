// A client of a session beside its page: the binary protocol by hand, from a page of the same browser.
import type { JSHandle, Page } from "@playwright/test";
import { mint, mintPath } from "./dashboard.ts";
import type { Target } from "./kubectl.ts";
import type { Podshell } from "./podshell.ts";

interface Inside {
  socket: WebSocket;
  output: string;
  end: { reason: string } | undefined;
}

export class RawClient {
  private constructor(private readonly inside: JSHandle<Inside>) {}

  /** Resumes a session from a page of the same origin, and acknowledges all that comes. */
  static async resume(page: Page, key: string, offset: number): Promise<RawClient> {
    const first = Buffer.alloc(9);
    first[0] = 6;
    first.writeBigUInt64BE(BigInt(offset), 1);
    // what stands before the dot is no secret
    return RawClient.start(page, key.split(".")[0] ?? "", [...first, ...Buffer.from(key)]);
  }

  /** Opens a shell from a page of the same origin, and acknowledges all that comes. */
  static async open(page: Page, server: Podshell, target: Target): Promise<RawClient> {
    const id = await mint(server, mintPath(target));
    return RawClient.start(page, id, [5, ...Buffer.from(id)]);
  }

  /** Connects with what shows that it may, says this first, and waits until it is bound. */
  private static async start(page: Page, shown: string, first: number[]): Promise<RawClient> {
    const inside = await page.evaluateHandle(
      async ({ shown, first }) => {
        const url = new URL(`ws/api/sockjs/websocket?${shown}`, document.baseURI.replace(/^http/, "ws"));
        const socket = new WebSocket(url, "podshell.v1");
        socket.binaryType = "arraybuffer";
        const inside: Inside = { socket, output: "", end: undefined };
        const decoder = new TextDecoder();
        const acknowledge = (offset: number) => {
          const message = new Uint8Array(9);
          message[0] = 7;
          new DataView(message.buffer).setBigUint64(1, BigInt(offset));
          socket.send(message);
        };
        await new Promise<void>((opened, failed) => {
          socket.onopen = () => opened();
          socket.onerror = () => failed(new Error("the socket did not open"));
        });
        const bound = new Promise<void>((bound, failed) => {
          let next = 0;
          socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
            const content = new Uint8Array(data, 1);
            switch (new Uint8Array(data)[0]) {
              case 1:
                inside.output += decoder.decode(content, { stream: true });
                next += content.length;
                acknowledge(next);
                break;
              case 5:
                next = Number(new DataView(data).getBigUint64(1));
                bound();
                break;
              case 11:
                inside.end = JSON.parse(decoder.decode(content)) as { reason: string };
                failed(new Error(`the session ended: ${inside.end.reason}`));
                break;
            }
          };
        });
        socket.send(new Uint8Array(first));
        await bound;
        return inside;
      },
      { shown, first },
    );
    return new RawClient(inside);
  }

  /** Types. */
  async type(text: string): Promise<void> {
    await this.inside.evaluate(({ socket }, text) => {
      socket.send(new Uint8Array([0, ...new TextEncoder().encode(text)]));
    }, text);
  }

  /** All output that came to it. */
  async output(): Promise<string> {
    return this.inside.evaluate(({ output }) => output);
  }

  /** How the server says that it ended, if it did. */
  async end(): Promise<{ reason: string } | undefined> {
    return this.inside.evaluate(({ end }) => end);
  }
}
