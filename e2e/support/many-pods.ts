// The demo with a crowd of 10,000 pods of which 50 change each second, and the list that shows them.
import { expect, type Page } from "@playwright/test";
import { PodList } from "./pod-list.ts";
import { Podshell } from "./podshell.ts";

export const PODS = 10_000;
export const CHANGES = 50;
/** Those that the demo has anyway. */
export const OTHERS = 13;

/** A fixture: a server of such a demo. */
export async function manyPods({}: object, use: (server: Podshell) => Promise<void>): Promise<void> {
  const crowd = ["--demo-pods", String(PODS), "--demo-changes", String(CHANGES)];
  const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo", ...crowd]);
  await use(server);
  await server.stop();
}

/** Opens the list and waits until all pods are there: all but those that are gone for a moment. */
export async function openAll(page: Page): Promise<PodList> {
  const list = await PodList.open(page);
  await expect.poll(() => count(page), { timeout: 60_000 }).toBeGreaterThan(PODS);
  return list;
}

/** How many pods the page says that there are. */
export async function count(page: Page): Promise<number> {
  const told = (await page.locator(".pod-toolbar__count").textContent()) ?? "";
  return Number(/(\d+) pods/.exec(told)?.[1] ?? 0);
}
