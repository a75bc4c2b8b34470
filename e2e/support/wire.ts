// What a page and the server say to each other, read off the page's WebSockets in either encoding.
import type { Page, WebSocket } from "@playwright/test";
import type { TerminalMessage } from "./dashboard.ts";

/** The kinds of binary messages that tests look at: docs/protocol.md, "In binary". */
const KIND = { stdin: 0, stdout: 1, bound: 5, resume: 6, interrupt: 8, skipped: 8, exit: 11 } as const;

/** A part of a session's output, or what was dropped of it. */
export interface Stretch {
  from: number;
  to: number;
}

/** One connection of a terminal, bound or resumed. */
export class Connection {
  /** The resume key that the server gave. */
  key: string | undefined;
  /** The offset from which the page asked to go on; none where it was bound. */
  resumedFrom: number | undefined;
  /** The offset from which the server went on. */
  boundAt: number | undefined;
  /** The offset behind the last byte that came. */
  next = 0;
  /** How many bytes of input the page sent, those of interrupts included. */
  sent = 0;
  readonly interrupts: number[] = [];
  readonly skipped: Stretch[] = [];
  /** How the server says that the session ended. */
  exit: { reason: string; code?: number; message: string } | undefined;
  readonly output: (Stretch & { bytes: Buffer })[] = [];

  constructor(readonly url: string) {}

  /** Whether it is the binary encoding. */
  get binary(): boolean {
    return /\/sockjs\/websocket(\?|$)/.test(this.url);
  }

  /** Takes a frame of the page. */
  pageSays(frame: string | Buffer): void {
    if (typeof frame !== "string") {
      switch (frame[0]) {
        case KIND.stdin:
          this.sent += frame.length - 1;
          break;
        case KIND.resume:
          this.resumedFrom = Number(frame.readBigUInt64BE(1));
          break;
        case KIND.interrupt:
          this.interrupts.push(this.sent++);
          break;
      }
      return;
    }
    for (const message of JSON.parse(frame) as string[]) {
      const { Op, Data } = JSON.parse(message) as TerminalMessage;
      if (Op === "resume") this.resumedFrom = Number(Data);
      if (Op === "stdin") this.sent += Buffer.byteLength(Data);
      if (Op === "interrupt") this.interrupts.push(this.sent++);
    }
  }

  /** Takes a frame of the server. */
  serverSays(frame: string | Buffer): void {
    if (typeof frame !== "string") {
      switch (frame[0]) {
        case KIND.stdout:
          this.put(frame.subarray(1), this.next + frame.length - 1);
          break;
        case KIND.bound:
          this.bind(Number(frame.readBigUInt64BE(1)), frame.toString("utf8", 17));
          break;
        case KIND.skipped:
          this.skip(Number(frame.readBigUInt64BE(1)), Number(frame.readBigUInt64BE(9)));
          break;
        case KIND.exit:
          this.exit = JSON.parse(frame.toString("utf8", 1)) as NonNullable<Connection["exit"]>;
          break;
      }
      return;
    }
    if (!frame.startsWith("a")) return;
    for (const message of JSON.parse(frame.slice(1)) as string[]) {
      const { Op, Data, SessionID } = JSON.parse(message) as TerminalMessage;
      const bytes = Buffer.from(Data);
      // how long the text is does not say how far it goes: U+FFFD may stand for one byte
      if (Op === "stdout") this.put(bytes, Number(SessionID));
      if (Op === "bound") this.bind(Number(Data.split(",")[0]), SessionID);
      if (Op === "skipped") this.skip(Number(Data.split(",")[0]), Number(Data.split(",")[1]));
      if (Op === "exit") this.exit = JSON.parse(Data) as NonNullable<Connection["exit"]>;
    }
  }

  private bind(offset: number, key: string): void {
    this.boundAt = offset;
    this.next = offset;
    this.key = key;
  }

  private skip(from: number, to: number): void {
    this.skipped.push({ from, to });
    this.next = to;
  }

  private put(bytes: Buffer, to: number): void {
    this.output.push({ from: this.next, to, bytes });
    this.next = to;
  }
}

/** All connections of a page. Reload and fallback make new ones. */
export class Wire {
  readonly connections: Connection[] = [];

  /** Listens to the sockets that a page opens from now on. */
  constructor(page: Page) {
    page.on("websocket", (socket: WebSocket) => {
      const connection = new Connection(socket.url());
      this.connections.push(connection);
      socket.on("framesent", ({ payload }) => connection.pageSays(payload));
      socket.on("framereceived", ({ payload }) => connection.serverSays(payload));
    });
  }

  /** Those that the server bound to a session. */
  get bound(): Connection[] {
    return this.connections.filter(({ boundAt }) => boundAt !== undefined);
  }

  /** The last that was bound. */
  get last(): Connection {
    const last = this.bound.at(-1);
    if (last === undefined) throw new Error("nothing was bound yet");
    return last;
  }

  /** What was dropped after an interrupt, over all connections. */
  get skipped(): Stretch[] {
    return this.connections.flatMap(({ skipped }) => skipped);
  }

  /**
   * The session's output so far, put together by its offsets. Fails where something is missing that the server did
   * not tell as skipped, where the same offset came twice with other bytes, and where text stands for other bytes.
   */
  output(): Buffer {
    const pieces = this.bound.flatMap(({ output }) => output);
    const whole = Buffer.alloc(Math.max(0, ...pieces.map(({ to }) => to)));
    let end = 0;
    for (const { from, to, bytes } of pieces) {
      if (to - from !== bytes.length) throw new Error(`the bytes from ${from} to ${to} are not known`);
      for (const gap of this.skipped) {
        if (gap.from === end) end = gap.to;
      }
      if (from > end) throw new Error(`output from ${end} to ${from} is missing`);
      const known = Math.min(end - from, bytes.length);
      if (!whole.subarray(from, from + known).equals(bytes.subarray(0, known))) {
        throw new Error(`output from ${from} to ${from + known} came twice, and not the same`);
      }
      bytes.copy(whole, from);
      end = Math.max(end, to);
    }
    return whole;
  }

  /** Output between two marks that stand in it, without them; undefined if they aren't there. */
  between(begin: string, end: string): Buffer | undefined {
    const output = this.output();
    const from = output.indexOf(begin);
    const to = from < 0 ? -1 : output.indexOf(end, from + begin.length);
    return to < 0 ? undefined : output.subarray(from + begin.length, to);
  }
}
