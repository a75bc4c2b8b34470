// Which cluster it is stands on every page, also for who comes by a deep link.
import type { Page } from "@playwright/test";
import { standing } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");
/** As long as such names are on some clouds. */
const LONG = "arn:aws:eks:eu-west-1:123456789012:prod-1";
const WIDTHS = [320, 360, 480, 500, 640, 736, 740, 800, 900, 1000, 1280];

/** The page is no wider than its window, whatever that is; `check` looks at more. */
async function expectRoom(page: Page, check?: () => Promise<void>): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 500 });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: `at ${width} px` })
      .toBeLessThanOrEqual(width);
    await check?.();
  }
}

test("the cluster's name and its mark stand beside a terminal", async ({ setUp }) => {
  const { page } = await setUp(["--cluster-name", "EU 1", "--cluster-mark", "production"]);
  await Terminal.open(page, BASH);
  const bar = page.getByRole("banner");
  await expect(bar.getByText("EU 1")).toBeVisible();
  await expect(bar.getByText("production")).toBeVisible();
  // of what has no room the mark goes last
  await page.setViewportSize({ width: 390, height: 700 });
  await expect(bar.getByText("EU 1")).toBeHidden();
  await expect(bar.getByText("production")).toBeInViewport({ ratio: 1 });
  await expect(bar.getByTestId("tab")).toBeInViewport({ ratio: 0.8 });
});

for (const [what, name, mark] of [["usual", "EU 1", "production"], ["long", LONG.slice(0, 40), LONG.slice(0, 40)]] as const) {
  test(`there is room for ${what} names at any width, and for the tab that is seen`, async ({ setUp }) => {
    const { page } = await setUp(["--cluster-name", name, "--cluster-mark", mark]);
    await PodList.open(page);
    await expect(page.getByRole("banner").getByText(mark).last()).toBeVisible();
    await expectRoom(page);
    const terminal = await Terminal.open(page, BASH);
    await terminal.expectPrompt();
    await expectRoom(page, async () => {
      await expect(page.getByTestId("tab")).toBeInViewport({ ratio: 0.8 });
    });
  });
}
