// A list of 10,000 pods of which 50 change each second: it is smooth, can be searched, and is the same for who goes by keyboard.
import type { Page } from "@playwright/test";
import { longest, takeLongTasks, watchLongTasks } from "../support/long-tasks.ts";
import { CHANGES, count, manyPods, openAll, OTHERS, PODS } from "../support/many-pods.ts";
import type { Podshell } from "../support/podshell.ts";
import { expect, report, test as base } from "../support/test.ts";

const test = base.extend<object, { server: Podshell }>({
  server: [manyPods, { scope: "worker" }],
});

test("of 10,000 pods those are in the document that can be seen", async ({ page }) => {
  const list = await openAll(page);
  const rows = page.getByTestId("pod-row");
  expect(await rows.count()).toBeLessThan(100);
  await expect(list.row("default/busybox")).toBeVisible();
  // a screen reader is told how many there are, and which these are
  const told = Number(await list.root.getAttribute("aria-rowcount"));
  expect(told).toBeGreaterThan(PODS - 200);
  const heading = page.locator("thead tr");
  await expect(heading).toHaveAttribute("aria-rowindex", "1");
  await expect(rows.first()).toHaveAttribute("aria-rowindex", "2");

  // at the end stand the last ones, and nothing behind them
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  const last = rows.last();
  await expect(last).toHaveAttribute("data-pod", /^team-19\//);
  await expect(last).toBeInViewport();
  await expect
    .poll(async () => Number(await last.getAttribute("aria-rowindex")))
    .toBeGreaterThan(PODS - 200);
  expect(await rows.count()).toBeLessThan(100);

  // in the middle, what can be seen is there without a hole
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight / 2));
  await expect.poll(async () => await holes(page)).toBe(0);
});

/** How many places of the window, from the table's head down to the foot, show no row. */
async function holes(page: Page): Promise<number> {
  return page.evaluate(() => {
    const x = window.innerWidth / 2;
    let holes = 0;
    for (let y = 80; y < window.innerHeight - 40; y += 20) {
      const at = document.elementFromPoint(x, y);
      if (at?.closest('[data-testid="pod-row"]') == null) holes += 1;
    }
    return holes;
  });
}

test("search finds one among them, and all are back when it is cleared", async ({ page }) => {
  const list = await openAll(page);
  await list.filter.fill("00042 team-02");
  await expect(page.getByTestId("pod-row")).toHaveCount(1);
  await expect(page.getByTestId("pod-row")).toHaveAttribute("data-pod", /^team-02\/worker-.*-00042$/);
  await list.filter.fill("welcome");
  await expect(list.row("default/welcome")).toBeVisible();
  await list.filter.clear();
  await expect.poll(async () => (await page.getByTestId("pod-row").count()) > 20).toBe(true);
  expect(await count(page)).toBeGreaterThan(PODS - 200);
});

test("changes show by themselves, in the rows that can be seen", async ({ page }) => {
  const list = await openAll(page);
  await list.filter.fill("team-07 00007");
  const row = page.getByTestId("pod-row");
  await expect(row).toHaveCount(1);
  // restarts are counted in the fifth column; 10,000 pods take 200 s, so another one's do, too
  await list.filter.fill("team-07");
  const restarts = async () =>
    page.locator(".pod-row").evaluateAll((rows) => rows.map((row) => row.children[4]?.textContent).join());
  const before = await restarts();
  await expect.poll(restarts, { timeout: 40_000 }).not.toBe(before);
});

test("a focused row stays while one scrolls, and Tab goes on from it", async ({ page }) => {
  await openAll(page);
  const first = page.getByTestId("open-shell").first();
  await first.focus();
  await page.evaluate(() => window.scrollTo(0, 200_000));
  await expect.poll(async () => await holes(page)).toBe(0);
  await expect(first).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.locator("a.attach-link:focus, [data-testid='open-shell']:focus")).toBeInViewport();
});

test("who has scrolled away from the chosen row stays there while pods come and go", async ({ page }) => {
  await openAll(page);
  await page.keyboard.press("End");
  await expect(page.locator(".pod-row--selected")).toBeInViewport();
  await page.evaluate(() => window.scrollTo(0, 0));
  // each brings some that come, and some that go
  for (let answers = 0; answers < 5; answers += 1) await page.waitForResponse(/\/api\/v1\/pods\?/);
  expect(await page.evaluate(() => window.scrollY)).toBe(0);
});

test("who scrolls while pods change sees rows, and how long the page is busy is told", async ({ page }) => {
  await watchLongTasks(page);
  await openAll(page);
  const loading = await takeLongTasks(page);
  for (let step = 0; step < 60; step += 1) {
    await page.mouse.wheel(0, 900);
    await page.waitForTimeout(50);
  }
  const scrolling = await takeLongTasks(page);
  report(`tasks over 50 ms: while loading ${loading.length}, longest ${longest(loading).toFixed(0)} ms; \
while scrolling for 3 s ${scrolling.length}, longest ${longest(scrolling).toFixed(0)} ms`);
  // how long they are is told and not asserted: that is the machine's, too
  await expect.poll(async () => await holes(page)).toBe(0);
});

test("the page asks for what is new alone, over no connection of its own", async ({ page }) => {
  const asked: { after: string; bytes: number }[] = [];
  page.on("response", async (response) => {
    const url = new URL(response.url());
    if (!url.pathname.endsWith("/api/v1/pods")) return;
    const sizes = await response.request().sizes().catch(() => undefined);
    asked.push({ after: url.searchParams.get("after") ?? "", bytes: sizes?.responseBodySize ?? 0 });
  });
  await openAll(page);
  const loaded = asked.length;
  const loading = asked.reduce((sum, answer) => sum + answer.bytes, 0);
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBeGreaterThan(loaded + 5);
  const later = asked.slice(loaded + 1);
  expect(later.every((answer) => answer.after !== "")).toBe(true);
  const each = later.reduce((sum, answer) => sum + answer.bytes, 0) / later.length;
  report(`${PODS + OTHERS} pods in ${loaded} answers, ${(loading / 1024).toFixed(0)} KiB; then ${(each / 1024).toFixed(1)} KiB a second for ${CHANGES} changes`);
  // far from what the whole takes
  expect(each * 10).toBeLessThan(loading);
});
