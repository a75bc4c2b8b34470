// Pictures of the list of pods: as it comes, searched, by keys, with shells on top, and where there is none.
import { PodList } from "../support/pod-list.ts";
import { expect, test, WEB, WEB_TEXT } from "./studio.ts";

test("the list", { tag: "@phone" }, async ({ page, show }) => {
  const list = await PodList.open(page);
  await expect(list.row("shop/web-0")).toBeVisible();
  await show("list");
});

test("the list with a row chosen, and its containers", async ({ page, show }) => {
  await PodList.open(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(page.locator(".pod-row--selected")).toBeVisible();
  await show("list-chosen");
});

test("a search in the list", { tag: "@phone" }, async ({ page, show }) => {
  const list = await PodList.open(page);
  await list.filter.fill("web");
  await expect(list.row("shop/db-0")).toHaveCount(0);
  await page.keyboard.press("ArrowDown");
  await show("list-search");
});

test("a search that nothing matches", async ({ page, show }) => {
  const list = await PodList.open(page);
  await list.filter.fill("no such pod");
  await expect(page.getByTestId("pod-row")).toHaveCount(0);
  await show("list-no-match");
});

test("a namespace without pods", async ({ page, show }) => {
  await page.goto("./?namespace=nothing-here");
  await expect(page.locator(".pod-list__empty")).toBeVisible();
  await show("list-empty");
});

test("the list with shells of one's own", { tag: "@phone" }, async ({ page, shell, show }) => {
  await shell(WEB, WEB_TEXT);
  await page.keyboard.press("Control+Shift+Enter");
  await expect(page.getByTestId("tab")).toHaveCount(2);
  await page.locator(".top-bar__home").click();
  await expect(page.getByTestId("own-shell")).toHaveCount(2);
  await page.getByTestId("pod-row").first().waitFor();
  await show("list-shells");
});

test("who may not list all namespaces", async ({ page, show, problems }) => {
  problems.expect(/403/);
  // the demo refuses nothing
  await page.route("**/api/v1/pods*", (route) =>
    route.fulfill({
      status: 403,
      json: {
        code: "forbidden",
        message: 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope',
      },
    }),
  );
  await page.goto("./");
  await expect(page.getByTestId("namespace")).toBeVisible();
  await show("list-refused");
});

test("a list that is out of date", async ({ page, show, problems }) => {
  problems.expect(/503/);
  const list = await PodList.open(page);
  await expect(list.row("shop/web-0")).toBeVisible();
  await page.route("**/api/v1/pods*", (route) =>
    route.fulfill({ status: 503, json: { code: "cluster-unreachable", message: "The cluster does not answer" } }),
  );
  await expect(page.getByTestId("stale")).toBeVisible();
  await show("list-stale");
});
