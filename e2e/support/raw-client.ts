// A second client of a session: the binary protocol by hand, from a page of the same browser.
import type { JSHandle, Page } from "@playwright/test";

interface Inside {
  socket: WebSocket;
  output: string;
  end: { reason: string } | undefined;
}

export class RawClient {
  private constructor(private readonly inside: JSHandle<Inside>) {}

  /** Resumes a session from a page of the same origin, and acknowledges all that comes. */
  static async resume(page: Page, key: string, offset: number): Promise<RawClient> {
    const inside = await page.evaluateHandle(
      async ({ key, offset }) => {
        // what stands before the dot is no secret: it shows that the connection may be opened
        const path = `/ws/api/sockjs/websocket?${key.split(".")[0]}`;
        const url = new URL(path, location.href.replace(/^http/, "ws"));
        const socket = new WebSocket(url, "podshell.v1");
        socket.binaryType = "arraybuffer";
        const inside: Inside = { socket, output: "", end: undefined };
        const decoder = new TextDecoder();
        const numbered = (kind: number, number: number, rest = "") => {
          const text = new TextEncoder().encode(rest);
          const message = new Uint8Array(9 + text.length);
          message[0] = kind;
          new DataView(message.buffer).setBigUint64(1, BigInt(number));
          message.set(text, 9);
          return message;
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
                socket.send(numbered(7, next));
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
        socket.send(numbered(6, offset, key));
        await bound;
        return inside;
      },
      { key, offset },
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
