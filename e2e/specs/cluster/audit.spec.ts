// Who did what: the id in Podshell's audit events is the one in the shell, and the one in the API server's audit log where that is kept.
import { address, ask, auditEvents, bearer, expect, expectEvent, mintPath, shellOf, test } from "../../support/in-cluster.ts";
import { kubectl, submit } from "../../support/kubectl.ts";
import { pod, TEAMS } from "../../support/scene.ts";
import { Terminal } from "../../support/terminal.ts";
import { report } from "../../support/test.ts";
import { Wire } from "../../support/wire.ts";

const SESSIONS = 20;
/** By the kubelet, whose folder of logs it lies in: e2e/cluster/README.md says how it is switched on. */
const LOG = "/proxy/logs/kubernetes/audit.log";

test(`the ids of ${SESSIONS} sessions at once are the same everywhere`, async ({ pageOf, ingress, tokens }) => {
  test.setTimeout(120_000);
  const since = new Date();
  const page = await pageOf("alice");
  const headers = bearer(await tokens("alice"));
  const minted = await Promise.all(
    Array.from({ length: SESSIONS }, async () => ask(ingress, { path: mintPath(shellOf(0)), headers })),
  );
  const ids = minted.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  // by the protocol itself: 20 terminals are more than a page draws at once
  const sessions = await page.evaluate(
    async ([base, ids]) => {
      const session = async (id: string, number: number) =>
        new Promise<string>((resolve, reject) => {
          const url = `${base.replace("https", "wss")}/api/sockjs/000/audit${number}x${Date.now()}/websocket`;
          const socket = new WebSocket(url);
          const send = (message: object) => socket.send(JSON.stringify([JSON.stringify(message)]));
          let text = "";
          socket.onmessage = ({ data }: MessageEvent<string>) => {
            if (data === "o") {
              send({ Op: "bind", SessionID: id });
              send({ Op: "stdin", Data: 'echo "is=$PODSHELL_SESSION."\r' });
            }
            if (!data.startsWith("a")) return;
            for (const message of JSON.parse(data.slice(1)) as string[]) {
              const { Op, Data } = JSON.parse(message) as { Op: string; Data: string };
              if (Op === "stdout") text += Data;
            }
            const found = /is=([0-9a-f-]{36})\./.exec(text)?.[1];
            if (found !== undefined) {
              resolve(found);
              setTimeout(() => send({ Op: "stdin", Data: "exit\r" }), 500);
            }
          };
          socket.onclose = ({ code, reason }) => reject(new Error(`closed: ${code} ${reason} ${text}`));
          setTimeout(() => reject(new Error(`no id in: ${text}`)), 30_000);
        });
      return Promise.all(ids.map(session));
    },
    [address().origin, ids] as const,
  );
  expect(new Set(sessions).size).toBe(SESSIONS);

  const of = (event: string) => async () => {
    const events = await auditEvents("token", since);
    const named = events.filter((one) => one.event === event).map(({ session }) => session ?? "");
    return sessions.filter((session) => named.includes(session)).length;
  };
  for (const event of ["session-begin", "session-start", "session-end"]) {
    await expect.poll(of(event), { message: event }).toBe(SESSIONS);
  }

  const [node] = (await kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.name}")).split(" ");
  const log = await kubectl("get", "--raw", `/api/v1/nodes/${node}${LOG}`).catch(() => undefined);
  if (log === undefined) {
    report("The API server keeps no audit log here: not compared with it.");
    return;
  }
  const execs = log
    .split("\n")
    .filter((line) => line.includes('"subresource":"exec"') && line.includes('"stage":"ResponseStarted"'))
    .map((line) => (JSON.parse(line) as { auditID: string }).auditID);
  expect(sessions.filter((session) => execs.includes(session)).length).toBe(SESSIONS);
  report(`${SESSIONS} of ${SESSIONS} ids are in the API server's audit log, too.`);
});

test("each step is an event that says who, from where, and in which session", async ({ pageOf, ingress, tokens }) => {
  test.skip(test.info().project.name !== "haproxy", "whichever the proxy is");
  const since = new Date();
  const name = `podshell-e2e-${Date.now()}`;
  await submit("create", pod(TEAMS[0], name));
  await kubectl(`--namespace=${TEAMS[0]}`, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
  const target = { namespace: TEAMS[0], pod: name, container: "bash" };
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
