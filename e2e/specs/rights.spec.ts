// What someone sees who may not do everything in the cluster: RBAC decides, and the page says so.
import { writeFile } from "node:fs/promises";
import type { TestInfo } from "@playwright/test";
import {
  EXEC,
  NAMESPACE,
  restrictedKubeconfig,
  SEE_PODS,
  standing,
} from "../support/kubectl.ts";
import { Log } from "../support/log.ts";
import { goTo } from "../support/palette.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");

/** The kubeconfig file of an account that has these rights alone. */
async function rights(testInfo: TestInfo, account: string, rules: object[]): Promise<{ kubeconfig: string }> {
  const file = testInfo.outputPath("kubeconfig");
  await writeFile(file, await restrictedKubeconfig(account, rules));
  return { kubeconfig: file };
}

/** Waits until the list knows what its user may not: rows are drawn anew then, under the pointer. */
async function known(list: PodList): Promise<void> {
  await expect(list.row(`${BASH.namespace}/${BASH.pod}`).getByTestId("attach")).toHaveCount(0);
}

test("who may see one namespace gets its pods, is told so, and has a shell", async ({ setUp }, testInfo) => {
  const { page } = await setUp([], await rights(testInfo, "e2e-one-namespace", [SEE_PODS, EXEC]));
  const list = await PodList.open(page);
  await expect(page.getByTestId("only-banner")).toContainText(NAMESPACE);
  await expect(page.locator(`[data-testid="pod-row"]:not([data-pod^="${NAMESPACE}/"])`)).toHaveCount(0);
  await known(list);
  await list.shell(`${BASH.namespace}/${BASH.pod}`, BASH.container).click();
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
});

test("who may not exec is told which right is missing", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const { page } = await setUp([], await rights(testInfo, "e2e-sees-only", [SEE_PODS]));
  const list = await PodList.open(page);
  // the row says so before it is tried
  const row = list.row(`${BASH.namespace}/${BASH.pod}`);
  await expect(row).toContainText(`You may not open shells in ${NAMESPACE}`);
  await expect(row.getByRole("link")).toHaveCount(0);
  await expect(page.getByText(/^\d+ pods, 0 can be entered$/)).toBeVisible();
  await goTo(page, "shell bash");
  await expect(page.getByRole("option").first()).toContainText(`You may not open shells in ${NAMESPACE}`);
  await page.keyboard.press("Escape");
  const terminal = await Terminal.goto(page, BASH);
  await terminal.expectState("failed");
  await expect(terminal.state).toHaveAttribute("data-reason", "forbidden");
  await expect(terminal.failure).toContainText("pods/exec");
  // nor is there a way to a log that would be refused; what the administrator has to know can be had
  await expect(terminal.failure.getByTestId("open-log")).toHaveCount(0);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await terminal.failure.getByRole("button", { name: "Copy for an administrator" }).click();
  await expect(terminal.failure.getByRole("button", { name: "Copied" })).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain(`shell/${BASH.namespace}/${BASH.pod}/${BASH.container}`);
  expect(copied).toContain("pods/exec");
});

test("who may read logs is led there where a shell is refused", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const logs = { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] };
  const { page } = await setUp([], await rights(testInfo, "e2e-sees-logs", [SEE_PODS, logs]));
  const terminal = await Terminal.goto(page, BASH);
  await terminal.expectReason("forbidden");
  await terminal.failure.getByTestId("open-log").click();
  await new Log(page).expectState("connected");
});

test("a right that is given is seen in the list after a while", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const account = "e2e-sees-and-enters";
  const { page } = await setUp([], await rights(testInfo, account, [SEE_PODS]));
  await page.clock.install();
  const list = await PodList.open(page);
  const pod = `${BASH.namespace}/${BASH.pod}`;
  await expect(list.row(pod)).toContainText("You may not open shells");
  await restrictedKubeconfig(account, [SEE_PODS, EXEC]);
  await page.clock.fastForward("05:10");
  await expect(list.shell(pod, BASH.container)).toBeVisible();
});

test("who may exec alone finds no way to logs and main processes", async ({ setUp }, testInfo) => {
  const { page } = await setUp([], await rights(testInfo, "e2e-execs-only", [SEE_PODS, EXEC]));
  const list = await PodList.open(page);
  const row = list.row(`${BASH.namespace}/${BASH.pod}`);
  await expect(row.getByTestId("open-log")).toHaveCount(0);
  await expect(row.getByTestId("attach")).toHaveCount(0);
  await expect(row.getByTestId("open-shell").first()).toBeVisible();
});

test("who may exec but not attach is told so where attaching was asked for", async ({
  setUp,
  problems,
}, testInfo) => {
  problems.expect(/403/);
  const { page } = await setUp([], await rights(testInfo, "e2e-no-attach", [SEE_PODS, EXEC]));
  const terminal = await Terminal.goto(page, BASH, { query: "?mode=attach" });
  await terminal.expectState("failed");
  await expect(terminal.state).toHaveAttribute("data-reason", "forbidden");
  await expect(terminal.failure).toContainText("pods/attach");
});

test("who may not add debug containers is told which right is missing", async ({
  setUp,
  problems,
  shellessPod,
}, testInfo) => {
  problems.expect(/403/);
  const { page } = await setUp([], await rights(testInfo, "e2e-no-debug", [SEE_PODS, EXEC]));
  const terminal = await Terminal.goto(page, shellessPod);
  await terminal.expectReason("no-shell");
  await page.getByTestId("debug").click();
  await expect(terminal.failure).toContainText("pods/ephemeralcontainers");
});

const pods = (...verbs: string[]) => ({ apiGroups: [""], resources: ["pods"], verbs });

/** Types something into a shell, and reads the answer. */
async function expectShell(terminal: Terminal): Promise<void> {
  await terminal.expectState("connected");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
}

test("who may not list has a shell by its address", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const { page } = await setUp([], await rights(testInfo, "e2e-gets-only", [pods("get"), EXEC]));
  await expect(page.getByTestId("failure")).toContainText("list");
  await expectShell(await Terminal.goto(page, BASH));
});

test("who may list but not get is told which right is missing", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const { page } = await setUp([], await rights(testInfo, "e2e-lists-only", [pods("list"), EXEC]));
  const list = await PodList.open(page);
  await known(list);
  await list.shell(`${BASH.namespace}/${BASH.pod}`, BASH.container).click();
  const terminal = new Terminal(page);
  await terminal.expectReason("forbidden");
  await expect(terminal.failure).toContainText(/cannot get.*"pods"/);
});

test("who may exec in a pod of a name has a shell there, and nowhere else", async ({
  setUp,
  problems,
  ownPod,
}, testInfo) => {
  problems.expect(/403/);
  const exec = { ...EXEC, resourceNames: [BASH.pod] };
  const { page } = await setUp([], await rights(testInfo, "e2e-by-name", [SEE_PODS, exec]));
  const list = await PodList.open(page);
  await known(list);
  await list.shell(`${BASH.namespace}/${BASH.pod}`, BASH.container).click();
  await expectShell(new Terminal(page));
  const refused = await Terminal.goto(page, ownPod);
  await refused.expectReason("forbidden");
  await expect(refused.failure).toContainText("pods/exec");
});

test("who may create an exec but not get one is told which verb is missing", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const create = { ...EXEC, verbs: ["create"] };
  const { page } = await setUp([], await rights(testInfo, "e2e-creates-only", [SEE_PODS, create]));
  const terminal = await Terminal.goto(page, BASH);
  await terminal.expectReason("forbidden");
  await expect(terminal.failure).toContainText("the right to get pods/exec is missing");
});

test("who may not read logs is told so", async ({ setUp, problems }, testInfo) => {
  problems.expect(/Failed to load resource.*403/);
  const { page } = await setUp([], await rights(testInfo, "e2e-no-logs", [SEE_PODS, EXEC]));
  const log = await Log.goto(page, standing("bash"));
  await log.expectState("failed");
  await expect(log.root.getByTestId("failure")).toContainText("pods/log");
  await expect(log.root.getByTestId("retry")).toBeVisible();
});
