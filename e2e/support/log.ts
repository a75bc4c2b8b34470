// The page's log of a container as a user meets it.
import { expect, type Locator, type Page } from "@playwright/test";
import { execute, type Target } from "./kubectl.ts";
import type { Address } from "./terminal.ts";

export class Log {
  readonly root: Locator;
  readonly state: Locator;
  readonly newest: Locator;

  constructor(readonly page: Page) {
    // those of other tabs are in the document, too
    this.root = page.getByTestId("log").filter({ visible: true });
    this.state = page.getByTestId("log-state");
    this.newest = this.root.getByTestId("newest");
  }

  /** Opens a log by its deep link, without waiting for anything. */
  static async goto(page: Page, target: Target, { origin = "", query = "" }: Address = {}): Promise<Log> {
    const path = `/log/${target.namespace}/${target.pod}/${target.container}`;
    // without an origin it is below the address of the test's server
    await page.goto(`${origin || "."}${path}${query}`);
    return new Log(page);
  }

  /** Opens a log by its deep link and waits until it is read. */
  static async open(page: Page, target: Target, address?: Address): Promise<Log> {
    const log = await Log.goto(page, target, address);
    await log.expectState("connected");
    return log;
  }

  async expectState(state: "connecting" | "connected" | "reconnecting" | "ended" | "failed"): Promise<void> {
    await expect(this.state).toHaveAttribute("data-state", state, { timeout: 20_000 });
  }

  /** The rows that are in sight, without those that are empty. */
  async rows(): Promise<string[]> {
    const text = await this.root.locator(".xterm-rows").innerText();
    const rows = text.split("\n").map((row) => row.replaceAll("\u00a0", " ").trimEnd());
    return rows.filter((row) => row !== "");
  }

  /** Waits until these rows are in sight, and no others. */
  async expectRows(rows: string[]): Promise<void> {
    await expect.poll(() => this.rows(), { timeout: 15_000 }).toEqual(rows);
  }

  /** Waits until a row is in sight that is this one. */
  async expectRow(row: string): Promise<void> {
    await expect.poll(() => this.rows(), { timeout: 15_000 }).toContain(row);
  }

  button(name: string): Locator {
    return this.root.getByRole("button", { name, exact: true });
  }

  /** How many matches there are, and which is shown. */
  get found(): Locator {
    return this.root.getByRole("search").getByRole("status");
  }

  get field(): Locator {
    return this.root.getByRole("search").getByRole("textbox");
  }
}

/** Has the main process of a container print something, byte for byte. */
export async function print(target: Target, text: string): Promise<void> {
  const hex = [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  await execute(target, "bash", "-c", `printf '${hex}' >/proc/1/fd/1`);
}
