// The list of pods: what is there, what can be opened and why not.
import { deletePod, standing } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

test("a running pod shows with a way into each of its containers", async ({ page }) => {
  const list = await PodList.open(page);
  const row = list.row("podshell-e2e/shell");
  await expect(row).toContainText("Running");
  for (const container of ["bash", "busybox", "noshell"]) {
    await expect(list.shell("podshell-e2e/shell", container)).toBeVisible();
  }
  // the init container has ended: it may show, but there is nothing to open
  await expect(list.shell("podshell-e2e/shell", "prepare")).toHaveCount(0);
});

test("a pending pod says why and can't be opened", async ({ page }) => {
  const list = await PodList.open(page);
  const row = list.row("podshell-e2e/pending");
  await expect(row).toContainText("Pending");
  await expect(row).toContainText(/No node can take it: .*nodes are available/);
  await expect(list.shell("podshell-e2e/pending")).toHaveCount(0);
});

test("of one that crashes it is told how it ended, and when it starts again", async ({ page }) => {
  const again = new Date(Date.now() + 160_000).toISOString();
  await page.route("**/api/v1/pods*", async (route) => {
    const answer = await route.fetch();
    const list = (await answer.json()) as { pods: { name: string; why: object; containers: object[] }[] };
    for (const pod of list.pods.filter((pod) => pod.name === "pending")) {
      pod.why = { crashed: { reason: "OOMKilled", code: 137, again } };
    }
    await route.fulfill({ response: answer, json: list });
  });
  const list = await PodList.open(page);
  const row = list.row("podshell-e2e/pending");
  await expect(row).toContainText(/Exit code 137, OOMKilled; next start in 2m\d+s/);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

for (const [how, minutes] of [["ahead", 90], ["behind", -90]] as const) {
  test(`ages are right where the browser's clock is ${how}`, async ({ page, ownPod }) => {
    await page.clock.setFixedTime(Date.now() + minutes * 60_000);
    const list = await PodList.open(page);
    const row = list.row(`${ownPod.namespace}/${ownPod.pod}`);
    await expect(row.getByRole("cell", { name: /^(\d+s|[1-3]m(\d+s)?)$/ })).toBeVisible();
  });
}

test("the filter leaves the pods that match", async ({ page }) => {
  const list = await PodList.open(page);
  await expect(list.row("podshell-e2e/shell")).toBeVisible();
  await expect(list.row("podshell-e2e/pending")).toBeVisible();

  await list.filter.fill("pending");
  await expect(list.row("podshell-e2e/shell")).toBeHidden();
  await expect(list.row("podshell-e2e/pending")).toBeVisible();

  await list.filter.fill("podshell-e2e");
  await expect(list.row("podshell-e2e/shell")).toBeVisible();
  await expect(page.getByTestId("pod-row").and(page.locator('[data-pod^="kube-system/"]'))).toHaveCount(0);

  await list.filter.fill("no pod has this name");
  await expect(page.getByTestId("pod-row")).toHaveCount(0);
  await expect(page.getByText(/^no pod/i)).toBeVisible();

  await list.filter.clear();
  await expect(list.row("podshell-e2e/shell")).toBeVisible();
});

test("a click on a container opens a shell in it", async ({ page }) => {
  const list = await PodList.open(page);
  await list.shell("podshell-e2e/shell", "bash").click();
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await expect(page).toHaveURL(/\/shell\/podshell-e2e\/shell\/bash$/);
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);

  await page.goBack();
  await expect(list.row("podshell-e2e/shell")).toBeVisible();
});

test("what comes and goes shows by itself", async ({ page, ownPod }) => {
  const list = await PodList.open(page);
  const row = list.row(`${ownPod.namespace}/${ownPod.pod}`);
  await expect(row).toContainText("Running");
  await deletePod(ownPod.pod);
  await expect(row).toHaveCount(0, { timeout: 30_000 });
  await expect(list.row(`${standing("bash").namespace}/shell`)).toBeVisible();
});

test("a column orders the list, and once more the other way round", async ({ page }) => {
  const list = await PodList.open(page);
  await list.filter.fill("podshell-e2e");
  const names = () => page.getByTestId("pod-row").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-pod") ?? ""));
  const heading = page.getByRole("columnheader", { name: "Name", exact: false }).first();
  await heading.getByRole("button").click();
  await expect(heading).toHaveAttribute("aria-sort", "ascending");
  const name = (pod: string) => pod.slice(pod.indexOf("/"));
  const inOrder = (pods: string[]) => [...pods].sort((one, two) => (name(one) < name(two) ? -1 : 1));
  await expect.poll(async () => ((pods) => inOrder(pods).join() === pods.join())(await names())).toBe(true);
  await heading.getByRole("button").click();
  await expect(heading).toHaveAttribute("aria-sort", "descending");
  await expect.poll(async () => ((pods) => inOrder(pods).reverse().join() === pods.join())(await names())).toBe(true);
});

test("only what can be entered is shown on demand", async ({ page }) => {
  const list = await PodList.open(page);
  await list.filter.fill("podshell-e2e");
  await expect(list.row("podshell-e2e/pending")).toBeVisible();
  await page.getByRole("button", { name: "Only what I can enter" }).click();
  await expect(list.row("podshell-e2e/pending")).toHaveCount(0);
  await expect(list.row("podshell-e2e/shell")).toBeVisible();
});
