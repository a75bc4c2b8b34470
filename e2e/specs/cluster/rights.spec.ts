// People of differing rights: each sees and enters what the cluster lets them, by a token of their own and by a proxy's word.
import type { Mode } from "../../support/ingress.ts";
import { address, ask, basic, bearer, expect, expectEvent, mintPath, shellOf, test } from "../../support/in-cluster.ts";
import { kubectl, submit } from "../../support/kubectl.ts";
import { PodList } from "../../support/pod-list.ts";
import { TEAMS } from "../../support/scene.ts";
import { Terminal } from "../../support/terminal.ts";

const ACCOUNTS = `system:serviceaccount:${TEAMS[0]}`;
const MODES: [Mode, (person: string) => string][] = [
  ["token", (person) => `${ACCOUNTS}:${person}`],
  ["proxy", (person) => person],
];

for (const [mode, userOf] of MODES) {
  test.describe(`with sign-in by ${mode}`, () => {
    test("who may look and not enter is told which right is missing", async ({ pageOf }) => {
      const since = new Date();
      const page = await pageOf("carol", mode);
      const list = await PodList.open(page, address(mode).origin + "/");
      await expect(list.row(`${TEAMS[1]}/shell`)).toBeVisible();
      await list.shell(`${TEAMS[0]}/shell`, "bash").click();
      const terminal = new Terminal(page);
      await terminal.expectState("failed");
      await expect(terminal.state).toHaveAttribute("data-reason", "forbidden");
      await expect(terminal.failure).toContainText("pods/exec");
      await expectEvent({ event: "refused", code: "forbidden", user: userOf("carol") }, since, mode);
    });

    test("who may enter one namespace has a shell there, and none elsewhere", async ({ pageOf }) => {
      const page = await pageOf("bob", mode);
      const terminal = await Terminal.open(page, shellOf(0), address(mode));
      await terminal.run("echo $((6*7))");
      await terminal.expectText(/^42$/m);
      const refused = await Terminal.goto(page, shellOf(1), address(mode));
      await refused.expectState("failed");
      await expect(refused.state).toHaveAttribute("data-reason", "forbidden");
    });
  });
}

test("a right that is taken away ends the shell within a minute", async ({ pageOf }) => {
  test.skip(test.info().project.name !== "haproxy", "whichever the proxy is");
  test.setTimeout(150_000);
  const metadata = { name: "podshell-e2e-taken-away", namespace: TEAMS[1] };
  const RBAC = "rbac.authorization.k8s.io";
  await submit("apply", {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "podshell-e2e-enter" },
    subjects: [{ kind: "ServiceAccount", name: "carol", namespace: TEAMS[0] }],
  });
  const page = await pageOf("carol");
  const since = new Date();
  const terminal = await Terminal.open(page, shellOf(1), address()).finally(async () =>
    kubectl(`--namespace=${TEAMS[1]}`, "delete", "rolebinding", metadata.name),
  );
  await expect(terminal.state).toHaveAttribute("data-state", "ended", { timeout: 75_000 });
  const reason = await terminal.state.getAttribute("data-reason");
  expect(reason).toBe("forbidden");
  await expectEvent({ event: "session-end", reason: "forbidden", user: `${ACCOUNTS}:carol` }, since);
});

test("another user's id opens nothing", async ({ ingress, tokens, pageOf }) => {
  const answer = await ask(ingress, { path: mintPath(shellOf(0)), headers: bearer(await tokens("alice")) });
  expect(answer.status, answer.body).toBe(200);
  const { id } = JSON.parse(answer.body) as { id: string };
  const page = await pageOf("bob");
  const said = await page.evaluate(
    async ([base, id]) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`${base.replace("https", "wss")}/api/sockjs/000/e2e${Date.now()}/websocket`);
        let all = "";
        socket.onopen = () => socket.send(JSON.stringify([JSON.stringify({ Op: "bind", SessionID: id })]));
        socket.onmessage = ({ data }) => (all += data as string);
        socket.onclose = () => resolve(all);
        setTimeout(() => resolve(all), 5_000);
      }),
    [address().origin, id] as const,
  );
  expect(said).not.toContain('\\"bound\\"');
  expect(said).toContain("This session id is not known here.");
});

test("who the proxy does not sign in gets nothing from it", async ({ ingress }) => {
  const path = mintPath(shellOf(0));
  expect((await ask(ingress, { mode: "proxy", path })).status).toBe(401);
  expect((await ask(ingress, { mode: "proxy", path, headers: basic("alice") })).status).toBe(200);
});
