// For how long a page is busy at a time, as the browser tells it: tasks of more than 50 ms.
import type { Page } from "@playwright/test";

type Watched = Window & { longTasks: number[] };

/** Has each document of a page note them. */
export async function watchLongTasks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const longTasks: number[] = [];
    Object.assign(window, { longTasks });
    new PerformanceObserver((list) => {
      longTasks.push(...list.getEntries().map((entry) => entry.duration));
    }).observe({ type: "longtask", buffered: true });
  });
}

/** How long each took since this was asked last, in ms. */
export async function takeLongTasks(page: Page): Promise<number[]> {
  return page.evaluate(() => (window as unknown as Watched).longTasks.splice(0));
}

/** How long the longest took, in ms; 0 if there was none. */
export function longest(tasks: number[]): number {
  return Math.max(0, ...tasks);
}
