// Rows of the list keep their places while somebody points at them, and what goes is seen to go.
import { deletePod } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { expect, test } from "../support/test.ts";

test("a pod that is gone is seen to be gone, for a moment", async ({ page, ownPod }) => {
  const list = await PodList.open(page);
  await list.filter.fill(ownPod.pod);
  const row = list.row(`${ownPod.namespace}/${ownPod.pod}`);
  await expect(row).toBeVisible();
  // how it looks while it goes is noted down, for it is soon over
  await row.evaluate((row) => {
    const seen = new Set<string>();
    Object.assign(window, { seen });
    new MutationObserver(() => seen.add(row.className)).observe(row, { attributes: true });
  });
  await deletePod(ownPod.pod);
  await expect(row).toBeHidden({ timeout: 30_000 });
  const seen = await page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen].join("\n"));
  expect(seen).toContain("pod-row--gone");
});

test("rows keep their places for who points at them, though not for long", async ({ page }) => {
  const list = await PodList.open(page);
  const row = page.getByTestId("pod-row").first();
  // as the server would tell of a pod that stands before all others
  let told = 0;
  await row.hover();
  await page.route(/\/api\/v1\/pods\?/, async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as { partial?: boolean; pods: object[] };
    if (told === 0 && answer.partial === true) {
      const created = new Date().toISOString();
      answer.pods.push({ namespace: "aaa", name: "first", status: "Pending", created, containers: [] });
      told = Date.now();
    }
    await route.fulfill({ response, json: answer });
  });
  await expect(list.row("aaa/first")).toBeVisible();
  expect(Date.now() - told).toBeGreaterThan(1500);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("what can't be entered is in the palette with the reason, and Enter leads to its log or its row", async ({
  page,
  heldPod,
}) => {
  await PodList.open(page);
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Go to" });
  await page.keyboard.type(heldPod.pod);
  await expect(palette.getByRole("option").first()).toContainText("SchedulingGated");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("filter")).toHaveValue(heldPod.pod);
  await expect(page.getByTestId("pod-row")).toHaveCount(1);
});
