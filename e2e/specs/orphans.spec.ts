// What stays in the container when a session is over for good: what was put under nohup or setsid, no more.
import { execute, processes, type Target } from "../support/kubectl.ts";
import type { Podshell } from "../support/podshell.ts";
import { PodList } from "../support/pod-list.ts";
import { RawClient } from "../support/raw-client.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN, expect, report, test } from "../support/test.ts";

/** How long after the end the last process may live. */
const GONE_WITHIN_MS = 10_000;

/** How many shells one user may have. */
const SHELLS = 100;

/** Starts what a user may leave behind: two that are to stay, one in the background, and one in the foreground. */
async function leaveBehind(terminal: Terminal, target: Target, foreground: string): Promise<void> {
  await terminal.expectPrompt();
  // what nohup does, which the image's busybox lacks
  await terminal.run("(trap '' HUP; exec sleep 1001) & setsid sleep 1002 & sleep 1003 &");
  await terminal.run(foreground);
  const running = async () => (await processes(target)).join("\n");
  for (const command of ["sleep 1001", "sleep 1002", "sleep 1003", foreground]) {
    await expect.poll(running).toContain(command);
  }
}

/** Waits until a server knows that the session is over: its clean-up has its time from then on. */
async function expectOver(server: Podshell, target: Target): Promise<void> {
  await expect.poll(() => server.log(), { timeout: 20_000 }).toMatch(new RegExp(`session ended .*${target.pod}`));
}

/** Waits until all is gone but what is to stay, and what was there before. */
async function expectCleanedUp(target: Target, before: string[]): Promise<void> {
  const commands = async () => (await processes(target)).map((line) => line.replace(/^\d+ /, "").trim()).sort();
  const stays = [...before.map((line) => line.replace(/^\d+ /, "").trim()), "sleep 1001", "sleep 1002"];
  await expect.poll(commands, { timeout: GONE_WITHIN_MS, intervals: [250] }).toEqual(stays.sort());
  await execute(target, "sh", "-c", "killall -9 sleep; true");
}

for (const foreground of ["sleep 1000", "vi"]) {
  test(`closing the tab ends ${foreground} and a background job, and nothing that was to stay`, async ({
    page,
    server,
    ownPod,
  }) => {
    const before = await processes(ownPod);
    await leaveBehind(await Terminal.open(page, ownPod), ownPod, foreground);
    await page.close({ runBeforeUnload: true });
    await expectOver(server, ownPod);
    await expectCleanedUp(ownPod, before);
  });
}

test("when the network is lost for good, the same holds once the grace is over", async ({
  setUp,
  problems,
  ownPod,
}) => {
  problems.expect(BROKEN);
  const before = await processes(ownPod);
  const { cable, page } = await setUp(["--grace", "2s"]);
  const terminal = await Terminal.open(page, ownPod);
  await leaveBehind(terminal, ownPod, "sleep 1000");
  cable.pull();
  await expectCleanedUp(ownPod, before);

  // the page was not told, and asks for what is no more
  cable.plug();
  await terminal.expectReason("no-session");
});

test("when the server is stopped, the same holds as soon as it has ended", async ({ setUp, ownPod }) => {
  const before = await processes(ownPod);
  const { server, page } = await setUp([]);
  await leaveBehind(await Terminal.open(page, ownPod), ownPod, "vi");
  await server.stop();
  await expectCleanedUp(ownPod, before);
});

test("when the shell is ended from the list, nothing is waited for", async ({ page, server, ownPod }) => {
  const before = await processes(ownPod);
  const list = await PodList.open(page);
  await list.shell(`${ownPod.namespace}/${ownPod.pod}`, ownPod.container).click();
  await leaveBehind(new Terminal(page), ownPod, "sleep 1000");
  await page.goBack();
  // and what runs in it, too
  const end = page.getByTestId("end");
  await end.click();
  await end.click();
  await expectOver(server, ownPod);
  await expectCleanedUp(ownPod, before);
});

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  test(`${signal} with ${SHELLS} shells in one pod leaves nothing of them`, async ({ setUp, problems, ownPod }) => {
    test.setTimeout(240_000);
    // the list of pods asks on
    problems.expect(BROKEN);
    const before = await processes(ownPod);
    const { server, page } = await setUp(["--max-sessions-per-user", `${SHELLS}`]);
    const shells = await Promise.all(Array.from({ length: SHELLS }, async () => RawClient.open(page, server, ownPod)));
    await Promise.all(shells.map(async (shell) => shell.type("sleep 3331 & sleep 3332 &\r")));
    const jobs = async () => (await processes(ownPod)).filter((line) => / sleep 333[12]/.test(line)).length;
    await expect.poll(jobs, { timeout: 60_000 }).toBe(2 * SHELLS);
    const asked = performance.now();
    // its exit code is 0
    await server.stop(signal);
    const seconds = ((performance.now() - asked) / 1000).toFixed(1);
    report(`${signal} with ${SHELLS} shells and ${2 * SHELLS} jobs in one pod: the server ended after ${seconds} s`);
    await expect.poll(async () => processes(ownPod), { timeout: 2_000 }).toEqual(before);
    for (const shell of shells) {
      expect((await shell.end())?.reason).toBe("shutdown");
    }
  });
}
