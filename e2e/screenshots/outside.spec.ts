// Pictures of what stands outside the page's frame: signing in, a terminal in another page, an address that leads nowhere.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { repository } from "../support/env.ts";
import { Terminal } from "../support/terminal.ts";
import { dress, expect, test, WEB, WEB_TEXT } from "./studio.ts";

/** Lets the server say that people sign in by this, and that nobody has: the demo knows the printed link alone. */
async function pretendSignIn(page: Page, method: "token" | "oidc" | "proxy"): Promise<void> {
  await page.route("**/api/v1/**", (route) => {
    const isMethod = route.request().method() === "GET" && new URL(route.request().url()).pathname.endsWith("/sign-in");
    return isMethod
      ? route.fulfill({ json: { method } })
      : route.fulfill({ status: 401, json: { code: "sign-in", message: "You are not signed in." } });
  });
}

test.describe("signed out", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("the page without the link that signs in", async ({ page, show, problems }) => {
    problems.expect(/401/);
    await page.goto("./");
    await expect(page.getByTestId("failure")).toBeVisible();
    await show("sign-in-link");
  });

  test("signing in by a token", { tag: "@phone" }, async ({ page, show, problems }) => {
    problems.expect(/401/);
    await pretendSignIn(page, "token");
    await page.goto("./");
    await expect(page.getByTestId("token")).toBeFocused();
    await show("sign-in-token");
    await page.getByTestId("token").fill("no.such.token");
    await page.keyboard.press("Enter");
    await expect(page.locator("[aria-invalid=true]")).toBeFocused();
    await show("sign-in-refused");
  });

  test("signing in by a provider, and its refusal", async ({ page, show, problems }) => {
    problems.expect(/401/);
    await pretendSignIn(page, "oidc");
    await page.goto("./");
    await expect(page.getByTestId("sign-in-page")).toBeVisible();
    await show("sign-in-provider");
    await page.goto("./?again#sign-in-failed=access_denied");
    await expect(page.getByTestId("sign-in-failed")).toBeVisible();
    await show("sign-in-denied");
  });

  test("a proxy that has not said who it is", async ({ page, show, problems }) => {
    problems.expect(/401/);
    await pretendSignIn(page, "proxy");
    await page.goto("./");
    await expect(page.getByTestId("sign-in-page")).toBeVisible();
    await show("sign-in-proxy");
  });
});

test("a terminal in a frame of another page", async ({ page, server, embedder, show }) => {
  const example = await readFile(join(repository, "docs/examples/embed.html"), "utf8");
  const html = example.replaceAll("https://shell.example.org/", `${server.origin}/`);
  const around = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(html));
  around.listen(Number(new URL(embedder).port), "127.0.0.1");
  await once(around, "listening");
  try {
    await page.goto(embedder);
    for (const part of ["namespace", "pod", "container"] as const) {
      await page.getByLabel(part, { exact: true }).fill(WEB[part]);
    }
    await page.getByLabel("token", { exact: true }).fill(server.token);
    await page.getByRole("button", { name: "Open" }).click();
    await expect(page.getByRole("log")).toContainText("podshell:ready");
    await dress(new Terminal(page, page.frameLocator("iframe")), WEB, WEB_TEXT);
    // the page around it speaks English alone
    await show("embedded", { language: false });
  } finally {
    around.closeAllConnections();
    around.close();
  }
});

test("an address that leads nowhere", { tag: "@phone" }, async ({ page, show }) => {
  await page.goto("./nowhere");
  await expect(page.getByTestId("failure")).toBeVisible();
  await show("not-found");
});
