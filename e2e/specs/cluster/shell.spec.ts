// A deployed Podshell through a proxy with TLS and a path prefix: sign in, list, a shell, its way back after the proxy has cut it off.
import { BASE, HOST } from "../../support/ingress.ts";
import { address, ask, bearer, expect, expectEvent, mintPath, shellOf, test } from "../../support/in-cluster.ts";
import { PodList } from "../../support/pod-list.ts";
import { TEAMS } from "../../support/scene.ts";
import { Terminal } from "../../support/terminal.ts";

const TEAM_A = shellOf(0);

test("who signs in by a token sees the pods, and types in a shell", async ({ pageOf }) => {
  const page = await pageOf("alice");
  const list = await PodList.open(page, `${BASE}/`);
  for (const team of TEAMS) await expect(list.row(`${team}/shell`)).toBeVisible();
  await list.shell(`${TEAMS[0]}/shell`, "bash").click();
  await expect(page).toHaveURL(new RegExp(`${BASE}/shell/${TEAMS[0]}/shell/bash`));
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await terminal.expectTransport("websocket-binary");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  await terminal.run("exit 3");
  await terminal.expectReason("exited");
});

test("in proxy mode the page and its sockets pass with what the proxy asked for", async ({ pageOf }) => {
  const since = new Date();
  const page = await pageOf("alice", "proxy");
  const list = await PodList.open(page, `${BASE}/`);
  await list.shell(`${TEAMS[1]}/shell`, "bash").click();
  const terminal = new Terminal(page);
  await terminal.expectState("connected");
  await terminal.expectTransport("websocket-binary");
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  const event = await expectEvent({ event: "session-start", user: "alice", namespace: TEAMS[1] }, since, "proxy");
  expect(event.groups).toEqual(["developers", "testers"]);
});

test("a deep link below the prefix opens a shell", async ({ pageOf }) => {
  const page = await pageOf("alice");
  const terminal = await Terminal.open(page, TEAM_A, address());
  await terminal.expectPrompt();
});

test("a shell goes on after the proxy has cut its connection", async ({ pageOf, ingress }) => {
  const page = await pageOf("alice");
  const terminal = await Terminal.open(page, TEAM_A, address());
  await terminal.run("kept=same; echo rea''dy");
  await terminal.expectText(/^ready$/m);
  const reconnecting = terminal.expectState("reconnecting");
  await ingress.cut("token");
  await reconnecting;
  await terminal.expectState("connected");
  await terminal.run("clear; echo $kept-shell");
  await terminal.expectText(/^same-shell$/m);
});

test("a request for another name is answered 421", async ({ ingress, tokens }) => {
  const headers = bearer(await tokens("alice"));
  const path = mintPath(TEAM_A);
  expect((await ask(ingress, { path, headers })).status).toBe(200);
  for (const Host of ["other.test", HOST, "localhost:7780"]) {
    const answer = await ask(ingress, { path, headers: { ...headers, Host } });
    expect(answer.status, `${Host}: ${answer.body}`).toBe(421);
  }
});

test("HTTP/2 to the browser, with WebSockets beside it", async ({ pageOf, ingress }) => {
  const page = await pageOf("alice");
  const terminal = await Terminal.open(page, TEAM_A, address());
  await terminal.expectTransport("websocket-binary");
  const protocols = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(
      (entry) => (entry as PerformanceResourceTiming).nextHopProtocol,
    ),
  );
  expect(new Set(protocols)).toEqual(new Set(["h2"]));
  // HAProxy takes WebSockets over HTTP/2, too (RFC 8441); nginx 1.22 does not, and gets them over HTTP/1.1
  if (ingress.name === "haproxy") {
    await terminal.run("exit");
    await terminal.expectState("ended");
    await page.close();
    await expect.poll(() => ingress.log()).toMatch(/ 101 .*\/websocket\S* HTTP\/2\.0"/);
  }
});
