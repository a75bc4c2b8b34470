// Namespaces for who may not list all: by the field on the page, by the address, by what was named before.
import { writeFile } from "node:fs/promises";
import type { TestInfo } from "@playwright/test";
import { EXEC, NAMESPACE, restrictedKubeconfig, SEE_PODS } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Podshell } from "../support/podshell.ts";
import { expect, test } from "../support/test.ts";

/** The kubeconfig file of an account that may see one namespace, which its context does not name. */
async function elsewhere(testInfo: TestInfo, account: string): Promise<{ kubeconfig: string }> {
  const config = JSON.parse(await restrictedKubeconfig(account, [SEE_PODS, EXEC])) as {
    contexts: { context: { namespace?: string } }[];
  };
  for (const { context } of config.contexts) context.namespace = "default";
  const file = testInfo.outputPath("kubeconfig");
  await writeFile(file, JSON.stringify(config));
  return { kubeconfig: file };
}

test("who may not list all names a namespace, and it is remembered", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const { page } = await setUp([], await elsewhere(testInfo, "e2e-names-one"));
  await expect(page.getByTestId("failure")).toContainText("may list");
  const field = page.getByTestId("namespace");
  await field.fill("No Name!");
  await field.press("Enter");
  await expect(page.getByTestId("failure")).toBeVisible();

  await field.fill(NAMESPACE);
  await field.press("Enter");
  const list = new PodList(page);
  await expect(list.row(`${NAMESPACE}/shell`)).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`\\?namespace=${NAMESPACE}$`));
  await expect(page.getByTestId("only-banner")).toHaveCount(0);

  // the address leads there, too
  await page.reload();
  await expect(list.row(`${NAMESPACE}/shell`)).toBeVisible();
  await expect(field).toHaveValue(NAMESPACE);

  // and who comes back from a shell is where they were
  await expect(list.row(`${NAMESPACE}/shell`).getByTestId("attach")).toHaveCount(0);
  await list.shell(`${NAMESPACE}/shell`, "bash").click();
  await expect(page).toHaveURL(/\/shell\//);
  await page.getByRole("link", { name: "Pods" }).first().click();
  await expect(list.row(`${NAMESPACE}/shell`)).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`\\?namespace=${NAMESPACE}$`));

  await page.goto("./");
  await expect(page.getByTestId("failure")).toBeVisible();
  await field.focus();
  await expect(page.locator(`#namespaces option[value="${NAMESPACE}"]`)).toHaveCount(1);
  await page.getByText("Used before:").locator("..").getByRole("link", { name: NAMESPACE, exact: true }).click();
  await expect(list.row(`${NAMESPACE}/shell`)).toBeVisible();
});

const demo = test.extend<object, { server: Podshell }>({
  server: [
    async ({}, use) => {
      const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo", "--namespace", "shop"]);
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
});

demo("a server may list some namespaces alone, and another can be named", async ({ page }) => {
  const list = await PodList.open(page);
  await expect(page.getByTestId("only-banner")).toContainText("shop");
  await expect(list.row("shop/web-0")).toBeVisible();
  await expect(page.locator('[data-testid="pod-row"]:not([data-pod^="shop/"])')).toHaveCount(0);

  const field = page.getByTestId("namespace");
  await field.fill("jobs");
  await field.press("Enter");
  await expect(page.locator('[data-testid="pod-row"][data-pod^="jobs/"]')).toHaveCount(3);
  await expect(list.row("shop/web-0")).toHaveCount(0);
  await expect(page.getByTestId("only-banner")).toHaveCount(0);
  await expect(page).toHaveURL(/\?namespace=jobs$/);

  // what can't be a name goes nowhere
  await field.fill("No Name!");
  await field.press("Enter");
  await expect(page).toHaveURL(/\?namespace=jobs$/);

  await page.goBack();
  await expect(list.row("shop/web-0")).toBeVisible();
  await expect(field).toHaveValue("");
  await field.focus();
  await expect(page.locator('#namespaces option[value="jobs"]')).toHaveCount(1);
});

demo("a list comes back as it was from a shell, and by its address", async ({ page }) => {
  const list = await PodList.open(page, "./?namespace=default");
  await expect(list.row("default/welcome")).toBeVisible();
  await list.shell("default/welcome", "shell").click();
  await page.getByRole("link", { name: "Pods" }).first().click();
  await expect(list.row("default/welcome")).toBeVisible();
  await expect(page).toHaveURL(/\?namespace=default$/);
  await expect(page.getByTestId("pod-row")).toHaveCount(2);
});
