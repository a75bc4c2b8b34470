// `--base-path`: everything is served under a path of its own, the page's files and its sockets included.
import { PodList } from "../support/pod-list.ts";
import { Podshell } from "../support/podshell.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

test("page, files and shells work under a base path", async ({ browser, problems }) => {
  const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo", "--base-path", "/tools/shell"]);
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  problems.watch(context);
  try {
    const page = await context.newPage();
    const list = await PodList.open(page, server.signInUrl);
    await expect(page).toHaveURL(`${server.origin}/tools/shell/`);
    await list.shell().first().click();
    await expect(page).toHaveURL(/\/tools\/shell\/shell\//);
    // the link is a deep one: it works without the list before it
    await page.reload();
    const terminal = new Terminal(page);
    await terminal.expectState("connected");
    await terminal.run("exit 6");
    await terminal.expectState("ended");
    await expect(terminal.state).toHaveAttribute("data-exit-code", "6");
    const elsewhere = await page.request.get(`${server.origin}/api/v1/pods`);
    expect(elsewhere.status()).toBe(404);
  } finally {
    await context.close();
    await server.stop();
  }
});

test("an address that the page doesn't know is told on the page", async ({ page, problems }) => {
  problems.expect(/404/);
  await page.goto("./no/such/page");
  await expect(page.getByTestId("failure")).toBeVisible();
});
