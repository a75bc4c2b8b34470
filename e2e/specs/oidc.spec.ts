// Signing in by an OpenID provider, a real one: there and back, who one is then, and what one may do.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { kubeconfig } from "../support/env.ts";
import { EXEC, grant, SEE_PODS, standing } from "../support/kubectl.ts";
import { agree, provide } from "../support/provider.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/users.ts";

const BASH = standing("bash");
const CLIENT = { id: "podshell", secret: "0123456789abcdef0123456789abcdef" };
const RBAC = "rbac.authorization.k8s.io";

test.beforeAll(async () => {
  const group = { kind: "Group", name: "oidc:e2e-oidc-operators", apiGroup: RBAC };
  await grant("e2e-oidc-operators", group, [SEE_PODS, EXEC]);
  const looker = { kind: "User", name: "bob@podshell.test", apiGroup: RBAC };
  await grant("e2e-oidc-lookers", looker, [SEE_PODS]);
});

/** A place for a provider, which is asked for nothing before somebody signs in. */
async function place(): Promise<{ server: Server; issuer: string }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("a provider's users are themselves, and do what they may", async ({ page, serve, file, problems }) => {
  // nobody is signed in at first, nor after the cookies are gone; the provider's own pages ask for a font that is not here
  problems.expect(/401|403|fonts\.|ERR_|Failed to load|no valid credentials/);
  await page.route((url) => url.hostname !== "127.0.0.1", (route) => route.abort());
  const { server, issuer } = await place();
  try {
    const { origin } = await serve(
      [
        ...["--sign-in", "oidc", "--act-as", "impersonate", "--oidc-groups-prefix", "oidc:"],
        ...["--oidc-issuer", issuer, "--oidc-client-id", CLIENT.id],
        ...["--oidc-client-secret-file", await file("client-secret", CLIENT.secret)],
      ],
      { kubeconfig: kubeconfig() },
    );
    const redirect = `${origin}/api/v1/sign-in/oidc/callback`;
    const groupsOf = (name: string) => (name === "alice" ? ["e2e-oidc-operators"] : []);
    server.on("request", provide(issuer, { client: CLIENT, redirect, groupsOf }).callback());

    const terminal = await Terminal.goto(page, BASH, { origin });
    const wanted = page.url();
    await expect(page.getByTestId("sign-in-page")).toHaveAttribute("data-method", "oidc");
    await expect(page.getByTestId("sign-in")).toBeFocused();
    await page.getByTestId("sign-in").click();
    await agree(page, "alice");
    await terminal.expectState("connected");
    expect(page.url()).toBe(wanted);
    await expect(page.getByTestId("user")).toHaveText("alice@podshell.test");
    await terminal.run("echo ${#PODSHELL_SESSION}");
    await terminal.expectText(/^36$/m);
    for (const { name, httpOnly, sameSite } of await page.context().cookies(origin)) {
      if (name.includes("podshell")) expect({ httpOnly, sameSite }).toEqual({ httpOnly: true, sameSite: "Strict" });
    }

    // who comes back without having begun is told so, and nothing of it stays in the address
    await page.context().clearCookies();
    await page.goto(`${origin}/api/v1/sign-in/oidc/callback?code=x&state=y`);
    await expect(page.getByTestId("sign-in-failed")).toContainText("begun in another browser");
    expect(page.url()).toBe(`${origin}/`);

    await page.getByTestId("sign-in").click();
    await agree(page, "bob");
    await expect(page.getByTestId("user")).toHaveText("bob@podshell.test");
    const refused = await Terminal.goto(page, BASH, { origin });
    await refused.expectReason("forbidden");
    await expect(refused.failure).toContainText("pods/exec");
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
