// Who did what: the id in Podshell's audit events is the one in the shell, and the one in the API server's audit log where that is kept.
import type { Page } from "@playwright/test";
import { execs } from "../../support/api-server-log.ts";
import { address, ask, auditEvents, bearer, expect, expectEvent, mintPath, test } from "../../support/in-cluster.ts";
import { kubectl, submit, type Target } from "../../support/kubectl.ts";
import { pod, TEAMS } from "../../support/scene.ts";
import { Terminal } from "../../support/terminal.ts";
import { report } from "../../support/test.ts";
import { Wire } from "../../support/wire.ts";

const SESSIONS = 100;
const AT_ONCE = 20;

test(`the ids of ${SESSIONS} sessions are the same everywhere`, async ({ pageOf, ingress, tokens }) => {
  test.setTimeout(240_000);
  const since = new Date();
  // nobody else has sessions there
  const target = await ownPod();
  const page = await pageOf("alice");
  const headers = bearer(await tokens("alice"));
  const sessions: string[] = [];
  for (let round = 0; round < SESSIONS / AT_ONCE; round++) {
    const minted = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => ask(ingress, { path: mintPath(target), headers })),
    );
    const ids = minted.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    sessions.push(...(await idsInShells(page, ids)));
  }
  expect(new Set(sessions).size).toBe(SESSIONS);

  const events = async () => (await auditEvents("token", since)).filter(({ pod }) => pod === target.pod);
  // a mint has no session yet
  expect((await events()).filter(({ event }) => event === "mint").length).toBe(SESSIONS);
  for (const name of ["session-begin", "session-start", "session-end"]) {
    const named = async () => (await events()).filter(({ event }) => event === name).map(({ session }) => session);
    await expect.poll(async () => (await named()).sort(), { message: name }).toEqual([...sessions].sort());
  }
  await kubectl(`--namespace=${target.namespace}`, "delete", "pod", target.pod, "--wait=false");

  const seen = await execs(since);
  if (seen === undefined) {
    report("The API server keeps no audit log here: not compared with it.");
    return;
  }
  const there = seen.filter(({ objectRef }) => objectRef.name === target.pod).map(({ auditID }) => auditID);
  // beside those of the clean-up
  expect(there.filter((id) => sessions.includes(id)).sort()).toEqual([...sessions].sort());
  report(`${SESSIONS} of ${SESSIONS} ids are in the shells, the events and the API server's audit log.`);
});

/** Opens a shell for each of these, all at once, and gives the ids that they have; then ends them. */
async function idsInShells(page: Page, ids: string[]): Promise<string[]> {
  // by the protocol itself: so many terminals are more than a page draws at once
  return page.evaluate(
    async ([base, ids]) => {
      const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify([JSON.stringify(message)]));
      const open = async (id: string) =>
        new Promise<[WebSocket, string]>((resolve, reject) => {
          const url = `${base.replace("https", "wss")}/api/sockjs/000/${crypto.randomUUID()}/websocket`;
          const socket = new WebSocket(url);
          let text = "";
          socket.onmessage = ({ data }: MessageEvent<string>) => {
            if (data === "o") {
              send(socket, { Op: "bind", SessionID: id });
              send(socket, { Op: "stdin", Data: 'echo "is=$PODSHELL_SESSION."\r' });
            }
            if (!data.startsWith("a")) return;
            for (const message of JSON.parse(data.slice(1)) as string[]) {
              const { Op, Data } = JSON.parse(message) as { Op: string; Data: string };
              if (Op === "stdout") text += Data;
            }
            const found = /is=([0-9a-f-]{36})\./.exec(text)?.[1];
            if (found !== undefined) resolve([socket, found]);
          };
          socket.onclose = ({ code, reason }) => reject(new Error(`closed: ${code} ${reason} ${text}`));
          setTimeout(() => reject(new Error(`no id in: ${text}`)), 30_000);
        });
      const shells = await Promise.all(ids.map(open));
      await Promise.all(
        shells.map(async ([socket]) => {
          const closed = new Promise((resolve) => (socket.onclose = resolve));
          send(socket, { Op: "stdin", Data: "exit\r" });
          await closed;
        }),
      );
      return shells.map(([, session]) => session);
    },
    [address().origin, ids] as const,
  );
}

/** A pod that nobody else uses. */
async function ownPod(): Promise<Target> {
  const name = `podshell-e2e-${test.info().project.name}-${Date.now()}`;
  await submit("create", pod(TEAMS[0], name));
  await kubectl(`--namespace=${TEAMS[0]}`, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
  return { namespace: TEAMS[0], pod: name, container: "bash" };
}

test("each step is an event that says who, from where, and in which session", async ({ pageOf, ingress, tokens }) => {
  test.skip(test.info().project.name !== "haproxy", "whichever the proxy is");
  const since = new Date();
  const target = await ownPod();
  const name = target.pod;
  const user = `system:serviceaccount:${TEAMS[0]}:alice`;
  const who = { user, address: "127.0.0.1" };

  const page = await pageOf("alice");
  const wire = new Wire(page);
  const terminal = await Terminal.open(page, target, address());
  await terminal.expectPrompt();
  await page.reload();
  await terminal.expectState("connected");
  const key = wire.last.key ?? "";
  // as another tab of hers would
  await page.evaluate(
    async ([base, key]) =>
      new Promise<void>((resolve) => {
        const socket = new WebSocket(`${base.replace("https", "wss")}/api/sockjs/000/taker${Date.now()}/websocket`);
        socket.onmessage = ({ data }: MessageEvent<string>) => {
          const send = (message: object) => socket.send(JSON.stringify([JSON.stringify(message)]));
          if (data === "o") send({ Op: "resume", Data: "0", SessionID: key });
          else if (data.includes("bound")) send({ Op: "stdin", Data: "exit 3\r" });
        };
        socket.onclose = () => resolve();
      }),
    [address().origin, key] as const,
  );
  const { session } = await expectEvent({ event: "session-end", pod: name, ...who }, since);
  const of = { session: session ?? "", pod: name, ...who };
  for (const event of ["begin", "start", "detach", "resume", "takeover", "end"]) {
    await expectEvent({ event: `session-${event}`, ...of }, since);
  }
  await expectEvent({ event: "session-end", reason: "exited", exitCode: 3, ...of }, since);
  await expectEvent({ event: "mint", pod: name, ...who }, since);
  await expectEvent({ event: "sign-in", ...who }, since);

  const post = { method: "POST", headers: bearer(await tokens("alice")) };
  const debug = `/api/v1/pod/${target.namespace}/${target.pod}/debug/${target.container}`;
  expect((await ask(ingress, { ...post, path: debug })).status).toBe(201);
  await expectEvent({ event: "debug-container", pod: name, user }, since);

  const json = { "Content-Type": "application/json" };
  const body = JSON.stringify({ token: "no token at all" });
  expect((await ask(ingress, { method: "POST", path: "/api/v1/sign-in", headers: json, body })).status).toBe(401);
  await expectEvent({ event: "sign-in-refused", code: "token-refused" }, since);
  const dave = { method: "POST", headers: bearer(await tokens("dave")) };
  expect((await ask(ingress, { ...dave, path: "/api/v1/sign-out" })).status).toBe(204);
  await expectEvent({ event: "sign-out", user: `system:serviceaccount:${TEAMS[0]}:dave` }, since);
  await kubectl(`--namespace=${TEAMS[0]}`, "delete", "pod", name, "--wait=false");
});
