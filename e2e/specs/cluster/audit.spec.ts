// Who did what: the id in Podshell's audit events is the one in the shell, and the one in the API server's audit log where that is kept.
import { address, ask, auditEvents, bearer, expect, mintPath, shellOf, test } from "../../support/in-cluster.ts";
import { kubectl } from "../../support/kubectl.ts";
import { report } from "../../support/test.ts";

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
