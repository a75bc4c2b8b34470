// The log of a container beside its terminals: followed, searched, filtered, over restarts and lost connections.
import { execute, NAMESPACE, standing } from "../support/kubectl.ts";
import { Log, print } from "../support/log.ts";
import { goTo } from "../support/palette.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, test } from "../support/test.ts";

test("lines come as they are printed, and change nothing but their own row", async ({ page, ownPod }) => {
  const log = await Log.open(page, ownPod);
  await expect(log.root).toContainText("Nothing has been printed yet.");
  await print(ownPod, "first\n");
  await log.expectRows(["first"]);
  await expect(log.state).toHaveText("Following");
  // no title, no other screen, no line over another
  await print(ownPod, "\x1b]0;stolen\x07\x1b[?1049h\x1b[2Jreal\rfake \x1b[31mred\x1b[0m \u6c49\u{1f44d}\n");
  await log.expectRows(["first", "real␍fake red 汉👍"]);
  await expect(page).toHaveTitle(`Log of ${ownPod.pod}/${ownPod.container} – Podshell`);
  await expect(page.getByText("2 lines")).toBeVisible();
  const red = log.root.locator(".xterm-rows span", { hasText: "red" });
  const plain = log.root.locator(".xterm-rows > div").first();
  const colour = (of: typeof red) => of.evaluate((element) => getComputedStyle(element).color);
  expect(await colour(red.last())).not.toBe(await colour(plain));
  // nothing is typed there
  await page.keyboard.type("xyz");
  await page.keyboard.press("Control+C");
  await log.expectRows(["first", "real␍fake red 汉👍"]);
});

test("who goes up stays there, and is told what has come", async ({ page, ownPod }) => {
  const numbers = Array.from({ length: 200 }, (_, n) => `line ${n + 1}`);
  await print(ownPod, numbers.map((line) => `${line}\n`).join(""));
  const log = await Log.open(page, ownPod);
  await log.expectRow("line 200");
  await expect(log.newest).toBeHidden();
  await page.keyboard.press("Home");
  await log.expectRow("line 1");
  await expect(log.button("Follow")).toHaveAttribute("aria-pressed", "false");
  await expect(log.state).toHaveText("Paused");
  await print(ownPod, "one more\nanother\n");
  await expect(log.newest).toContainText("2 new lines");
  await log.expectRow("line 1");
  await page.keyboard.press("End");
  await log.expectRow("another");
  await expect(log.newest).toBeHidden();
  await expect(log.button("Follow")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("PageUp");
  await log.newest.click();
  await log.expectRow("another");
});

test("what is searched for is counted, gone to, and shown alone", async ({ page, ownPod }) => {
  await print(ownPod, "GET /refunds 200\nGET /health\nPOST /Refunds 502 ERROR\n");
  const log = await Log.open(page, ownPod);
  await log.expectRow("GET /health");
  await page.keyboard.press("/");
  await expect(log.field).toBeFocused();
  await page.keyboard.type("refunds");
  await expect(log.found).toHaveText("2 of 2");
  await page.keyboard.press("Enter");
  await expect(log.found).toHaveText("1 of 2");
  await log.button("Only matches").click();
  await log.expectRows(["GET /refunds 200", "POST /Refunds 502 ERROR"]);
  // for what comes, too
  await print(ownPod, "GET /health\nGET /refunds 201\n");
  await log.expectRows(["GET /refunds 200", "POST /Refunds 502 ERROR", "GET /refunds 201"]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("m");
  await log.expectRow("GET /health");
  expect(await log.rows()).toHaveLength(5);
});

test("each line has its time if that is wanted, and long ones go on below or beside", async ({ page, ownPod }) => {
  const long = "0123456789".repeat(40);
  await print(ownPod, `${long}end\nshort\n`);
  const log = await Log.open(page, ownPod);
  await log.expectRow("short");
  expect(await log.rows()).not.toHaveLength(2);
  await log.button("Wrap").click();
  await expect.poll(() => log.rows()).toHaveLength(2);
  expect((await log.rows())[0]).toMatch(/^[0-9]+›$/);
  // the keyboard is in the log still
  for (let n = 0; n < 20 && !(await log.rows())[0]?.endsWith("end"); n++) {
    await page.keyboard.press("ArrowRight");
    await expect.poll(async () => (await log.rows())[0]).toMatch(/^‹/);
  }
  await expect.poll(async () => (await log.rows())[0]).toMatch(/^‹[0-9]+end$/);
  await page.keyboard.press("w");
  await page.keyboard.press("t");
  await expect.poll(async () => (await log.rows()).at(-1)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} short$/);
  await page.keyboard.press("t");
  await log.expectRow("short");
});

test("the next run is read on, and the one before can be", async ({ page, ownPod }) => {
  await print(ownPod, "first run\n");
  const log = await Log.open(page, ownPod);
  await log.expectRow("first run");
  // it may end with the container that it ends
  await execute(ownPod, "bash", "-c", "kill -TERM 1").catch(() => undefined);
  await expect(log.state).toContainText("Waiting for its next run", { timeout: 15_000 });
  await expect
    .poll(async () => print(ownPod, "second run\n").then(() => true, () => false), { timeout: 30_000 })
    .toBe(true);
  await log.expectRow("second run");
  await log.expectRow("first run");
  await log.button("Previous").click();
  await log.expectRows(["first run"]);
  await log.expectState("ended");
  await expect(log.root.getByText("This is all of the log.")).toBeVisible();
  await log.button("Previous").click();
  await log.expectRow("second run");
  await log.expectState("connected");
  // and by an address, which asks a log that is open already
  await Log.goto(page, ownPod, { query: "?previous=1" });
  await log.expectRows(["first run"]);
  await expect(page.getByTestId("tab")).toHaveCount(1);
});

test("a lost connection is made again, and each line is there once", async ({ page, ownPod, cable, problems }) => {
  problems.expect(BROKEN);
  const log = await Log.open(page, ownPod, cable);
  await print(ownPod, "one\n");
  await log.expectRow("one");
  cable.pull();
  await print(ownPod, "two\n");
  cable.plug();
  await log.expectRows(["one", "two"]);
  await print(ownPod, "three\n");
  await log.expectRows(["one", "two", "three"]);
});

test("a loss that lasts is said at the foot of its log, and can be tried at once", async ({
  page,
  ownPod,
  cable,
  problems,
}) => {
  problems.expect(BROKEN);
  const log = await Log.open(page, ownPod, cable);
  await print(ownPod, "one\n");
  await log.expectRow("one");
  const notice = page.getByTestId("notice");
  cable.pull();
  await expect(notice).toContainText("Connection lost.", { timeout: 15_000 });
  // the pauses have become so long that nothing else is tried meanwhile
  await expect(notice).toContainText(/Next try in ([6-9]|1\d) s\./, { timeout: 30_000 });
  await print(ownPod, "two\n");
  cable.plug();
  await notice.getByRole("button", { name: "Try now" }).click();
  await expect(log.state).toHaveAttribute("data-state", "connected", { timeout: 4_000 });
  await expect(notice).toBeHidden();
  await log.expectRows(["one", "two"]);
});

test("a log is opened from the list by a key and by a link, beside a terminal, and is there after a reload", async ({
  page,
  ownPod,
}) => {
  await print(ownPod, "something to read\n");
  const list = await PodList.open(page);
  await list.filter.fill(ownPod.pod);
  await list.row(`${ownPod.namespace}/${ownPod.pod}`).click();
  await page.keyboard.press("l");
  const log = new Log(page);
  await log.expectRow("something to read");
  await expect(page).toHaveURL(new RegExp(`/log/${ownPod.namespace}/${ownPod.pod}/${ownPod.container}$`));

  await page.getByRole("link", { name: "Pods", exact: true }).click();
  await page.getByRole("link", { name: `Log of ${ownPod.container}` }).first().click();
  await log.expectRow("something to read");
  await expect(page.getByTestId("tab")).toHaveCount(1);

  // beside a log it is a shell that one wants
  await page.keyboard.press("Control+Shift+E");
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await terminal.run("echo $((6*7)) >/proc/1/fd/1");
  await log.expectRow("42");
  await page.reload();
  await terminal.expectState("connected");
  await log.expectRow("42");
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(2);
  await expect(page.getByRole("region", { name: `Log of ${ownPod.namespace} / ${ownPod.pod}` })).toBeVisible();
});

test("the palette leads to the log of what has the keyboard", async ({ page, ownPod }) => {
  await print(ownPod, "something to read\n");
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await page.keyboard.press("Control+Shift+K");
  const palette = page.getByTestId("palette");
  await palette.getByRole("combobox").fill("log");
  await palette.getByRole("option", { name: /^Log$/ }).click();
  const log = new Log(page);
  await log.expectRow("something to read");
  await expect(page.getByTestId("pane").filter({ visible: true })).toHaveCount(2);
});

test("what the palette shows keeps its place when the list comes", async ({ page, ownPod }) => {
  await print(ownPod, "something to read\n");
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/v1/pods*", async (route) => {
    await released;
    await route.continue();
  });
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await goTo(page, "log");
  const options = page.getByTestId("palette").getByRole("option");
  await expect(options.first()).toHaveText(/^Log/);
  const shown = await options.allTextContents();
  // as long as it takes to see it
  await page.waitForTimeout(500);
  release();
  await expect.poll(() => options.count()).toBeGreaterThan(shown.length);
  expect((await options.allTextContents()).slice(0, shown.length)).toEqual(shown);
  await page.keyboard.press("Enter");
  await new Log(page).expectRow("something to read");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("only what is seen is read, and logs leave connections to all else", async ({ page, ownPod }) => {
  const logs: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/v1/logs/")) logs.push(request.url());
  });
  const log = await Log.open(page, ownPod);
  await page.getByRole("link", { name: "Pods", exact: true }).click();
  await expect(page.getByTestId("pod-list")).toBeVisible();
  await print(ownPod, "while nobody looked\n");
  const before = logs.length;
  await page.goBack();
  await log.expectRow("while nobody looked");
  expect(logs.length).toBe(before + 1);
  // as many at once as there are connections over HTTP/1.1, and more work than that
  for (const container of ["noshell", "bash", "busybox"]) {
    await page.keyboard.press("Control+Shift+K");
    await page.getByTestId("palette").getByRole("combobox").fill(`log of shell ${container}`);
    const wanted = page.getByRole("option", { name: `Log of shell ${NAMESPACE} / ${container}` });
    await wanted.waitFor();
    await expect(async () => {
      await page.keyboard.press("ArrowDown");
      await expect(wanted).toHaveAttribute("aria-selected", "true", { timeout: 200 });
    }).toPass();
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("log-state")).toContainText(/Following|Nothing/);
  }
  await expect(page.getByTestId("log").filter({ visible: true })).toHaveCount(4);
  await page.keyboard.press("Control+Shift+E");
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  const first = page.getByTestId("log").first();
  await print(ownPod, "still read\n");
  await expect(first).toContainText("still read");
});

test("what is not there is named", async ({ page, problems }) => {
  problems.expect(/Failed to load resource.*404/);
  const log = await Log.goto(page, { ...standing("bash"), container: "nosuchcontainer" });
  await log.expectState("failed");
  await expect(log.root.getByTestId("failure")).toContainText("nosuchcontainer");
});
