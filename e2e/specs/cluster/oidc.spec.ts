// Sign-in by an OpenID provider that the API server trusts as well: people act by their own ID tokens, as long as these can be renewed.
import type { Page } from "@playwright/test";
import { execs } from "../../support/api-server-log.ts";
import { ID_TOKEN_SECONDS, issuer, WITHOUT_REFRESH } from "../../support/cluster-provider.ts";
import { BASE, origin } from "../../support/ingress.ts";
import {
  address,
  ask,
  auditEvents,
  expect,
  expectEvent,
  shellOf,
  statesFrom,
  test,
  unusualAddress,
} from "../../support/in-cluster.ts";
import { PodList } from "../../support/pod-list.ts";
import { agree, email } from "../../support/provider.ts";
import { TEAMS } from "../../support/scene.ts";
import { Terminal } from "../../support/terminal.ts";
import { report } from "../../support/test.ts";

/** Opens a shell by its deep link, and goes from there to the provider. */
async function leaveToSignIn(page: Page): Promise<Terminal> {
  // the provider's own pages ask for a font that is not here
  await page.route(/^https:\/\/fonts\./, (route) => route.abort());
  const terminal = await Terminal.goto(page, shellOf(0), address("oidc"));
  await expect(page.getByTestId("sign-in-page")).toHaveAttribute("data-method", "oidc");
  await page.getByTestId("sign-in").click();
  await expect(page).toHaveURL((url) => url.origin !== origin("oidc"));
  return terminal;
}

/** Signs in at the provider, as somebody who had a shell's deep link. */
async function signIn(page: Page, name: string): Promise<Terminal> {
  const terminal = await leaveToSignIn(page);
  await agree(page, name);
  return terminal;
}

/** The session's id, as the shell has it. */
async function sessionOf(terminal: Terminal): Promise<string> {
  await terminal.run('echo "is=$PODSHELL_SESSION."');
  const IS = /is=([0-9a-f-]{36})\./;
  await terminal.expectText(IS);
  return IS.exec(await terminal.screen())?.[1] ?? "";
}

test("who signs in at the provider is led back, and has a shell as themselves", async ({ pageOf }) => {
  const since = new Date();
  const page = await pageOf("alice", "oidc");
  const terminal = await leaveToSignIn(page);
  await agree(page, "alice");
  await terminal.expectState("connected");
  expect(page.url()).toBe(`${address("oidc").origin}/shell/${TEAMS[0]}/shell/bash`);
  await expect(page.getByTestId("user")).toHaveText(email("alice"));
  const session = await sessionOf(terminal);
  await terminal.run("exit");
  await terminal.expectReason("exited");

  const who = { user: email("alice"), issuer: await issuer(), address: "127.0.0.1" };
  const groups = ["oidc:developers"];
  expect(await expectEvent({ event: "sign-in", ...who }, since, "oidc")).toMatchObject({ groups });
  for (const event of ["session-begin", "session-start", "session-end"]) {
    expect(await expectEvent({ event, session, ...who }, since, "oidc")).toMatchObject({ groups });
  }
  const seen = await execs(since);
  if (seen === undefined) {
    report("The API server keeps no audit log here: who it took the call for is not known.");
    return;
  }
  const exec = seen.find(({ auditID }) => auditID === session);
  // by her own token, and not by anybody who speaks for her
  expect(exec?.user).toMatchObject({ username: email("alice"), groups: expect.arrayContaining(groups) });
  expect(exec?.impersonatedUser).toBeUndefined();
});

test("who may look and not enter is told so before anything is tried", async ({ pageOf }) => {
  const since = new Date();
  const page = await pageOf("bob", "oidc");
  const terminal = await signIn(page, "bob");
  await terminal.expectState("failed");
  await expect(terminal.state).toHaveAttribute("data-reason", "forbidden");
  await expect(terminal.failure).toContainText("pods/exec");
  const user = email("bob");
  await expectEvent({ event: "refused", code: "forbidden", user }, since, "oidc");
  for (const { event } of (await auditEvents("oidc", since)).filter((one) => one.user === user)) {
    expect(event).not.toMatch(/^(mint|session-)/);
  }
  expect((await execs(since))?.map((exec) => exec.user.username) ?? []).not.toContain(user);
  const list = await PodList.open(page, `${BASE}/`);
  await expect(list.row(`${TEAMS[1]}/shell`)).toBeVisible();
});

test("a shell goes on beyond its ID token where that can be renewed", async ({ pageOf }) => {
  test.setTimeout(240_000);
  const page = await pageOf("carol", "oidc");
  // nobody else is to renew it
  const terminal = await signIn(page, `carol-${test.info().project.name}`);
  await terminal.expectState("connected");
  await terminal.run("kept=same; echo rea''dy");
  await terminal.expectText(/^ready$/m);
  const states = await statesFrom(terminal);
  // nothing tells when a token has ended
  await page.waitForTimeout((ID_TOKEN_SECONDS + 45) * 1000);
  expect(await states()).toEqual([]);
  await terminal.run("clear; echo $kept-shell");
  await terminal.expectText(/^same-shell$/m);
  // the API server takes what the first one was renewed by
  const another = await Terminal.open(await page.context().newPage(), shellOf(1), address("oidc"));
  await another.expectPrompt();
});

test("a shell ends with its ID token where that can not be renewed", async ({ pageOf }) => {
  test.setTimeout(240_000);
  const since = new Date();
  const name = `${WITHOUT_REFRESH}-${test.info().project.name}`;
  const page = await pageOf("dave", "oidc");
  const terminal = await signIn(page, name);
  await terminal.expectState("connected");
  const session = await sessionOf(terminal);
  const user = email(name);
  const signedIn = await expectEvent({ event: "sign-in", user }, since, "oidc");
  const most = (ID_TOKEN_SECONDS + 60) * 1000;
  await expect(terminal.state).toHaveAttribute("data-reason", "signed-out", { timeout: most });
  await expect(terminal.failure).toContainText("The shell ended because your sign-in did");
  const ended = await expectEvent({ event: "session-end", session, reason: "signed-out", user }, since, "oidc");
  const lasted = Date.parse(ended.time) - Date.parse(signedIn.time);
  // an ID token is good from a whole second on
  expect(lasted).toBeGreaterThan((ID_TOKEN_SECONDS - 2) * 1000);
  expect(lasted).toBeLessThan(most);
  report(`The shell ended ${(lasted / 1000 - ID_TOKEN_SECONDS).toFixed(0)} s after its ID token`);
});

test("what the provider sends a browser back with is good once", async ({ pageOf, ingress }) => {
  const since = new Date();
  const page = await pageOf("alice", "oidc");
  const callback = page.waitForRequest(/\/sign-in\/oidc\/callback\?/);
  const terminal = await leaveToSignIn(page);
  // what the browser proves by that it has begun this
  const begun = await page.context().cookies(origin("oidc"));
  expect(begun).not.toEqual([]);
  await agree(page, "erin");
  await terminal.expectState("connected");
  const url = new URL((await callback).url());

  const again = page.waitForResponse(url.href);
  await page.goto(url.href);
  const answer = await again;
  expect(answer.status()).toBe(303);
  expect(answer.headers()["location"]).toBe(`${BASE}/#sign-in-failed=not-begun`);
  const refused = { event: "sign-in-refused", code: "sign-in-failed" };
  await expectEvent({ ...refused, address: "127.0.0.1" }, since, "oidc");

  // nor is it for who has all that her browser had, when it is too late
  const from = unusualAddress();
  const path = url.pathname.slice(BASE.length) + url.search;
  const headers = { Cookie: begun.map(({ name, value }) => `${name}=${value}`).join("; ") };
  const stolen = await ask(ingress, { mode: "oidc", path, headers, from });
  expect(stolen).toMatchObject({ status: 303, location: `${BASE}/#sign-in-failed=invalid_grant` });
  await expectEvent({ ...refused, address: from }, since, "oidc");
});
