// A pod that is unfolded to its containers: those that run, that ran before them, that crash, and debug containers beside them.
import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import { deletePod, imageName, kubectl, NAMESPACE, standing, submit } from "../support/kubectl.ts";
import { Log } from "../support/log.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test as base } from "../support/test.ts";

/** A container that runs a script. */
const container = (name: string, script: string) => ({
  name,
  image: imageName("busybox"),
  imagePullPolicy: "Never",
  command: ["sh", "-c", script],
});

/** Makes a pod of a test's own. */
async function create(pod: string, spec: object): Promise<void> {
  await submit("create", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod, namespace: NAMESPACE, labels: { "podshell.test/made-by": "e2e" } },
    spec: { activeDeadlineSeconds: 900, terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, ...spec },
  });
}

/** A pod of several containers: one ran to its end before the others, one crashes now and then. */
const test = base.extend<{ manifold: string }>({
  manifold: async ({}, use) => {
    const pod = `e2e-${randomBytes(4).toString("hex")}`;
    await create(pod, {
      initContainers: [container("prepare", "echo prepared")],
      containers: [
        container("app", "echo up; exec sleep 2147483647"),
        // it ends once, and then runs on
        {
          ...container("restless", "if mkdir /runs/1; then echo first run; exit 3; fi; exec sleep 2147483647"),
          volumeMounts: [{ name: "runs", mountPath: "/runs" }],
        },
      ],
      volumes: [{ name: "runs", emptyDir: {} }],
    });
    const restarts = () => kubectl("get", "pod", pod, "--output", "jsonpath={.status.containerStatuses[?(@.name=='restless')].restartCount}");
    await expect.poll(restarts, { timeout: 60_000 }).toBe("1");
    await kubectl("wait", "--for=condition=Ready", `pod/${pod}`, "--timeout=60s");
    await use(pod);
    await deletePod(pod);
  },
});

/** The row of a container. */
const row = (page: Page, container: string) =>
  page.locator(`[data-testid="container-row"][data-container="${container}"]`);

test("by its keys a pod shows all of its containers, how they fare, and what each is good for", async ({ page, manifold }) => {
  const list = await PodList.open(page, `./?search=${manifold}`);
  const pod = list.row(`${NAMESPACE}/${manifold}`);
  await expect(pod).toContainText("Running");
  await page.keyboard.press("j");
  const fold = pod.getByRole("button", { name: `Containers of ${manifold}` });
  await expect(fold).toHaveAttribute("aria-expanded", "false");
  // one of three has no way in
  await expect(fold).toHaveText("+1");
  await page.keyboard.press("ArrowRight");
  await expect(fold).toHaveAttribute("aria-expanded", "true");
  await expect(page.getByTestId("container-row")).toHaveCount(3);
  await expect(row(page, "app")).toContainText(/Running/);
  await expect(row(page, "app")).toContainText(imageName("busybox"));
  await expect(row(page, "restless")).toContainText(/Running restarted \d+s ago/);
  await expect(row(page, "prepare")).toContainText(/prepare init/);
  await expect(row(page, "prepare")).toContainText(/Completed ended \d+s ago with code 0/);
  await expect(row(page, "prepare").getByRole("link")).toHaveText(["Log"]);
  await expect(row(page, "app").getByRole("link")).toHaveText(["shell", "Attach", "Log"]);
  await expect(row(page, "restless").getByRole("link")).toHaveText(["shell", "Attach", "Log", "Last log"]);

  // keys go through containers as through pods, and are for the one that is chosen
  await page.keyboard.press("ArrowRight");
  await expect(row(page, "app")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("End");
  await expect(row(page, "prepare")).toHaveAttribute("aria-selected", "true");
  // from within a row, which goes, keys go on
  await row(page, "prepare").getByRole("link", { name: /Log/ }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect(pod).toHaveAttribute("aria-selected", "true");
  await expect(page.getByTestId("container-row")).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  for (const name of ["app", "restless"]) {
    await page.keyboard.press("j");
    await expect(row(page, name)).toHaveAttribute("aria-selected", "true");
  }
  await page.keyboard.press("Enter");
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await expect(page).toHaveURL(/\/restless$/);

  // it is as it was for who comes back
  await page.goBack();
  await expect(row(page, "restless")).toHaveAttribute("aria-selected", "true");
  await row(page, "restless").getByRole("link", { name: "Last log" }).click();
  const log = new Log(page);
  await log.expectRow("first run");
});

test("a pod that has ended says how, though not all of it has failed, and where there is no room for it", async ({ page }) => {
  const pod = `e2e-${randomBytes(4).toString("hex")}`;
  await create(pod, { restartPolicy: "Never", containers: [container("good", "exit 0"), container("bad", "exit 3")] });
  try {
    const list = await PodList.open(page, `./?search=${pod}`);
    const why = list.row(`${NAMESPACE}/${pod}`).locator(".pod-row__why");
    await expect(why).toHaveText(/^Ended \d+s ago with code 3$/, { timeout: 30_000 });
    await expect(why).toHaveAttribute("title", /^Ended \d+s ago with code 3$/);
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowRight");
    await expect(row(page, "good")).toContainText(/Completed ended \d+s ago with code 0/);
    await expect(row(page, "bad")).toContainText(/Error ended \d+s ago with code 3/);
    // nothing is to be seen beside what has ended
    await expect(row(page, "bad").getByRole("link")).toHaveText(["Log"]);
    await expect(row(page, "bad").getByRole("button")).toHaveCount(0);
  } finally {
    await deletePod(pod);
  }
});

test("by the pointer a pod is unfolded and folded, and another takes its place", async ({ page, manifold }) => {
  const list = await PodList.open(page, `./?namespace=${NAMESPACE}`);
  const [mine, standingPod] = [list.row(`${NAMESPACE}/${manifold}`), list.row(`${NAMESPACE}/shell`)];
  await mine.getByTestId("fold").click();
  await expect(page.getByTestId("container-row")).toHaveCount(3);
  await standingPod.getByTestId("fold").click();
  await expect(page.getByTestId("container-row").and(page.locator(`[data-pod="${NAMESPACE}/${manifold}"]`))).toHaveCount(0);
  await expect(row(page, "noshell")).toBeVisible();
  await standingPod.getByTestId("fold").click();
  await expect(page.getByTestId("container-row")).toHaveCount(0);
});

test("beside a container that is well one has a debug container by a key", async ({ setUp, manifold }) => {
  const { page } = await setUp(["--debug-image", imageName("busybox")]);
  const list = await PodList.open(page, `./?search=${manifold}`);
  await expect(list.row(`${NAMESPACE}/${manifold}`)).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("d");
  const dialogue = page.getByRole("dialog", { name: "A debug container beside app" });
  await expect(dialogue.getByTestId("debug")).toBeFocused();
  // what is typed before one can have seen it is no answer
  await expect(async () => {
    await page.keyboard.press("Escape");
    await expect(dialogue).toBeHidden({ timeout: 200 });
  }).toPass();
  await page.keyboard.press("d");
  await expect(dialogue.getByTestId("debug")).toBeFocused();
  await dialogue.getByTestId("debug").click();
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await expect(dialogue).toBeHidden();
  await terminal.run("tr '\\0' ' ' </proc/1/cmdline; echo");
  await terminal.expectText(/^sleep 2147483647 ?$/m);

  // the list knows it as what it is
  await page.goBack();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("container-row")).toHaveCount(4);
  await expect(page.getByTestId("container-row").filter({ hasText: /debug-\w{5} ephemeral, sees app/ })).toContainText("Running");
});

test("its row may change while one waits for a debug container that was asked for there", async ({ setUp, manifold }) => {
  const { page } = await setUp(["--debug-image", imageName("busybox")]);
  const list = await PodList.open(page, `./?search=${manifold}`);
  await list.row(`${NAMESPACE}/${manifold}`).getByTestId("fold").click();
  // the list hears of the container before the page hears that it runs
  await page.route(/\/debug\/app$/, async (route) => {
    if (route.request().method() === "POST") return route.continue();
    const response = await route.fetch();
    const rows = await page.getByTestId("container-row").count();
    await (rows === 4 ? route.fulfill({ response }) : route.fulfill({ response, json: { state: "waiting", reason: "", message: "" } }));
  });
  await row(page, "app").getByTestId("debug-beside").click();
  await page.getByRole("dialog").getByTestId("debug").click();
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("where no debug containers are allowed none are offered", async ({ setUp }) => {
  const { page } = await setUp(["--debug-containers=false"]);
  const list = await PodList.open(page, `./?namespace=${NAMESPACE}`);
  await list.row(`${NAMESPACE}/shell`).getByTestId("fold").click();
  const bash = row(page, standing("bash").container);
  await expect(bash.getByRole("button")).toHaveCount(0);
  await expect(bash.getByRole("link")).toHaveText(["shell", "Attach", "Log"]);
});

test("why there is no debug container is said in the dialogue", async ({ page, problems }) => {
  problems.expect(/Failed to load resource/);
  const list = await PodList.open(page, `./?namespace=${NAMESPACE}`);
  await list.row(`${NAMESPACE}/shell`).getByTestId("fold").click();
  await page.route(/\/debug\//, (route) => route.abort());
  await row(page, standing("bash").container).getByTestId("debug-beside").click();
  const dialogue = page.getByRole("dialog");
  await dialogue.getByTestId("debug").click();
  await expect(dialogue.getByRole("alert")).toBeVisible();
  // and it can be tried again, or left
  await expect(dialogue.getByTestId("debug")).toHaveText("Retry");
  await page.keyboard.press("Escape");
  await expect(dialogue).toBeHidden();
});
