// What is said of a connection that is lost for longer than a moment, and the way to try it at once.
import { openShell, test } from "../support/demo.ts";
import { BROKEN, expect } from "../support/test.ts";

test("a loss is said where it happened, and can be tried at once", async ({ page, cable, problems }) => {
  problems.expect(BROKEN);
  const terminal = await openShell(page, cable);
  await terminal.expectState("connected");
  await expect(terminal.notice).toBeHidden();
  cable.pull();
  await expect(terminal.notice).toContainText(
    /Connection lost\. The shell is kept until \d+:\d+\s[AP]M, and what you type is sent later\./,
  );
  await terminal.type("echo typed-$((6*7))\n");
  // the pauses have become so long that nothing else is tried meanwhile
  await expect(terminal.notice).toContainText(/Next try in ([6-9]|1\d) s\./, { timeout: 30_000 });
  cable.plug();
  await terminal.notice.getByRole("button", { name: "Try now" }).click();
  await expect(terminal.state).toHaveAttribute("data-state", "connected", { timeout: 4_000 });
  await expect(terminal.notice).toBeHidden();
  await terminal.expectFocus();
  await terminal.expectText(/^typed-42$/m);
});

test("what is said of a loss can be put away, and is said of the next one", async ({ page, cable, problems }) => {
  problems.expect(BROKEN);
  const terminal = await openShell(page, cable);
  for (const _ of [1, 2]) {
    cable.pull();
    await expect(terminal.notice).toContainText("Connection lost.");
    await terminal.notice.getByRole("button", { name: "Dismiss" }).click();
    await expect(terminal.notice).toBeHidden();
    await terminal.expectState("reconnecting");
    cable.plug();
    await terminal.expectState("connected");
  }
});

test("a loss that is over at once is no news", async ({ page, cable, problems }) => {
  problems.expect(BROKEN);
  const terminal = await openShell(page, cable);
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    const look = () => {
      const notice = document.querySelector("[data-testid=notice]")?.textContent;
      if (notice !== null && notice !== undefined) said.push(notice);
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  cable.cut();
  await terminal.expectState("reconnecting");
  await terminal.expectState("connected");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  expect(await page.evaluate(() => (window as unknown as { said: string[] }).said)).toEqual([]);
});
