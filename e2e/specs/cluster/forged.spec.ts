// What a client says of itself counts for nothing: the audit events have the address that the proxy saw, and the user that it asked for.
import { RELEASES } from "../../support/ingress.ts";
import {
  ask,
  auditEvents,
  basic,
  bearer,
  expect,
  expectEvent,
  mintPath,
  shellOf,
  test,
  unusualAddress,
} from "../../support/in-cluster.ts";
import { kubectl } from "../../support/kubectl.ts";
import { TEAMS } from "../../support/scene.ts";

const FORGED = {
  "X-Forwarded-For": "203.0.113.9",
  Forwarded: "for=203.0.113.9",
  "X-Forwarded-User": "mallory",
  "X-Forwarded-Groups": "admins",
  "X-Podshell-Proxy-Secret": "0123456789abcdef0123456789abcdef",
};

test("by a token, the address is the one that the proxy saw", async ({ ingress, tokens }) => {
  const since = new Date();
  const from = unusualAddress();
  const headers = { ...FORGED, ...bearer(await tokens("alice")) };
  const answer = await ask(ingress, { path: mintPath(shellOf(0)), headers, from });
  expect(answer.status, answer.body).toBe(200);
  await expectEvent({ event: "mint", address: from, user: `system:serviceaccount:${TEAMS[0]}:alice` }, since);
});

test("by a proxy's word, the user is the one that it asked for", async ({ ingress }) => {
  const since = new Date();
  const from = unusualAddress();
  const asked = { mode: "proxy", path: mintPath(shellOf(0)), from } as const;
  const answer = await ask(ingress, { ...asked, headers: { ...FORGED, ...basic("bob") } });
  expect(answer.status, answer.body).toBe(200);
  const event = await expectEvent({ event: "mint", address: from }, since, "proxy");
  expect(event).toMatchObject({ user: "bob", groups: ["testers"] });
  expect((await ask(ingress, { ...asked, headers: FORGED })).status).toBe(401);
  for (const event of await auditEvents("proxy", since)) {
    expect(event.address).not.toBe("203.0.113.9");
    expect(event.user).not.toBe("mallory");
  }
});

test("who reaches the server beside the proxy is nobody", async () => {
  test.skip(test.info().project.name !== "haproxy", "no proxy is asked");
  const release = RELEASES.proxy;
  const address = await kubectl(`--namespace=${release}`, "get", "service", release, "--output=jsonpath={.spec.clusterIP}");
  const lines = [
    `GET /tools/shell/api/v1/me HTTP/1.1`,
    `Host: shell.test:8444`,
    ...Object.entries(FORGED).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
  ];
  const request = lines.map((line) => `${line}\\r\\n`).join("");
  const script = `exec 3<>/dev/tcp/${address}/80 && printf '${request}\\r\\n' >&3 && cat <&3`;
  const since = new Date();
  const answer = await kubectl(`--namespace=${TEAMS[0]}`, "exec", "shell", "--", "bash", "-c", script);
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(answer).toContain("not-by-proxy");
  const event = await expectEvent({ event: "refused", code: "not-by-proxy" }, since, "proxy");
  expect(event.user).toBeUndefined();
  // the pod's own
  expect(event.address).toMatch(/^10\./);
});
