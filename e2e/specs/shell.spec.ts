// A shell in a real container, through the page.
import { execute, processes, standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, leaveOnly, test } from "../support/test.ts";

const BASH = standing("bash");

test("the prompt is drawn at the browser's size, and the size follows the window", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.run("stty size");
  const first = await terminal.size();
  await terminal.expectText(new RegExp(`^${first.rows} ${first.cols}$`, "m"));
  await expect(terminal.host.locator(".xterm-rows > div")).toHaveCount(first.rows);
  // a terminal that was not told a size has 24x80, or none
  expect(first.cols).toBeGreaterThan(80);

  const second = await terminal.resize(700, 430);
  const size = `${second.rows} ${second.cols}`;
  // the kubelet takes sizes and input side by side: what is typed next may be read before the size is set
  await terminal.run(`until [ "$(stty size)" = "${size}" ]; do :; done; clear; stty size`);
  await terminal.expectText(new RegExp(`^${size}$`, "m"));
  expect(second.rows).toBeLessThan(first.rows);
  expect(second.cols).toBeLessThan(first.cols);
});

test("a command runs", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  await terminal.run("echo $TERM");
  await terminal.expectText(/^xterm-256color$/m);
});

test("where binary is refused, text serves, and the page says so", async ({ page, cable, problems }) => {
  leaveOnly("websocket-text", { cable, problems });
  const terminal = await Terminal.open(page, BASH, cable);
  await terminal.expectTransport("websocket-text");
  await expect(page.locator("footer")).toContainText("text");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);

  // in this tab it is known now, and the other is not tried again
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.reload();
  await terminal.expectState("connected");
  expect(sockets).toEqual([expect.stringMatching(/\/sockjs\/\d{3}\/\w+\/websocket\?/)]);
});

test("the socket is opened while the id is being minted, and its address has neither id nor key", async ({ page }) => {
  const sockets: string[] = [];
  const opened = new Promise<void>((resolve) => {
    page.on("websocket", (socket) => {
      sockets.push(socket.url());
      resolve();
    });
  });
  await page.route(/\/api\/v1\/pod\/.*\/shell\//, async (route) => {
    await opened;
    await route.continue();
  });
  const terminal = await Terminal.open(page, BASH);
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  expect(sockets).toEqual([expect.stringMatching(/\/ws\/api\/sockjs\/websocket$/)]);
});

test("Chinese text and emoji go in and come out", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("echo 你好世界 🎉");
  await terminal.expectText(/^你好世界 🎉$/m);

  await terminal.run("printf '\\xe5\\x86\\x8d\\xe8\\xa7\\x81 \\xf0\\x9f\\x90\\xb3\\n'");
  await terminal.expectText(/^再见 🐳$/m);

  // by the bytes that arrived, not by how they look
  await terminal.run("clear; printf 你🎉 | od -An -tx1");
  await terminal.expectText(/^\s*e4 bd a0 f0 9f 8e 89$/m);
  expect(await terminal.screen()).not.toContain("\uFFFD");
});

test("a typed line of wide characters wraps where the shell thinks it does", async ({ page }) => {
  await page.setViewportSize({ width: 500, height: 400 });
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  const { cols } = await terminal.size();
  // wider than a row, in cells of which the shell counts two for 你 and for 🎉
  const line = `echo ${"你🎉a".repeat(Math.ceil(cols / 4))}`;
  await terminal.type(line);
  await expect.poll(async () => (await terminal.screen()).replaceAll("\n", "")).toContain(line);
});

test("vi opens on a screen of its own and gives the first one back", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("echo be''fore");
  await terminal.expectText(/^before$/m);
  const { rows } = await terminal.size();

  await terminal.run("vi");
  // all rows but the text's first and the status line are marked as beyond its end
  await expect.poll(async () => (await terminal.screen()).match(/^~$/gm)?.length).toBe(rows - 2);
  await terminal.expectNoText("before");
  await terminal.type("ityped in vi");
  await terminal.expectText(/^typed in vi$/m);

  await page.keyboard.press("Escape");
  // until vi has left its insert mode a key behind the Escape would be part of an escape sequence
  await terminal.expectText(/^- No file/m);
  await terminal.run(":q!");
  await terminal.expectText(/^before$/m);
  await terminal.expectNoText("typed in vi");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
});

test("exit 3 shows code 3 and starts nothing else", async ({ page, ownPod }) => {
  const mints: string[] = [];
  const sockets: string[] = [];
  page.on("request", (request) => {
    if (/\/api\/v1\/pod\/|\/api\/pod\//.test(request.url())) mints.push(request.url());
  });
  page.on("websocket", (socket) => sockets.push(socket.url()));
  const before = await processes(ownPod);

  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  expect(await processes(ownPod)).not.toEqual(before);
  await terminal.run("exit 3");
  await terminal.expectState("ended");
  await expect(terminal.state).toHaveAttribute("data-exit-code", "3");
  await expect(terminal.state).toHaveAttribute("data-reason", "exited");
  await expect(terminal.state).toContainText("3");

  await expect.poll(() => processes(ownPod)).toEqual(before);
  expect(mints).toHaveLength(1);
  expect(sockets).toHaveLength(1);
  await terminal.expectState("ended");
  await expect(page.getByTestId("new-shell")).toBeVisible();
});

test("a new shell can be had after the end of one", async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.run("exit");
  await terminal.expectState("ended");
  await expect(terminal.state).toHaveAttribute("data-exit-code", "0");

  await page.getByTestId("new-shell").click();
  await terminal.expectState("connected");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
});

test("a container without bash gets sh, and what is typed first arrives", async ({ page }) => {
  const terminal = await Terminal.open(page, standing("busybox"));
  await terminal.run("stty size; echo ${BASH_VERSION-no bash}");
  const { rows, cols } = await terminal.size();
  await terminal.expectText(new RegExp(`^${rows} ${cols}\nno bash$`, "m"));
  await terminal.run("exit 4");
  await terminal.expectState("ended");
  await expect(terminal.state).toHaveAttribute("data-exit-code", "4");
});

for (const container of ["busybox", "bash"] as const) {
  test(`backspace takes back whole characters, in ${container}`, async ({ page }) => {
    const terminal = await Terminal.open(page, standing(container));
    await terminal.expectPrompt();
    const back = async (times: number) => {
      for (let n = 0; n < times; n++) await page.keyboard.press("Backspace");
    };
    // in the shell's own editor: what is shown is what runs
    await terminal.type("echo árvíztűrő");
    await terminal.expectText(/echo árvíztűrő$/);
    await back(9);
    await terminal.expectText(/echo$/);
    await terminal.run("ok | od -An -tx1");
    await terminal.expectText(/^\s*6f 6b 0a$/m);

    // in the kernel's, for what reads lines plainly
    await terminal.run("clear; echo rea''dy; cat | od -An -tx1");
    // what is typed before is cleared
    await terminal.expectText(/^ready$/m);
    await terminal.type("aű你");
    await terminal.expectText(/^aű你$/m);
    await back(2);
    await terminal.run("b");
    await page.keyboard.press("Control+d");
    await terminal.expectText(/^\s*61 62 0a$/m);
    await terminal.run("clear; echo $COLORTERM $LANG");
    await terminal.expectText(/^truecolor C\.UTF-8$/m);
  });
}

test("a container without any shell says so", async ({ page }) => {
  const terminal = await Terminal.goto(page, standing("noshell"));
  await terminal.expectReason("no-shell");
  await expect(terminal.failure).toBeVisible();
  await expect(terminal.failure).toContainText(/noshell/);
  await expect(terminal.failure).toContainText(/no shell|without a shell|has no.*shell/i);
});

test("two shells at once, each its own", async ({ page, context }) => {
  const first = await Terminal.open(page, BASH);
  const second = await Terminal.open(await context.newPage(), BASH);
  const pids = [await first.number("echo $$"), await second.number("echo $$")];
  expect(pids[0]).not.toBe(pids[1]);

  await first.run("mine=one; clear");
  await second.run("mine=two; clear");
  await first.run("echo this is $mine");
  await first.expectText(/^this is one$/m);
  await second.run("echo this is $mine");
  await second.expectText(/^this is two$/m);

  await first.run("exit 7");
  await first.expectState("ended");
  await second.run("echo $((6*7))");
  await second.expectText(/^42$/m);
  await second.expectState("connected");
});

test("a long paste arrives whole and in order", async ({ page, ownPod }) => {
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  // once this shows, bash has turned bracketed paste off again
  await terminal.run("echo re''ady; cat >/tmp/pasted");
  await terminal.expectText(/^ready$/m);
  const lines = Array.from({ length: 4_000 }, (_, n) => `line ${n} 你好\n`);
  await terminal.pasteLines(lines.join(""));
  // The end of its echo may wait in the kernel's terminal until there is more input: with kubectl once in thirty times, too.
  await page.keyboard.press("Control+d");
  await terminal.expectText(/^line 3999 你好\n.*[#$]\s*$/m, 30_000);
  expect(await execute(ownPod, "cat", "/tmp/pasted")).toBe(lines.join(""));
});
