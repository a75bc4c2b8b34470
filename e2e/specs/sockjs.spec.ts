// The wire protocol that Kubernetes Dashboard made known, spoken by npm's sockjs-client from Node.
import { aliasPath, DashboardClient, mint, mintPath } from "../support/dashboard.ts";
import { standing } from "../support/kubectl.ts";
import { expect, test } from "../support/test.ts";

// its client in Node shows no more than an id of who opens a connection
test.use({ local: true });

const BASH = standing("bash");
const PROMPT = /[#$] $/;
// output begins behind a bare return too: bash turns bracketed paste off with an escape sequence and one

test("a session from mint to exit, in the order of Dashboard's page", async ({ server }) => {
  const client = await DashboardClient.connect(server, await mint(server, mintPath(BASH)));
  // bind and the size go out in one breath, before the server has said anything
  client.bind();
  client.send({ Op: "resize", Cols: 101, Rows: 31 });
  await client.expectOutput(PROMPT);

  client.type("stty size; echo $((6*7))");
  await client.expectOutput(/[\r\n]31 101\r\n42\r\n/);

  client.send({ Op: "resize", Cols: 77, Rows: 22 });
  // the kubelet takes sizes and input side by side: what is typed next may be read before the size is set
  client.type('until [ "$(stty size)" = "22 77" ]; do :; done; stty size');
  await client.expectOutput(/[\r\n]22 77\r\n/);

  client.type("exit");
  expect(await client.expectClosed()).toEqual({ code: 1, reason: "Process exited", wasClean: true });
});

test("a size beside input does not count: only a resize resizes", async ({ server }) => {
  const client = await DashboardClient.connect(server, await mint(server, mintPath(BASH)));
  client.bind();
  client.send({ Op: "resize", Cols: 66, Rows: 19 });
  await client.expectOutput(PROMPT);
  // the first size, too, may be set after the prompt
  client.type('until [ "$(stty size 2>&1)" = "19 66" ]; do :; done; echo se\'\'t');
  await client.expectOutput(/[\r\n]set\r\n/);
  client.send({ Op: "stdin", Data: "stty size\r", Cols: 80, Rows: 24 });
  await client.expectOutput(/[\r\n]19 66\r\n/);
  client.close();
});

test("every message has Dashboard's five keys in their order and no other op", async ({ server }) => {
  const client = await DashboardClient.connect(server, await mint(server, mintPath(BASH)));
  client.bind();
  client.send({ Op: "resize", Cols: 80, Rows: 24 });
  client.type("echo '<&>\"' $((6*7)); exit");
  await client.expectOutput(/<&>" 42\r\n/);
  await client.expectClosed();

  expect(client.raw.length).toBeGreaterThan(0);
  for (const raw of client.raw) {
    const message = JSON.parse(raw) as Record<string, unknown>;
    expect(Object.keys(message), raw).toEqual(["Op", "Data", "SessionID", "Rows", "Cols"]);
    expect(message["Op"], raw).toMatch(/^(stdout|toast)$/);
    expect(message, raw).toMatchObject({ Data: expect.any(String), Rows: 0, Cols: 0 });
  }
});

test("a non-zero exit ends the session too, and only once", async ({ server }) => {
  const client = await DashboardClient.connect(server, await mint(server, mintPath(BASH)));
  client.bind();
  await client.expectOutput(PROMPT);
  client.type("exit 3");
  expect(await client.expectClosed()).toMatchObject({ code: 1, reason: "Process exited" });
  expect(client.output.match(/exit 3/g)).toHaveLength(1);
});

test("the short route mints too, and the prefix /ws connects", async ({ server }) => {
  const id = await mint(server, aliasPath(standing("busybox")));
  const client = await DashboardClient.connect(server, id, "/ws/api/sockjs");
  client.bind();
  client.type("echo $((6*7)); exit");
  await client.expectOutput(/[\r\n]42\r\n/);
  expect(await client.expectClosed()).toMatchObject({ code: 1, reason: "Process exited" });
});

test("an id binds once: the second bind is refused and the first lives on", async ({ server }) => {
  const id = await mint(server, mintPath(BASH));
  const first = await DashboardClient.connect(server, id);
  const second = await DashboardClient.connect(server, id);
  first.bind();
  await first.expectOutput(PROMPT);

  second.bind();
  const closed = await second.expectClosed();
  expect(closed.code).toBe(2);
  expect(closed.reason).toMatch(/used/i);
  expect(second.output).toBe("");
  // by then it opens no connection any more
  await expect(DashboardClient.connect(server, id)).rejects.toThrow("closed before it was open");

  first.type("echo $((6*7))");
  await first.expectOutput(/[\r\n]42\r\n/);
  first.close();
});

test("one megabyte of Chinese and emoji arrives without a broken character", async ({ server }) => {
  const client = await DashboardClient.connect(server, await mint(server, mintPath(BASH)));
  client.bind();
  await client.expectOutput(PROMPT);
  // 16 bytes a piece, 4 to a line: lines and characters straddle every power-of-two boundary
  const piece = "你好世界🎉";
  client.type(`n=0; while [ $n -lt 16000 ]; do echo "$n${piece.repeat(4)}"; n=$((n+1)); done; echo e''nd`);
  await client.expectOutput(/[\r\n]end\r\n/);
  const wanted = Array.from({ length: 16_000 }, (_, n) => `${n}${piece.repeat(4)}\r\n`).join("");
  const start = client.output.indexOf(`\r0${piece}`) + 1;
  expect(client.output).not.toContain("\uFFFD");
  // not toEqual: a megabyte of difference helps nobody
  expect(client.output.slice(start, start + wanted.length) === wanted).toBe(true);
  client.close();
});

test("a container without a shell closes with a reason that says so", async ({ server }) => {
  const client = await DashboardClient.connect(server, await mint(server, mintPath(standing("noshell"))));
  client.bind();
  const closed = await client.expectClosed();
  expect(closed.code).toBe(2);
  expect(closed.reason).toMatch(/shell/i);
});
