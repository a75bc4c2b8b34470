// The page's looks: pictures for people in test-results/screens, and what of a layout can be checked.
import { standing } from "../support/kubectl.ts";
import { Log } from "../support/log.ts";
import { LOOKS, show as showIn } from "../support/pictures.ts";
import { PodList } from "../support/pod-list.ts";
import { RawClient } from "../support/raw-client.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, test } from "../support/test.ts";
import { Wire } from "../support/wire.ts";

for (const [look, options] of Object.entries(LOOKS)) {
  test.describe(look, () => {
    test.use(options);

    test("the list", async ({ page }, testInfo) => {
      await PodList.open(page);
      await showIn(page, look, "list", testInfo.project.outputDir);
    });

    test("the list, tabs, splits, search, the palette, the keys and a log, in which axe finds nothing", async ({ page }, testInfo) => {
      test.slow();
      const show = (name: string) => showIn(page, look, name, testInfo.project.outputDir);
      const list = await PodList.open(page);
      await page.keyboard.press("j");
      await show("list-chosen");
      await list.row(`${standing("bash").namespace}/${standing("bash").pod}`).getByTestId("fold").click();
      await show("list-unfolded");
      await list.filter.fill("nothing is called so");
      await show("list-no-match");
      await list.filter.fill("podshell-e2e");
      await show("list-search");

      const terminal = await Terminal.open(page, standing("bash"));
      await terminal.expectPrompt();
      await terminal.run("seq 1 100");
      await page.keyboard.press("Control+Shift+E");
      const panes = page.getByTestId("pane").filter({ visible: true });
      const narrow = (page.viewportSize()?.width ?? 0) < 768;
      await expect(panes).toHaveCount(narrow ? 1 : 2);
      await terminal.expectState("connected");
      await page.keyboard.press("Control+Shift+O");
      await expect(panes).toHaveCount(narrow ? 1 : 3);
      await terminal.expectState("connected");
      await page.keyboard.press("Control+Shift+Enter");
      await expect(page.getByTestId("tab")).toHaveCount(2);
      await terminal.expectState("connected");
      await page.keyboard.press("Control+Shift+PageUp");
      await expect(panes).toHaveCount(narrow ? 1 : 3);
      await show("splits");
      await page.keyboard.press("Control+Shift+F");
      await page.getByTestId("search-box").getByRole("textbox").fill("9");
      await show("search");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+Shift+K");
      await page.getByTestId("palette").getByRole("option").first().waitFor();
      await show("palette-empty");
      await page.keyboard.type("shell b");
      await show("palette");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+Shift+H");
      await expect(terminal.dialogue).toBeVisible();
      await show("keys");
      await page.keyboard.press("Escape");
      await expect(terminal.dialogue).toBeHidden();

      const log = await Log.open(page, standing("bash"), { query: "?timestamps=1" });
      await log.field.fill("log");
      await show("log");
    });

    test("a terminal and its end", async ({ page }, testInfo) => {
      const terminal = await Terminal.open(page, standing("bash"));
      await terminal.expectPrompt();
      await terminal.run(
        "for c in 31 32 33 34 35 36; do printf '\\033[%sm你好, 世界 🎉\\033[0m\\n' $c; done",
      );
      await terminal.expectText(/^你好, 世界 🎉\n.*$/m);
      await showIn(page, look, "terminal", testInfo.project.outputDir);

      await terminal.run("exit 3");
      await terminal.expectState("ended");
      await showIn(page, look, "ended", testInfo.project.outputDir);
    });

    test("a connection that is lost, and one that goes on elsewhere", async ({
      page,
      context,
      cable,
      problems,
    }, testInfo) => {
      problems.expect(BROKEN);
      const wire = new Wire(page);
      const terminal = await Terminal.open(page, standing("bash"), cable);
      await terminal.expectPrompt();
      cable.pull();
      await terminal.expectState("reconnecting");
      await expect(terminal.notice).toBeVisible();
      await showIn(page, look, "reconnecting", testInfo.project.outputDir);
      cable.plug();
      await terminal.expectState("connected");

      const other = await context.newPage();
      await other.goto("./");
      await RawClient.resume(other, wire.last.key ?? "", wire.last.next);
      await terminal.expectReason("taken-over");
      await page.bringToFront();
      await showIn(page, look, "taken-over", testInfo.project.outputDir);
    });

    test("questions and notices", async ({ page }, testInfo) => {
      const folder = testInfo.project.outputDir;
      const terminal = await Terminal.open(page, standing("busybox"));
      await terminal.expectPrompt();
      await terminal.paste("set -e\ncd /srv/releases\nrm -rf 2026-10-*\nsystemctl reload app\nexit\n\n");
      await expect(terminal.dialogue).toBeVisible();
      await showIn(page, look, "paste", folder);
      await terminal.answer(/Cancel|取消/);

      await page.getByTestId("settings").click();
      await expect(terminal.dialogue).toBeVisible();
      await showIn(page, look, "settings", folder);
      await terminal.answer(/Close|关闭/);

      await terminal.run("clear; seq 1 60; printf '\\033]52;c;OWYzMWMyZTA3ZDg4YmNkMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OQ==\\a'");
      await expect(terminal.notice).toBeVisible();
      await showIn(page, look, "notice", folder);

      await terminal.run("clear; printf '\\033]8;;https://github.example.net/example/shop/pull/481\\033\\\\https://github.com/example\\033]8;;\\033\\\\ end\\n'");
      await terminal.expectText(/ end\n/);
      const { x, y } = await terminal.find("https://github.com/example end");
      await page.mouse.move(x, y);
      await expect(terminal.host.locator(".xterm-cursor-pointer")).toHaveCount(1);
      await page.mouse.click(x, y);
      await expect(terminal.dialogue).toBeVisible();
      await showIn(page, look, "link", folder);
    });

    test("what takes its time, what is asked first, and what is dragged", async ({ page }, testInfo) => {
      const show = (name: string) => showIn(page, look, name, testInfo.project.outputDir);
      let release = (): void => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      const minting = /\/api\/v1\/pod\/[^/]+\/[^/]+\/shell\//;
      await page.route(minting, async (route) => {
        await released;
        await route.continue();
      });
      const terminal = await Terminal.goto(page, standing("bash"));
      await expect(page.getByTestId("start")).toBeVisible();
      await show("start");
      release();
      await terminal.expectState("connected");
      await terminal.expectPrompt();
      await page.unroute(minting);

      await terminal.run("tail -n 1 -f /etc/passwd");
      await terminal.expectText(/:x:\d+:/);
      await page.keyboard.press("Control+Shift+X");
      await expect(terminal.dialogue).toBeVisible();
      await show("closing");
      await terminal.answer(/Keep it open|保持打开/);
      await page.keyboard.press("Control+c");
      await terminal.expectPrompt();

      await page.keyboard.press("Control+Shift+H");
      const keys = page.locator('[data-testid="key-row"][data-command="zoom"]');
      await keys.getByRole("button").first().click();
      await expect(keys.getByRole("status")).toBeVisible();
      await page.keyboard.press("Control+Shift+E");
      await show("keys-waiting");
      await page.keyboard.press("Escape");
      await terminal.answer(/Close|关闭/);

      if ((page.viewportSize()?.width ?? 0) >= 768) {
        await page.keyboard.press("Control+Shift+E");
        const divider = page.getByTestId("divider");
        await terminal.expectState("connected");
        await divider.hover();
        await page.mouse.down();
        await page.mouse.move(500, 300, { steps: 3 });
        await expect(divider.locator(".divider__size").first()).toBeVisible();
        await show("divider");
        await page.mouse.up();
      }

      const list = await PodList.open(page);
      const name = `${standing("bash").namespace}/${standing("bash").pod}`;
      await list.row(name).getByTestId("fold").click();
      await page.getByTestId("debug-beside").first().click();
      await expect(page.getByRole("dialog").getByTestId("debug")).toBeVisible();
      await show("debug-dialogue");
    });

    test("an attached terminal", async ({ page, countingPod }, testInfo) => {
      const terminal = await Terminal.open(page, countingPod, { query: "?mode=attach" });
      await terminal.run("one");
      await terminal.expectText(/^line 1: one$/m);
      await showIn(page, look, "attach", testInfo.project.outputDir);
    });

    test("a debug container", async ({ setUp, shellessPod }, testInfo) => {
      const { page } = await setUp(["--debug-image", "podshell.test/nosuchimage:1"]);
      const terminal = await Terminal.goto(page, shellessPod);
      await expect(page.getByTestId("debug")).toBeVisible();
      await showIn(page, look, "debug-offer", testInfo.project.outputDir);

      await page.getByTestId("debug").click();
      await expect(page.getByTestId("debug-progress")).toContainText(/debug-\w{5}/);
      await showIn(page, look, "debug-progress", testInfo.project.outputDir);
      await terminal.expectReason("no-shell");
    });

    test("a failure", async ({ page, problems }, testInfo) => {
      problems.expect(/Failed to load resource.*404/);
      const terminal = await Terminal.goto(page, { ...standing("bash"), pod: "nosuchpod" });
      await expect(terminal.failure).toBeVisible();
      await showIn(page, look, "failure", testInfo.project.outputDir);
    });
  });
}

for (const [look, options] of Object.entries({
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  chinese: { colorScheme: "light", locale: "zh-CN" },
} as const)) {
  test.describe(`phone, ${look}`, () => {
    test.use({ ...options, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

    test("a terminal, a question and a notice", async ({ page }, testInfo) => {
      const folder = testInfo.project.outputDir;
      const terminal = await Terminal.open(page, standing("busybox"));
      await terminal.expectPrompt();
      await terminal.run("seq 1 60; ls /");
      await page.getByRole("button", { name: "Ctrl", exact: true }).tap();
      await page.getByTestId("line").fill("npm test");
      await showIn(page, `phone-${look}`, "terminal", folder);

      // let go of Ctrl: it is locked first
      await page.getByRole("button", { name: "Ctrl", exact: true }).tap();
      await page.getByRole("button", { name: "Ctrl", exact: true }).tap();
      await terminal.run("printf '\\033]52;c;OWYzMWMyZTA3ZDg4YmNkMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OQ==\\a'");
      await expect(terminal.notice).toBeVisible();
      await showIn(page, `phone-${look}`, "notice", folder);
      await terminal.paste("set -e\ncd /srv/releases\nrm -rf 2026-10-*\n");
      await expect(terminal.dialogue).toBeVisible();
      await showIn(page, `phone-${look}`, "paste", folder);
    });
  });
}

test("a change of the scheme, the theme or the contrast reaches the page and the open terminal", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  const colours = async () => ({
    page: await page.locator("html").evaluate((html) => getComputedStyle(html).backgroundColor),
    text: await terminal.host.locator(".xterm-rows").evaluate((rows) => getComputedStyle(rows).color),
    terminal: await terminal.host
      .locator(".xterm-scrollable-element")
      .evaluate((element) => getComputedStyle(element).backgroundColor),
  });
  const setTheme = async (theme: string) =>
    page.locator("html").evaluate((html, theme) => html.setAttribute("data-theme", theme), theme);
  const light = { page: "rgb(242, 243, 245)", text: "rgb(29, 33, 39)", terminal: "rgb(252, 252, 251)" };
  const dark = { page: "rgb(23, 26, 31)", text: "rgb(214, 218, 224)", terminal: "rgb(17, 20, 24)" };
  await expect.poll(colours).toEqual(light);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(colours).toEqual(dark);
  await setTheme("light");
  await expect.poll(colours).toEqual(light);
  await page.emulateMedia({ colorScheme: "light" });
  await setTheme("dark");
  await expect.poll(colours).toEqual(dark);
  await page.emulateMedia({ contrast: "more" });
  await expect.poll(colours).toEqual({ page: "rgb(0, 0, 0)", text: "rgb(255, 255, 255)", terminal: "rgb(0, 0, 0)" });
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
});
