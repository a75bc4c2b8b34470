// A container without a shell: the page offers a debug container beside it, and opens a shell in that.
import { imageName, kubectl } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const DEBUG_IMAGE = ["--debug-image", imageName("busybox")];

test("a debug container comes up beside it, and its shell sees the other's processes", async ({
  setUp,
  shellessPod,
}) => {
  const { page } = await setUp(DEBUG_IMAGE);
  const terminal = await Terminal.goto(page, shellessPod);
  await terminal.expectReason("no-shell");
  await expect(terminal.failure).toContainText(/no shell/i);
  await page.getByTestId("debug").click();
  await expect(page.getByTestId("debug-progress")).toBeVisible();
  await terminal.expectState("connected");
  await terminal.run("tr '\\0' ' ' </proc/1/cmdline; echo");
  await terminal.expectText(/^\/sleep 2147483647 ?$/m);

  // asked for again, it is the same: they can't be taken away
  const names = () =>
    kubectl("get", "pod", shellessPod.pod, "--output", "jsonpath={.spec.ephemeralContainers[*].name}");
  const name = await names();
  const again = await Terminal.goto(await page.context().newPage(), shellessPod);
  await again.expectReason("no-shell");
  await again.page.getByTestId("debug").click();
  await again.expectState("connected");
  await again.run("echo $((6*7))");
  await again.expectText(/^42$/m);
  expect(await names()).toBe(name);
});

test("an image that can't be pulled is told, and can be given up", async ({ setUp, shellessPod }) => {
  const { page } = await setUp(["--debug-image", "podshell.test/nosuchimage:1"]);
  const terminal = await Terminal.goto(page, shellessPod);
  await terminal.expectReason("no-shell");
  await page.getByTestId("debug").click();
  await expect(page.getByTestId("debug-progress")).toContainText(/ErrImagePull|ImagePullBackOff/, {
    timeout: 40_000,
  });
  await page.getByTestId("cancel").click();
  await expect(page.getByTestId("debug-progress")).toBeHidden();
  await expect(page.getByTestId("debug")).toBeVisible();
});
