// Which cluster it is stands on every page, also for who comes by a deep link.
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

test("the cluster's name and its mark stand beside a terminal", async ({ setUp }) => {
  const { page } = await setUp(["--cluster-name", "EU 1", "--cluster-mark", "production"]);
  await Terminal.open(page, standing("bash"));
  const bar = page.getByRole("banner");
  await expect(bar.getByText("EU 1")).toBeVisible();
  await expect(bar.getByText("production")).toBeVisible();
  // of what has no room the mark goes last
  await page.setViewportSize({ width: 390, height: 700 });
  await expect(bar.getByText("EU 1")).toBeHidden();
  await expect(bar.getByText("production")).toBeInViewport({ ratio: 1 });
  await expect(bar.getByTestId("tab")).toBeInViewport({ ratio: 0.8 });
});
