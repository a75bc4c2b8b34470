// A terminal in a frame of another page: the terminal alone, what that page is told, and the token that it hands over.
import { readFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FrameLocator, Page } from "@playwright/test";
import { repository } from "../support/env.ts";
import { accountToken, EXEC, SEE_PODS, standing } from "../support/kubectl.ts";
import { freePort } from "../support/ports.ts";
import { shellPath } from "../support/terminal.ts";
import { BROKEN } from "../support/test.ts";
import { expect, test as base } from "../support/users.ts";

const BASH = standing("bash");
/** Stands before a key in the name of a subprotocol. */
const KEY = "podshell.key.";

/** A page around the terminal's, and the way to the server that lets it be. */
interface Around {
  page: Page;
  /** Of the page around the terminal's. */
  parent: string;
  /** Of Podshell. */
  origin: string;
  /** What Podshell's page was told to send. */
  sent: IncomingHttpHeaders[];
}

interface EmbedFixtures {
  /** Opens the example page; a server in token mode is behind it. */
  embed: (options?: { listed?: string; query?: string }) => Promise<Around>;
}

const test = base.extend<EmbedFixtures>({
  embed: async ({ page, serve, front }, use) => {
    const undo: (() => Promise<unknown>)[] = [];
    await use(async ({ listed, query = "" } = {}) => {
      const served = await serve(["--sign-in", "token"], { behind: true });
      const { origin } = served;
      const example = (await readFile(join(repository, "docs/examples/embed.html"), "utf8")).replaceAll(
        "https://shell.example.org/",
        `${origin}/`,
      );
      const around = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(example));
      const port = await freePort();
      around.listen(port, "127.0.0.1");
      await once(around, "listening");
      undo.push(async () => {
        around.closeAllConnections();
        around.close();
      });
      // another site, so that no cookie goes along
      const parent = `http://dashboard.localhost:${(around.address() as AddressInfo).port}`;
      const sent: IncomingHttpHeaders[] = [];
      await front(served, {
        headers: (headers) => {
          sent.push({ ...headers });
          // what the server is to do by itself once it takes tokens that are offered so
          const offered = (headers["sec-websocket-protocol"] ?? "").split(/, */);
          const key = offered.find((name) => name.startsWith(KEY));
          if (key !== undefined) headers.authorization = `Bearer ${key.slice(KEY.length)}`;
        },
        answer: (headers) => {
          const policy = headers["content-security-policy"];
          if (typeof policy === "string") {
            headers["content-security-policy"] = policy.replace(
              "frame-ancestors 'none'",
              `frame-ancestors ${parent}`,
            );
          }
        },
        document: (html) =>
          listed === ""
            ? html
            : html.replace("</title>", `</title><meta name="podshell-embedders" content="${listed ?? parent}">`),
      });
      await page.goto(`${parent}/${query}`);
      return { page, parent, origin, sent };
    });
    // it asks nothing of who is taken away
    await page.close();
    for (const step of undo.reverse()) await step();
  },
});

/** Opens a terminal on the example page. */
async function open(page: Page, token: string): Promise<FrameLocator> {
  for (const part of ["namespace", "pod", "container"] as const) {
    await page.getByLabel(part, { exact: true }).fill(BASH[part]);
  }
  await page.getByLabel("token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Open" }).click();
  return page.frameLocator("iframe");
}

test("the example page hands a token over, and is told what becomes of the shell", async ({ embed }) => {
  const token = await accountToken("e2e-embedded", [SEE_PODS, EXEC]);
  const { page, sent } = await embed();
  const frame = await open(page, token);
  const told = page.getByRole("log");
  await expect(told).toContainText("podshell:ready");
  // the terminal alone
  await expect(frame.getByTestId("terminal")).toBeVisible();
  await expect(frame.locator("header")).toHaveCount(0);
  await expect(frame.getByTestId("user")).toHaveCount(0);
  const { height } = (await frame.getByTestId("terminal").boundingBox()) ?? { height: 0 };
  expect(height).toBeGreaterThanOrEqual((await page.locator("iframe").evaluate((frame) => frame.clientHeight)) - 1);

  await frame.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type("printf '\\033]0;my title\\007'\n");
  await expect(told).toContainText('"title":"my title"');
  await page.keyboard.type("exit 3\n");
  await expect(told).toContainText('{"type":"podshell:ended","reason":"exited","code":3}');
  // no link leads to a list, and a shell can be begun anew
  await expect(frame.locator('a[href="./"]')).toHaveCount(0);
  await frame.getByTestId("new-shell").click();
  await expect(frame.getByTestId("state-line")).toHaveAttribute("data-state", "connected");

  // the token went as a header, and neither into an address nor into what the browser keeps
  const calls = sent.filter((headers) => headers.authorization === `Bearer ${token}`);
  expect(calls.length).toBeGreaterThan(0);
  expect(page.url() + (await page.locator("iframe").getAttribute("src"))).not.toContain(token);
  expect(await page.context().cookies()).toEqual([]);
});

test("without a good token the page around it is told so, and may bring another", async ({ embed, problems }) => {
  problems.expect(/401/);
  problems.expect(BROKEN);
  const { page } = await embed();
  const frame = await open(page, "no.such.token");
  const told = page.getByRole("log");
  await expect(told).toContainText('{"type":"podshell:ended","reason":"sign-in","code":null}');
  await expect(frame.getByTestId("failure")).toContainText("You are not signed in");
  await expect(frame.getByTestId("sign-in-page")).toHaveCount(0);
  await page.getByLabel("token", { exact: true }).fill(await accountToken("e2e-embedded", [SEE_PODS, EXEC]));
  await page.getByRole("button", { name: "Hand over" }).click();
  await expect(told).toContainText("podshell:ready");
});

test("what one's frame has shown is not shown to who brings another token to it", async ({ embed }) => {
  const { page } = await embed();
  const told = page.getByRole("log");
  const first = await open(page, await accountToken("e2e-embedded", [SEE_PODS, EXEC]));
  await expect(told).toContainText("podshell:ready");
  await first.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type("echo my-se''cret\n");
  await expect(first.locator(".xterm-rows")).toContainText("my-secret");
  // as an editor leaves it that has the whole screen
  await page.keyboard.type("printf '\\033[?1049h'\n");
  await expect(first.locator(".xterm-rows")).not.toContainText("my-secret");

  await page.reload();
  const second = await open(page, await accountToken("e2e-embedded-2", [SEE_PODS, EXEC]));
  await expect(told).toContainText("podshell:ready");
  await second.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type("echo so''mebody\n");
  await expect(second.locator(".xterm-rows")).toContainText("somebody");
  await expect(second.locator(".xterm-rows")).not.toContainText("my-secret");
  // nor above the screen
  await page.keyboard.press("Shift+Home");
  await expect(second.locator(".xterm-rows")).not.toContainText("my-secret");
});

test("the page around it says how it is to look, as far as that can be read", async ({ embed }) => {
  const { page } = await embed();
  const look = page.locator("select[name=look]");
  await look.selectOption("dark");
  const frame = await open(page, await accountToken("e2e-embedded", [SEE_PODS, EXEC]));
  await expect(page.getByRole("log")).toContainText("podshell:ready");
  const terminal = frame.locator(".xterm-scrollable-element").first();
  const background = async () => terminal.evaluate((element) => getComputedStyle(element).backgroundColor);
  await expect.poll(background).toBe("rgb(17, 20, 24)");
  await look.selectOption("light");
  await expect.poll(background).toBe("rgb(252, 252, 251)");
  await look.selectOption("the dashboard's");
  await expect.poll(background).toBe("rgb(0, 43, 54)");
  await expect(frame.locator("html")).toHaveAttribute("data-theme", "dark");
  const text = frame.locator(".xterm-rows");
  await expect.poll(async () => text.evaluate((rows) => getComputedStyle(rows).color)).toBe("rgb(147, 161, 161)");

  // what can't be read is not taken, and who wrote the page is told why
  const told = page.waitForEvent("console", (message) => message.text().includes("The text has a contrast of 1.01"));
  await page.locator("iframe").evaluate((frame: HTMLIFrameElement) => {
    const message = { type: "podshell:look", background: "#222222", text: "#232323" };
    frame.contentWindow?.postMessage(message, "*");
  });
  await told;
  expect(await background()).toBe("rgb(0, 43, 54)");

  // what the user wants comes first
  await frame.getByTestId("settings").click();
  await frame.getByTestId("theme-setting").selectOption("light");
  await expect.poll(background).toBe("rgb(252, 252, 251)");
  await frame.getByTestId("theme-setting").selectOption("system");
  await expect.poll(background).toBe("rgb(0, 43, 54)");
  await frame.getByTestId("contrast-setting").selectOption("more");
  await expect.poll(background).toBe("rgb(0, 0, 0)");
});

test("a page that is not listed is told nothing, and shows nothing", async ({ embed }) => {
  for (const listed of ["", "https://other.example"]) {
    const { page } = await embed({ listed });
    const frame = await open(page, "secret");
    await expect(frame.getByTestId("failure")).toContainText("may not be shown inside this page");
    await expect(frame.getByTestId("terminal")).toHaveCount(0);
    await expect(page.getByRole("log")).toBeEmpty();
  }
});

test("by itself, at its own address, it is a terminal without bars", async ({ embed, problems }) => {
  problems.expect(/401/);
  const { page, origin } = await embed();
  await page.goto(`${origin}${shellPath(BASH)}?embed=1`);
  await expect(page.getByTestId("failure")).toContainText("You are not signed in");
  await expect(page.getByRole("link", { name: "Open in a page of its own" })).toHaveAttribute(
    "href",
    shellPath(BASH).slice(1),
  );
});
