// Who gets in: nobody without the token, nobody from another site's page.
import { get, type IncomingMessage } from "node:http";
import { mint, mintPath } from "../support/dashboard.ts";
import { kubeconfig } from "../support/env.ts";
import { standing } from "../support/kubectl.ts";
import { Podshell } from "../support/podshell.ts";
import { expect, test } from "../support/test.ts";

const WEBSOCKETS = ["/api/sockjs/000/abcdefgh/websocket", "/ws/api/sockjs/000/abcdefgh/websocket"];
const GUARDED = ["/", "/api/v1/pods", mintPath(standing("bash")), "/api/sockjs/info", "/nothing/here"];

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

test("without a cookie or token every route but health answers 401", async ({ server }) => {
  for (const path of GUARDED) {
    expect((await fetch(server.origin + path)).status, path).toBe(401);
  }
  for (const path of WEBSOCKETS) {
    expect(await upgrade(server, path, {}), path).toBe(401);
  }
  for (const path of ["/healthz", "/readyz"]) {
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

test("a wrong token is refused, as header and in the URL", async ({ server }) => {
  const wrong = `${server.token.slice(0, -1)}${server.token.endsWith("A") ? "B" : "A"}`;
  for (const path of GUARDED) {
    const answer = await fetch(server.origin + path, { headers: { Authorization: `Bearer ${wrong}` } });
    expect(answer.status, path).toBe(401);
  }
  const signIn = await fetch(`${server.origin}/?token=${wrong}`, { redirect: "manual" });
  expect(signIn.status).toBe(401);
  expect(signIn.headers.get("set-cookie")).toBeNull();
});

test("the token as a bearer header lets scripts in", async ({ server }) => {
  const answer = await fetch(`${server.origin}/api/v1/pods`, { headers: server.bearer });
  expect(answer.status).toBe(200);
  const { pods } = (await answer.json()) as { pods: { namespace: string; name: string }[] };
  expect(pods).toContainEqual(expect.objectContaining({ namespace: "podshell-e2e", name: "shell" }));
  expect((await mint(server, mintPath(standing("bash")))).length).toBeGreaterThan(16);
  for (const path of WEBSOCKETS) {
    expect(await upgrade(server, path, server.bearer), path).toBe(101);
  }
});

test("a WebSocket from another site's page is refused, whatever it brings", async ({ server }) => {
  for (const path of WEBSOCKETS) {
    for (const origin of ["http://evil.example", "null", server.origin.replace(/\d+$/, "1")]) {
      expect(await upgrade(server, path, { ...server.bearer, Origin: origin }), `${path} ${origin}`).toBe(
        403,
      );
    }
    expect(await upgrade(server, path, { ...server.bearer, Origin: server.origin }), path).toBe(101);
  }
});

test("opening the printed URL signs the browser in and takes the token out of the address", async ({
  browser,
  problems,
}) => {
  problems.expect(/Failed to load resource.*401/);
  const own = await Podshell.start(["--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig()]);
  try {
    const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
    problems.watch(context);
    const page = await context.newPage();
    expect((await page.goto(own.origin))?.status()).toBe(401);

    await page.goto(own.signInUrl);
    await expect(page).toHaveURL(`${own.origin}/`);
    await expect(page.getByTestId("pod-list")).toBeVisible();
    const cookies = await context.cookies(own.origin);
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    expect(await page.evaluate(() => document.cookie)).toBe("");

    // the token is the way in, it must not lie about in a log
    expect(own.log().split(own.token)).toHaveLength(2);
    await context.close();
  } finally {
    await own.stop();
  }
});
