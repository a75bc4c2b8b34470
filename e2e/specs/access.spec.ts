// Who gets in: nobody without the key, by no name but the server's own, and from no other site's page.
import { get, type IncomingMessage } from "node:http";
import type { Browser } from "@playwright/test";
import { mint, mintPath } from "../support/dashboard.ts";
import { kubeconfig } from "../support/env.ts";
import { standing } from "../support/kubectl.ts";
import { Podshell } from "../support/podshell.ts";
import { Stranger, type Attack } from "../support/stranger.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, FIREFOX, test } from "../support/test.ts";

test.use({ local: true });

const BASH = standing("bash");
const WEBSOCKETS = ["/api/sockjs/000/abcdefgh/websocket", "/ws/api/sockjs/000/abcdefgh/websocket"];
const GUARDED = ["/api/v1/pods", mintPath(BASH), "/api/sockjs/info", "/api/sockjs/info?abc"];
const SIGNED_OUT = { cookies: [], origins: [] };

/** Asks for a WebSocket and gives the status of the answer; 101 is a yes. */
async function upgrade(server: Podshell, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(server.origin + path, {
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        ...headers,
      },
    });
    request.on("upgrade", (answer: IncomingMessage, socket) => {
      socket.destroy();
      resolve(answer.statusCode ?? 0);
    });
    request.on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.on("error", reject);
  });
}

/** Asks by another name than the server's own. */
async function askAs(server: Podshell, path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(server.origin + path, { headers: { ...server.bearer, Host: host } });
    request.on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.on("error", reject);
  });
}

test("without the key every route that does something answers 401", async ({ server }) => {
  for (const path of GUARDED) {
    expect((await fetch(server.origin + path)).status, path).toBe(401);
  }
  for (const path of WEBSOCKETS) {
    expect(await upgrade(server, path, {}), path).toBe(401);
  }
  for (const path of ["/healthz", "/readyz", "/"]) {
    expect((await fetch(server.origin + path)).status, path).toBe(200);
  }
});

test("a refusal of the API says what to do, as JSON", async ({ server }) => {
  const answer = await fetch(`${server.origin}/api/v1/pods`);
  expect(answer.headers.get("content-type")).toContain("application/json");
  expect(await answer.json()).toEqual({
    code: expect.stringMatching(/^[a-z-]+$/),
    message: expect.stringMatching(/\w/),
    hint: expect.stringMatching(/\w/),
  });
});

test("a wrong token is refused, and the log says so once", async () => {
  const own = await Podshell.start(["--listen", "127.0.0.1:0", "--demo"]);
  try {
    const wrong = `${own.token.slice(0, -1)}${own.token.endsWith("A") ? "B" : "A"}`;
    for (const path of GUARDED) {
      const answer = await fetch(own.origin + path, { headers: { Authorization: `Bearer ${wrong}` } });
      expect(answer.status, path).toBe(401);
    }
    await expect.poll(() => own.log()).toContain("someone was refused");
    expect(own.log().split("someone was refused")).toHaveLength(2);
    expect(own.log()).not.toContain(wrong);
  } finally {
    await own.stop();
  }
});

test("the token as a bearer header lets scripts in", async ({ server }) => {
  const answer = await fetch(`${server.origin}/api/v1/pods`, { headers: server.bearer });
  expect(answer.status).toBe(200);
  const { pods } = (await answer.json()) as { pods: { namespace: string; name: string }[] };
  expect(pods).toContainEqual(expect.objectContaining({ namespace: "podshell-e2e", name: "shell" }));
  expect((await mint(server, mintPath(BASH))).length).toBeGreaterThan(16);
  for (const path of WEBSOCKETS) {
    expect(await upgrade(server, path, server.bearer), path).toBe(101);
  }
});

test("a WebSocket from another site's page is refused, whatever it brings", async ({ server }) => {
  const id = await mint(server, mintPath(BASH));
  for (const path of WEBSOCKETS) {
    for (const origin of ["http://evil.example", "null", server.origin.replace(/\d+$/, "1")]) {
      const headers = { ...server.bearer, Origin: origin };
      expect(await upgrade(server, `${path}?${id}`, headers), `${path} ${origin}`).toBe(403);
    }
    expect(await upgrade(server, path, { ...server.bearer, Origin: server.origin }), path).toBe(101);
  }
});

test("by another name than its own the server answers nothing", async ({ server }) => {
  for (const host of ["evil.example", `evil.example:${server.port}`, "null", "127.0.0.1:1"]) {
    for (const path of [...GUARDED, "/", "/healthz", "/readyz"]) {
      expect(await askAs(server, path, host), `${host} ${path}`).toBe(421);
    }
  }
  expect(await askAs(server, "/api/v1/pods", `localhost:${server.port}`)).toBe(200);
});

test("the printed link signs one browser in, for all of its tabs, and is good once", FIREFOX, async ({ browser, problems }) => {
  problems.expect(/401/);
  const own = await Podshell.start(["--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig()]);
  try {
    const context = await browser.newContext({ storageState: SIGNED_OUT });
    problems.watch(context);
    const page = await context.newPage();
    await page.goto(own.origin);
    await expect(page.getByTestId("failure")).toContainText("You are not signed in");

    // into the address of the page that stands there already
    await page.goto(own.signInUrl);
    await expect(page.getByTestId("pod-list")).toBeVisible();
    await expect(page).toHaveURL(`${own.origin}/`);
    expect(await context.cookies()).toEqual([]);
    await page.reload();
    await expect(page.getByTestId("pod-list")).toBeVisible();
    const terminal = await Terminal.open(await context.newPage(), BASH, own);
    await terminal.expectPrompt();
    await context.close();

    const second = await browser.newContext({ storageState: SIGNED_OUT });
    problems.watch(second);
    const late = await second.newPage();
    await late.goto(own.signInUrl);
    await expect(late.getByTestId("failure")).toContainText("used before");
    // another tab that gets in takes this one along
    const tab = await second.newPage();
    await tab.goto(await own.newLink());
    await expect(tab.getByTestId("pod-list")).toBeVisible();
    await expect(late.getByTestId("pod-list")).toBeVisible();
    await second.close();

    // neither the key nor a used link lies about in a log
    const token = new URL(own.signInUrl).hash;
    expect(own.log().split(token)).toHaveLength(2);
    expect(own.log()).not.toContain(own.token);
  } finally {
    await own.stop();
  }
});

const STRANGERS = [
  ["on another port of this machine", (port: number) => `http://127.0.0.1:${port}`],
  ["of another site", (port: number) => `http://evil.localhost:${port}`],
] as const;

for (const [what, originOf] of STRANGERS) {
  test(`a page ${what} learns nothing and does nothing`, FIREFOX, async ({ browser, server }) => {
    const stranger = await Stranger.start(originOf);
    const context = await browser.newContext({ storageState: await server.signedIn() });
    try {
      // who is signed in, has a shell open and then goes there
      const terminal = await Terminal.open(await context.newPage(), BASH, server);
      await terminal.expectPrompt();
      const log = server.log().length;
      const attack = await attackFrom(stranger, context, server);
      for (const [how, result] of Object.entries(attack)) {
        expect(result, how).toMatch(/^(refused|opaque|blocked)$/);
      }
      // nothing of ours came along, neither as a header nor in an address
      expect(stranger.requests.length).toBeGreaterThan(0);
      const { origins } = await server.signedIn();
      const key = origins[0]?.localStorage[0]?.value ?? "";
      for (const request of stranger.requests) {
        expect(request).not.toContain(key);
        expect(request).not.toContain(server.token);
        expect(request).not.toMatch(/^(cookie|authorization):/im);
      }
      // no session began by whatever was sent, so that nothing can come of it later
      expect(server.log().slice(log)).not.toContain("session begins");
      // what it tried has left no trace, and the shell goes on
      await terminal.run("clear; ls /tmp/stranger; echo $((6*7))");
      await terminal.expectText(/No such file[^]*^42$/m);
    } finally {
      await context.close();
      await stranger.stop();
    }
  });
}

/** Opens the stranger's page in a browser and lets it do its worst, even with an id that it got hold of. */
async function attackFrom(
  stranger: Stranger,
  context: Awaited<ReturnType<Browser["newContext"]>>,
  server: Podshell,
): Promise<Attack> {
  const page = await context.newPage();
  await page.goto(stranger.origin);
  const id = await mint(server, mintPath(BASH));
  const attack = await stranger.attack(page, server.origin, mintPath(BASH), id);
  // the browser has put a page of its own in the place of ours
  const framed = page.frames().filter((frame) => frame !== page.mainFrame());
  expect(framed).toHaveLength(1);
  expect(await framed[0]?.evaluate(() => document.querySelector("base, #placeholder, main"))).toBeNull();
  return attack;
}
