// The page's terminal as a user meets it: type, read the screen, read the state line.
import { expect, type FrameLocator, type Locator, type Page } from "@playwright/test";
import type { Target } from "./kubectl.ts";

/** What a prompt of the test images ends with, at the end of the screen. */
export const PROMPT = /[#$]\s*$/;

/** Floods faster than any browser draws; `y` alone comes slower, for busybox' yes writes line by line. */
const LINE = "0123456789".repeat(7);
/** What the screen shows of it: the last line may have come in part. */
const FLOODED = new RegExp(`^(${LINE}\n)+(${Array.from(LINE, (_, end) => LINE.slice(0, end + 1)).join("|")})?$`);

/** Where to open a shell other than at the test's server, and how. */
export interface Address {
  /** What stands before the path: scheme, host, port, and what it is below. */
  origin?: string;
  /** The query, with its question mark. */
  query?: string;
}

export interface Size {
  rows: number;
  cols: number;
}

export class Terminal {
  readonly host: Locator;
  readonly state: Locator;
  readonly failure: Locator;
  readonly notice: Locator;
  readonly dialogue: Locator;
  private marks = 0;

  /** The one that can be seen on a page, or in a part of it. */
  constructor(readonly page: Page, within: Page | Locator | FrameLocator = page) {
    // those of other tabs are in the document, too
    this.host = within.getByTestId("terminal").filter({ visible: true });
    this.state = page.getByTestId("state-line");
    this.failure = page.getByTestId("failure");
    this.notice = page.getByTestId("notice");
    this.dialogue = page.getByTestId("dialogue");
  }

  /** Opens a shell by its deep link, without waiting for anything. */
  static async goto(page: Page, target: Target, { origin = "", query = "" }: Address = {}): Promise<Terminal> {
    // without an origin it is below the address of the test's server
    await page.goto(`${origin || "."}${shellPath(target)}${query}`);
    return new Terminal(page);
  }

  /** Opens a shell by its deep link and waits until it is connected. */
  static async open(page: Page, target: Target, address?: Address): Promise<Terminal> {
    const terminal = await Terminal.goto(page, target, address);
    await terminal.expectState("connected");
    return terminal;
  }

  /** Waits for a state of the state line. */
  async expectState(
    state: "connecting" | "connected" | "reconnecting" | "ended" | "lost" | "failed",
  ): Promise<void> {
    await expect(this.state).toHaveAttribute("data-state", state, { timeout: 20_000 });
  }

  /** Waits for the end of the session, for this reason. */
  async expectReason(reason: string | RegExp): Promise<void> {
    await expect(this.state).toHaveAttribute("data-reason", reason, { timeout: 30_000 });
  }

  /** Waits for a transport of the state line. */
  async expectTransport(transport: string): Promise<void> {
    await expect(this.state).toHaveAttribute("data-transport", transport);
  }

  /** Waits for the shell's prompt as the last thing on the screen. */
  async expectPrompt(): Promise<void> {
    await this.expectText(PROMPT);
  }

  /** Types into the terminal, key by key, and sends the line. */
  async run(line: string): Promise<void> {
    await this.type(line);
    await this.page.keyboard.press("Enter");
  }

  /** Types into the terminal. */
  async type(text: string): Promise<void> {
    await this.host.locator(".xterm-helper-textarea").focus();
    await this.page.keyboard.type(text);
  }

  /** Pastes as the clipboard does. */
  async paste(text: string): Promise<void> {
    await this.host.locator(".xterm-helper-textarea").evaluate((area, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  }

  /** Pastes several lines where the page asks first, and says yes. */
  async pasteLines(text: string): Promise<void> {
    await this.paste(text);
    await this.answer(/^Paste \d+ lines/);
  }

  /** Presses a button of the dialogue that is open. */
  async answer(name: string | RegExp): Promise<void> {
    await this.dialogue.getByRole("button", { name }).click();
    await expect(this.dialogue).toBeHidden();
  }

  /** Waits until the terminal has the keyboard. */
  async expectFocus(): Promise<void> {
    await expect(this.host.locator(".xterm-helper-textarea")).toBeFocused();
  }

  /** Where a text begins that stands on the screen, in a row of its own or not. */
  async find(text: string): Promise<{ x: number; y: number }> {
    const rows = this.host.locator(".xterm-rows > div");
    const found = await rows.evaluateAll((rows, text) => {
      const at = rows.findLastIndex((row) => (row.textContent ?? "").replaceAll("\u00a0", " ").includes(text));
      return { at, column: (rows[at]?.textContent ?? "").replaceAll("\u00a0", " ").indexOf(text) };
    }, text);
    expect(found.at, `the screen shows ${text}`).toBeGreaterThanOrEqual(0);
    const { cols } = await this.size();
    const row = await rows.nth(found.at).boundingBox();
    const screen = await this.host.locator(".xterm-screen").boundingBox();
    const cell = (screen?.width ?? 0) / cols;
    return { x: (screen?.x ?? 0) + cell * (found.column + 0.5), y: (row?.y ?? 0) + (row?.height ?? 0) / 2 };
  }

  /** Drops a text as the mouse does that dragged it here. */
  async drop(text: string): Promise<void> {
    await this.host.locator(".xterm-screen").evaluate((screen, text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData("text/plain", text);
      for (const kind of ["dragenter", "dragover", "drop"]) {
        screen.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
      }
    }, text);
  }

  /** What the screen shows, a line per row, without the blanks at the ends. */
  async screen(): Promise<string> {
    const rows = await this.host
      .locator(".xterm-rows > div")
      .evaluateAll((rows) => rows.map((row) => row.textContent ?? ""));
    return rows
      .map((row) => row.replaceAll("\u00a0", " ").trimEnd())
      .join("\n")
      .trimEnd();
  }

  /**
   * The last lines that can be scrolled to, read as a user does, page by page: these many, which must be there, and
   * up to a page more. Leaves the window tall, for a page to hold many.
   */
  async scrollback(lines: number): Promise<string[]> {
    await this.resize(this.page.viewportSize()?.width ?? 1280, 2_000);
    const height = () => this.size().then(({ rows }) => rows);
    let rows = await height();
    await expect.poll(async () => rows === (rows = await height())).toBe(true);
    return this.host.evaluate(
      async (host, { rows, lines }) => {
        const area = host.querySelector(".xterm-helper-textarea") as HTMLElement;
        const drawn = () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        const shown = () =>
          [...host.querySelectorAll(".xterm-rows > div")].map((row) =>
            (row.textContent ?? "").replaceAll("\u00a0", " ").trimEnd(),
          );
        const turn = async (key: "PageUp" | "PageDown") => {
          const keyCode = key === "PageUp" ? 33 : 34;
          const pressed = { key, code: key, keyCode, shiftKey: true, bubbles: true };
          area.dispatchEvent(new KeyboardEvent("keydown", pressed));
          await drawn();
        };
        // a window takes its new size in steps, and xterm.js draws that in more than one frame
        for (let same = 0; same < 5; same = shown().length === rows ? same + 1 : 0) await drawn();
        const pages = [shown()];
        for (let read = rows; read < lines; read += rows - 1) {
          const first = pages[0]?.[0];
          await turn("PageUp");
          for (let tries = 0; shown().at(-1) !== first; tries++) {
            if (tries === 50) throw new Error(`a page ends with ${shown().at(-1)}, the next begins with ${first}`);
            await drawn();
          }
          pages.unshift(shown());
        }
        for (let _ of pages.slice(1)) await turn("PageDown");
        // a page begins with the last line of the one before
        return pages.flatMap((page, n) => (n === 0 ? page : page.slice(1)));
      },
      { rows, lines },
    );
  }

  /** Waits until the screen shows a text. */
  async expectText(text: string | RegExp, timeout = 15_000): Promise<void> {
    const matching = typeof text === "string" ? expect.stringContaining(text) : expect.stringMatching(text);
    await expect
      .poll(() => this.screen(), { message: `the screen shows ${String(text)}`, timeout })
      .toEqual(matching);
  }

  /** Begins a flood, and waits until it fills the screen. */
  async flood(): Promise<void> {
    await this.run(`yes ${LINE}`);
    await this.expectText(FLOODED);
  }

  /** Waits until the screen no longer shows a text. */
  async expectNoText(text: string | RegExp): Promise<void> {
    const matching =
      typeof text === "string" ? expect.not.stringContaining(text) : expect.not.stringMatching(text);
    await expect
      .poll(() => this.screen(), { message: `the screen no longer shows ${String(text)}` })
      .toEqual(matching);
  }

  /** Runs a command that prints one number, and gives it. */
  async number(command: string): Promise<number> {
    // put together by the shell, so that the echo of the command does not match; nor does an earlier answer
    const mark = ++this.marks;
    await this.run(`echo mark''ed ${mark} $(${command})`);
    const answer = new RegExp(`^marked ${mark} (\\d+)$`, "m");
    await this.expectText(answer);
    return Number(answer.exec(await this.screen())?.[1]);
  }

  /** Gives the page another size, and waits until the terminal has taken one that fits. */
  async resize(width: number, height: number): Promise<Size> {
    const { rows, cols } = await this.size();
    await this.page.setViewportSize({ width, height });
    await expect(this.state).not.toHaveAttribute("data-size", `${rows}x${cols}`);
    return this.size();
  }

  /** The size that the page says the terminal has. */
  async size(): Promise<Size> {
    await expect(this.state).toHaveAttribute("data-size", /^[1-9]\d*x[1-9]\d*$/);
    const [rows, cols] = ((await this.state.getAttribute("data-size")) ?? "").split("x").map(Number);
    return { rows: rows ?? 0, cols: cols ?? 0 };
  }
}

/** The deep link of a shell. */
export function shellPath(target: Target): string {
  return `/shell/${target.namespace}/${target.pod}/${target.container}`;
}
