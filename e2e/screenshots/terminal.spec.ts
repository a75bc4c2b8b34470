// Pictures of one terminal: while it starts, as it runs, with what is asked and told in it, and at its end.
import { PodList } from "../support/pod-list.ts";
import { shellPath, Terminal } from "../support/terminal.ts";
import { BROKEN, DB, DB_TEXT, dress, expect, LONG_TEXT, test, WEB, WEB_TEXT, WELCOME } from "./studio.ts";

test("a terminal", { tag: "@phone" }, async ({ shell, show }) => {
  await shell(WEB, WEB_TEXT);
  await show("terminal");
});

test("a terminal that is attached to a main process", async ({ page, show }) => {
  const terminal = await Terminal.open(page, WELCOME, { query: "?mode=attach" });
  await terminal.expectPrompt();
  await show("terminal-attached");
});

test("a shell that starts", async ({ page, show }) => {
  // it is never answered
  await page.route("**/api/v1/pod/**", () => {});
  await page.goto(`.${shellPath(WEB)}`);
  await expect(page.getByTestId("state-line")).toHaveAttribute("data-state", "connecting");
  await show("connecting");
});

test("a connection that is lost", async ({ page, cable, problems, show }) => {
  problems.expect(BROKEN);
  const terminal = await Terminal.open(page, WEB, cable);
  await terminal.expectPrompt();
  await dress(terminal, WEB, WEB_TEXT);
  cable.pull();
  await terminal.expectState("reconnecting");
  await show("reconnecting");
});

test("a search in a terminal", async ({ page, shell, show }) => {
  await shell(WEB, LONG_TEXT);
  await page.keyboard.press("Control+Shift+F");
  const box = page.getByTestId("search-box");
  await box.getByRole("textbox").fill("worker 3");
  await expect(box.getByRole("status")).toHaveText(/11/);
  await show("search");
});

test("a question before lines are pasted", { tag: "@phone" }, async ({ page, show }) => {
  // sh marks no pastes
  const terminal = await Terminal.open(page, { namespace: "default", pod: "busybox", container: "busybox" });
  await terminal.expectPrompt();
  await terminal.paste("set -e\ncd /srv/releases\nrm -rf 2026-10-*\nsystemctl reload app\nexit\n\n");
  await expect(terminal.dialogue).toBeVisible();
  await show("paste");
});

test("a question before a link is opened", async ({ page, shell, show }) => {
  const text = "\\e]8;;https://github.example.net/shop/pull/481\\e\\\\https://github.com/shop\\e]8;;\\e\\\\ end";
  const terminal = await shell(WEB, text);
  const { x, y } = await terminal.find("https://github.com/shop");
  await page.mouse.move(x, y);
  await expect(terminal.host.locator(".xterm-cursor-pointer")).toHaveCount(1);
  await page.mouse.click(x, y);
  await expect(terminal.dialogue).toBeVisible();
  await show("link");
});

test("a notice that a program has copied", { tag: "@phone" }, async ({ shell, show }) => {
  const terminal = await shell(WEB, LONG_TEXT);
  await terminal.run("printf '\\033]52;c;OWYzMWMyZTA3ZDg4YmNkMTIzNDU2Nzg5MGFiY2RlZjEyMzQ1Njc4OQ==\\a'");
  await expect(terminal.notice).toBeVisible();
  await show("notice");
});

test("a shell that has ended", { tag: "@phone" }, async ({ shell, show }) => {
  const terminal = await shell(WEB, WEB_TEXT);
  await terminal.run("exit 3");
  await terminal.expectReason("exited");
  await show("ended");
});

test("a pod that is not there", async ({ page, show, problems }) => {
  problems.expect(/404/);
  const terminal = await Terminal.goto(page, { ...WEB, pod: "web-9" });
  await expect(terminal.failure).toBeVisible();
  await show("failure");
});

test("a container without a shell", async ({ page, show }) => {
  const payments = { namespace: "shop", pod: "payments-7c9d5b6f4-x2x8q", container: "payments" };
  const terminal = await Terminal.goto(page, payments);
  await terminal.expectReason("no-shell");
  await show("no-shell");
});

test("a question before a program's terminal is closed", async ({ page, shell, show }) => {
  const terminal = await shell(DB, DB_TEXT);
  await terminal.run(`sh -c "echo sleep''ing; exec sleep 1000"`);
  await terminal.expectText(/^sleeping$/m);
  await page.keyboard.press("Control+Shift+X");
  await expect(terminal.dialogue).toBeVisible();
  await show("close");
});

test("what was closed can be had back", async ({ page, shell, show }) => {
  await shell(WEB, WEB_TEXT);
  await page.keyboard.press("Control+Shift+X");
  await expect(page.getByTestId("undo")).toBeVisible();
  await expect(new PodList(page).row("shop/web-0")).toBeVisible();
  await show("undo");
});
