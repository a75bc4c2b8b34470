// What the server allows: how long nothing may be typed, how old a session may get, how many there may be.
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");

test("a session in which nothing is typed is warned, then ended for that reason", async ({ setUp }) => {
  const { page } = await setUp(["--idle-limit", "10s"]);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await expect(terminal.notice).toContainText(/typed|idle/i);
  // what the shell prints is no sign of a user, what is typed is
  await terminal.run("for n in 1 2 3 4 5; do echo $n; sleep 1; done");
  await terminal.expectText(/^5$/m);
  await terminal.expectState("connected");
  await terminal.expectReason("idle");
  await terminal.expectState("ended");
});

test("a warning goes with what makes it untrue, and other remarks by themselves", async ({ setUp }) => {
  const { page } = await setUp(["--idle-limit", "64s", "--lifetime-limit", "70s"]);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  const { notice } = terminal;
  await expect(notice).toContainText(/If nothing is typed/, { timeout: 10_000 });
  await terminal.type("x");
  await expect(notice).toBeHidden();

  await expect(notice).toContainText(/as old as allowed/, { timeout: 15_000 });
  // what goes on without the page
  await expect(notice.getByRole("button", { name: "Copy kubectl command" })).toBeVisible();
  // the warning came again meanwhile, and is as true as before
  await expect(notice).toContainText(/If nothing is typed/, { timeout: 12_000 });
  await terminal.type("x");
  await expect(notice).toBeHidden();
});

test("a session that is as old as allowed is ended for that reason, whatever is typed", async ({ setUp }) => {
  const { page } = await setUp(["--lifetime-limit", "10s"]);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run('while read -r line; do echo "$line"; done');
  await terminal.type("still here");
  await terminal.expectReason("lifetime");
  await terminal.expectState("ended");
});

for (const flag of ["--max-sessions", "--max-sessions-per-user"]) {
  test(`one shell more than ${flag} allows says so, and is to be had once another has ended`, async ({ setUp }) => {
    const { page } = await setUp([flag, "1"]);
    const first = await Terminal.open(page, BASH);
    await first.expectPrompt();
    const second = await Terminal.goto(await page.context().newPage(), BASH);
    await second.expectReason("limit");
    await expect(second.failure).toBeVisible();

    await first.run("exit");
    await first.expectState("ended");
    await second.page.getByTestId("new-shell").or(second.page.getByTestId("retry")).click();
    await second.expectState("connected");
  });
}
