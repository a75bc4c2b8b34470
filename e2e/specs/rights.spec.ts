// What someone sees who may not do everything in the cluster: RBAC decides, and the page says so.
import { writeFile } from "node:fs/promises";
import type { Browser, Page } from "@playwright/test";
import { NAMESPACE, restrictedKubeconfig, standing } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Podshell } from "../support/podshell.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test, type Problems } from "../support/test.ts";

const BASH = standing("bash");
const SEE_PODS = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const EXEC = { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] };

/** Opens the page of a server that acts with these rights alone. */
async function withRights(
  { browser, problems }: { browser: Browser; problems: Problems },
  file: string,
  account: string,
  rules: object[],
  use: (page: Page, list: PodList) => Promise<void>,
): Promise<void> {
  await writeFile(file, await restrictedKubeconfig(account, rules));
  const server = await Podshell.start(["--listen", "127.0.0.1:0", "--kubeconfig", file]);
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  problems.watch(context);
  try {
    const page = await context.newPage();
    await use(page, await PodList.open(page, server.signInUrl));
  } finally {
    await context.close();
    await server.stop();
  }
}

test("who may see one namespace gets its pods, is told so, and has a shell", async ({
  browser,
  problems,
}, testInfo) => {
  const file = testInfo.outputPath("kubeconfig");
  await withRights({ browser, problems }, file, "e2e-one-namespace", [SEE_PODS, EXEC], async (page, list) => {
    await expect(page.getByTestId("only-banner")).toContainText(NAMESPACE);
    await expect(page.locator(`[data-testid="pod-row"]:not([data-pod^="${NAMESPACE}/"])`)).toHaveCount(0);
    await list.shell(`${BASH.namespace}/${BASH.pod}`, BASH.container).click();
    const terminal = new Terminal(page);
    await terminal.expectState("connected");
    await terminal.run("echo $((6*7))");
    await terminal.expectText(/^42$/m);
  });
});

test("who may not exec is told which right is missing", async ({ browser, problems }, testInfo) => {
  problems.expect(/403/);
  const file = testInfo.outputPath("kubeconfig");
  await withRights({ browser, problems }, file, "e2e-sees-only", [SEE_PODS], async (page, list) => {
    await list.shell(`${BASH.namespace}/${BASH.pod}`, BASH.container).click();
    const terminal = new Terminal(page);
    await terminal.expectState("failed");
    await expect(terminal.state).toHaveAttribute("data-reason", "forbidden");
    await expect(terminal.failure).toContainText("pods/exec");
  });
});
