// Attached to a container's own main process, which is there before the page and after it.
import { createPod, deletePod, kubectl, processes } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const ATTACH = { query: "?mode=attach" };

test("attaching reaches the main process, says that it stays, and leaves it running", async ({
  page,
  countingPod,
}) => {
  const before = await processes(countingPod);
  const terminal = await Terminal.open(page, countingPod, ATTACH);
  await expect(page.getByTestId("attached")).toBeVisible();
  await expect(page.getByTestId("attached")).toHaveAttribute("title", /does not stop/);
  await terminal.run("one");
  await terminal.expectText(/^line 1: one$/m);
  // no shell was started for it
  expect(await processes(countingPod)).toEqual(before);

  await page.goto("./");
  await terminal.page.getByTestId("pod-list").waitFor();
  const again = await Terminal.open(page, countingPod, ATTACH);
  await again.run("two");
  await again.expectText(/^line 2: two$/m);
  expect(await processes(countingPod)).toEqual(before);
  const path = "jsonpath={.status.containerStatuses[0].restartCount}";
  expect(await kubectl("get", "pod", countingPod.pod, "--output", path)).toBe("0");
});

test("closing the tab leaves the main process running, too", async ({ page, context, server, countingPod }) => {
  const before = await processes(countingPod);
  const first = await context.newPage();
  const terminal = await Terminal.open(first, countingPod, ATTACH);
  await terminal.run("one");
  await terminal.expectText(/^line 1: one$/m);
  await first.close({ runBeforeUnload: true });
  // not before the server has given the tab up, and done whatever it does then
  await expect.poll(() => server.log()).toMatch(new RegExp(`session ended .*${countingPod.pod}`));

  const again = await Terminal.open(page, countingPod, ATTACH);
  await again.run("two");
  await again.expectText(/^line 2: two$/m);
  expect(await processes(countingPod)).toEqual(before);
});

test("two at once see the same, and a main process that ends tells its code", async ({
  page,
  context,
  countingPod,
}) => {
  const first = await Terminal.open(page, countingPod, ATTACH);
  const second = await Terminal.open(await context.newPage(), countingPod, ATTACH);
  await first.run("one");
  await second.expectText(/^line 1: one$/m);

  // Ctrl-D on an empty line: there is nothing more to read
  await page.bringToFront();
  await first.type("");
  await page.keyboard.press("Control+d");
  for (const terminal of [first, second]) {
    await terminal.expectState("ended");
    await expect(terminal.state).toHaveAttribute("data-exit-code", "7");
  }
});

test("the size of the page reaches the main process", async ({ page }) => {
  const target = await createPod({ image: "bash", main: ["bash", "--norc"] });
  try {
    const terminal = await Terminal.open(page, target, ATTACH);
    const { rows, cols } = await terminal.resize(700, 430);
    await terminal.run(`until [ "$(stty size)" = "${rows} ${cols}" ]; do :; done; clear; stty size`);
    await terminal.expectText(new RegExp(`^${rows} ${cols}$`, "m"));
  } finally {
    await deletePod(target.pod);
  }
});
