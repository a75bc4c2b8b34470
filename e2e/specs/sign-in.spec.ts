// Signing in by a token of the cluster: the page for it, several tabs, the way out, and what each may do.
import type { Page } from "@playwright/test";
import { accountToken, EXEC, kubectl, NAMESPACE, SEE_PODS, standing } from "../support/kubectl.ts";
import { LOOKS, show as showIn } from "../support/pictures.ts";
import { PodList } from "../support/pod-list.ts";
import type { Podshell } from "../support/podshell.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/users.ts";

const BASH = standing("bash");
const TOKEN_MODE = ["--sign-in", "token", "--review-every", "5s"];

/** Fills in the form that stands there. */
async function signIn(page: Page, token: string): Promise<void> {
  await page.getByTestId("token").fill(token);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("sign-in-page")).toBeHidden();
}

/** Kills a server; its page goes first, which would ask for it in vain. */
async function killUnseen(page: Page, server: Podshell): Promise<void> {
  await page.close();
  await server.kill();
}

test("who comes by a deep link signs in by a token and is where they wanted to be", async ({
  page,
  serve,
  problems,
}) => {
  problems.expect(/401/);
  const { origin, server } = await serve(TOKEN_MODE);
  const token = await accountToken("e2e-signs-in", [SEE_PODS, EXEC]);
  const terminal = await Terminal.goto(page, BASH, { origin });
  const address = page.url();
  const field = page.getByTestId("token");
  await expect(field).toBeFocused();
  await expect(field).toHaveAttribute("type", "password");
  await expect(field).toHaveAttribute("autocomplete", "off");
  await page.getByTestId("show-token").click();
  await expect(field).toHaveAttribute("type", "text");

  await field.fill("no.such.token");
  await field.press("Enter");
  await expect(page.getByRole("alert")).toContainText("The cluster does not accept this token.");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toBeFocused();
  await expect(field).toHaveAttribute("type", "password");

  // as it is copied from a script, and typed over what is selected
  await page.keyboard.insertText(`  Bearer ${token} `);
  await page.keyboard.press("Enter");
  await terminal.expectState("connected");
  await terminal.expectFocus();
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  expect(page.url()).toBe(address);

  // a page can read it nowhere
  const kept = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify([localStorage, sessionStorage]));
  expect(kept).not.toContain(token.slice(0, 40));
  expect(kept).not.toContain("no.such.token");
  for (const { httpOnly, sameSite } of await page.context().cookies()) {
    expect({ httpOnly, sameSite }).toEqual({ httpOnly: true, sameSite: "Strict" });
  }
  expect(server.log()).not.toContain(token);

  await expect(page.getByTestId("user")).toHaveText(`${NAMESPACE}:e2e-signs-in`);
  await expect(page.getByTestId("user")).toHaveAttribute("title", /Groups: .*system:serviceaccounts/);
  await page.reload();
  await terminal.expectState("connected");
  await terminal.expectText(/^42$/m);
});

test("a socket is opened before there is an id, for cookies show who opens it", async ({ page, serve, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(TOKEN_MODE);
  await page.goto(origin);
  await signIn(page, await accountToken("e2e-early", [SEE_PODS, EXEC]));
  const requests: string[] = [];
  page.on("websocket", (socket) => requests.push(new URL(socket.url()).pathname + new URL(socket.url()).search));
  page.on("request", (request) => {
    if (request.url().includes("/shell/") && request.url().includes("/api/")) requests.push("mint");
    expect(request.headers()["authorization"], request.url()).toBeUndefined();
  });
  await Terminal.open(page, BASH, { origin });
  expect(requests).toHaveLength(2);
  // without an id, and so before it came
  expect(requests).toContain("/ws/api/sockjs/websocket");
});

test("tabs go in and out together", async ({ context, serve, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(TOKEN_MODE);
  const token = await accountToken("e2e-tabs", [SEE_PODS, EXEC]);
  const [one, other] = [await context.newPage(), await context.newPage()];
  await one.goto(origin);
  const terminal = await Terminal.goto(other, BASH, { origin });
  await expect(other.getByTestId("sign-in-page")).toBeVisible();
  await signIn(one, token);
  await expect(one.getByTestId("pod-list")).toBeVisible();
  await terminal.expectState("connected");

  // it is asked for a shell that would end, and nothing happens without an answer
  await other.getByTestId("sign-out").click();
  await terminal.answer(/Cancel/);
  await terminal.expectState("connected");
  await other.getByTestId("sign-out").click();
  await terminal.answer(/Sign out/);
  for (const page of [one, other]) {
    await expect(page.getByTestId("sign-in-reason")).toContainText("You are signed out.");
    // whoever comes next sees nothing of what was there
    await expect(page.getByTestId("look")).toBeHidden();
  }
  expect(await context.cookies()).toEqual([]);
  await signIn(one, token);
  await terminal.expectState("connected");
});

test("what is half typed on the sign-in page stays when another tab signs out", async ({ context, serve, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(TOKEN_MODE);
  const token = await accountToken("e2e-half-typed", [SEE_PODS, EXEC]);
  const [one, other] = [await context.newPage(), await context.newPage()];
  await one.goto(origin);
  await signIn(one, token);
  await one.getByTestId("sign-out").click();
  await expect(one.getByTestId("sign-in-reason")).toContainText("You are signed out.");
  // what tells other tabs so
  const told = await one.evaluate(() => Object.entries(localStorage).find(([key]) => key.startsWith("podshell.sign-in:")));
  await signIn(one, token);
  await other.goto(origin);
  await expect(other.getByTestId("pod-list")).toBeVisible();

  await context.clearCookies();
  for (const page of [one, other]) {
    await expect(page.getByTestId("sign-in-reason")).toContainText("Your sign-in has ended.");
  }
  await other.getByTestId("token").fill("half of a to");
  await one.evaluate(([key, value]) => localStorage.setItem(key, value), told!);
  await expect(other.getByTestId("sign-in-reason")).toContainText("You are signed out.");
  await expect(other.getByTestId("token")).toHaveValue("half of a to");
});

test("signing out ends the user's shells wherever they are, and says why", async ({ browser, page, serve, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(TOKEN_MODE);
  const token = await accountToken("e2e-two-browsers", [SEE_PODS, EXEC]);
  const elsewhere = await browser.newContext();
  problems.watch(elsewhere);
  try {
    const terminal = await Terminal.goto(await elsewhere.newPage(), BASH, { origin });
    await signIn(terminal.page, token);
    await terminal.expectState("connected");
    await terminal.run("echo still to be read");
    await terminal.expectText(/^still to be read$/m);
    await page.goto(origin);
    await signIn(page, token);
    // nothing runs here, so nothing is asked
    await page.getByTestId("sign-out").click();
    await expect(page.getByTestId("sign-in-page")).toBeVisible();
    await terminal.expectReason("signed-out");
    await terminal.expectText(/^still to be read$/m);
    // that browser's own sign-in is good still
    await terminal.page.getByTestId("sign-in-again").click();
    await terminal.expectState("connected");
    await terminal.expectText(/^still to be read$/m);
  } finally {
    await elsewhere.close();
  }
});

test("who may not exec reads why before any shell", async ({ page, serve, problems }) => {
  problems.expect(/401|403/);
  const { origin } = await serve(TOKEN_MODE);
  await page.goto(origin);
  await signIn(page, await accountToken("e2e-may-not-exec", [SEE_PODS]));
  const row = new PodList(page).row(`${BASH.namespace}/${BASH.pod}`);
  await expect(row).toContainText(`You may not open shells in ${NAMESPACE}`);
  await row.getByRole("rowheader").click();
  await page.keyboard.press("Enter");
  const terminal = new Terminal(page);
  await terminal.expectReason("forbidden");
  await expect(terminal.failure).toContainText("pods/exec");
});

test("who may list nothing is told the command that would change that", async ({ page, serve, problems }) => {
  problems.expect(/401|403/);
  const { origin } = await serve(TOKEN_MODE);
  await page.goto(origin);
  await signIn(page, await accountToken("e2e-sees-nothing", []));
  await expect(page.getByTestId("failure")).toBeVisible();
  await expect(page.locator(".command")).toContainText(
    `--clusterrole=view --user=system:serviceaccount:${NAMESPACE}:e2e-sees-nothing`,
  );
});

test("a right that is taken away ends the shell that it was for", async ({ page, serve, ownPod, problems }) => {
  problems.expect(/401|403/);
  const { origin, server } = await serve(TOKEN_MODE);
  const name = "e2e-loses-right";
  const token = await accountToken(name, [SEE_PODS, EXEC]);
  const terminal = await Terminal.goto(page, ownPod, { origin });
  await signIn(page, token);
  await terminal.expectState("connected");
  const taken = Date.now();
  await kubectl("delete", "rolebinding", name);
  await terminal.expectReason("forbidden");
  expect(Date.now() - taken).toBeLessThan(60_000);
  await expect(terminal.failure).toContainText("The cluster does not allow a shell here");
  // who may not exec may not end either what still runs, of which a server that is stopped would say so
  await killUnseen(page, server);
});

test("a sign-in that has ended leaves the screens, and is gone on with", async ({ page, serve, ownPod, problems }) => {
  problems.expect(/401|403|502/);
  const { origin, server } = await serve(TOKEN_MODE);
  const name = "e2e-expires";
  const terminal = await Terminal.goto(page, ownPod, { origin });
  await signIn(page, await accountToken(name, [SEE_PODS, EXEC]));
  await terminal.run("echo still to be read");
  await terminal.expectText(/^still to be read$/m);
  // the cluster knows its token no more
  await kubectl("delete", "serviceaccount", name);
  await terminal.expectReason("signed-out");
  await page.getByTestId("sign-in-again").click();
  const reason = page.getByTestId("sign-in-reason");
  await expect(reason).toContainText("Your sign-in has ended. Your shell here ended with it.");

  await page.getByTestId("look").click();
  await terminal.expectText(/^still to be read$/m);
  await page.getByTestId("sign-in-again").click();
  await expect(reason).toBeVisible();
  await signIn(page, await accountToken(name, [SEE_PODS, EXEC]));
  await terminal.expectState("connected");
  await terminal.expectText(/^still to be read$[^]*[#$]\s*$/m);
  // nor may who is signed out
  await killUnseen(page, server);
});

test("that a sign-in ends soon is told, and no more once one has signed in anew", async ({ page, serve, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(TOKEN_MODE);
  await page.goto(origin);
  await signIn(page, await accountToken("e2e-ends-soon", [SEE_PODS, EXEC], "10m"));
  await expect(page.getByTestId("sign-in-end")).toContainText(/^Sign-in ends in (10|9) min/);
  await page.getByTestId("sign-out").click();
  await signIn(page, await accountToken("e2e-ends-soon", [SEE_PODS, EXEC]));
  await expect(page.getByTestId("user")).toBeVisible();
  await expect(page.getByTestId("sign-in-end")).toHaveCount(0);
});

test("the list gives way to the sign-in page when the sign-in has ended", async ({ context, page, serve, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(TOKEN_MODE);
  await page.goto(origin);
  await signIn(page, await accountToken("e2e-list-expires", [SEE_PODS, EXEC]));
  await expect(page.getByTestId("pod-list")).toBeVisible();
  await context.clearCookies();
  await expect(page.getByTestId("sign-in-reason")).toContainText("Your sign-in has ended.");
  await expect(page.getByTestId("pod-list")).toBeHidden();
});

for (const [look, options] of Object.entries(LOOKS)) {
  test.describe(look, () => {
    test.use(options);

    test("signing in, and what may come of it, looks right, and axe finds nothing", async ({ page, serve, problems }, testInfo) => {
      problems.expect(/401|403/);
      const show = (name: string) => showIn(page, look, name, testInfo.project.outputDir);
      const { origin } = await serve(TOKEN_MODE);
      await page.goto(origin);
      await expect(page.getByTestId("token")).toBeFocused();
      await show("sign-in");
      await page.getByTestId("token").fill("no.such.token");
      await page.keyboard.press("Enter");
      await expect(page.locator("[aria-invalid=true]")).toBeFocused();
      await show("sign-in-refused");

      // who may look, and nothing else
      await signIn(page, await accountToken("e2e-looks", [SEE_PODS]));
      await expect(page.getByTestId("pod-list")).toBeVisible();
      await show("signed-in");
      const refused = await Terminal.goto(page, BASH, { origin });
      await refused.expectReason("forbidden");
      await expect(refused.failure).toContainText("get pods/exec");
      await show("forbidden");
      await page.goto(origin);
      await expect(page.getByTestId("pod-list")).toBeVisible();
      await page.context().clearCookies();
      await expect(page.getByTestId("sign-in-reason")).toBeVisible();
      await show("sign-in-expired");
    });
  });
}
