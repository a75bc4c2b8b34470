// Signing in by a proxy in front: it says who calls, and the cluster lets each do what they may.
import { kubeconfig } from "../support/env.ts";
import { EXEC, grant, SEE_PODS, standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { BROKEN } from "../support/test.ts";
import { expect, test } from "../support/users.ts";

const BASH = standing("bash");
const SECRET = "0123456789abcdef0123456789abcdef";
/** So much later, in ms, is drawn what is to be drawn soon. */
const LATER = 2_000;
const RBAC = "rbac.authorization.k8s.io";

/** Whom the proxy has signed in. */
interface User {
  name: string;
  groups: string[];
}

const ANN: User = { name: "ann@podshell.test", groups: ["e2e-operators"] };
const EVE: User = { name: "eve@podshell.test", groups: ["e2e-operators"] };
const BOB: User = { name: "bob@podshell.test", groups: ["e2e-lookers"] };

test.beforeAll(async () => {
  const group = (name: string) => ({ kind: "Group", name, apiGroup: RBAC });
  await grant("e2e-operators", group("e2e-operators"), [SEE_PODS, EXEC]);
  await grant("e2e-lookers", group("e2e-lookers"), [SEE_PODS]);
});

/** Flags of a server to which a proxy at this address says who calls. */
async function byProxy(file: (name: string, text: string) => Promise<string>, address = "127.0.0.1"): Promise<string[]> {
  return ["--sign-in", "proxy", "--trusted-proxy", address, "--proxy-secret-file", await file("secret", SECRET)];
}

/** Headers as a proxy sets them, whatever the client sent. */
function say(headers: NodeJS.Dict<string | string[]>, user: User | undefined): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith("x-forwarded-") || name.startsWith("x-podshell-")) delete headers[name];
  }
  headers["x-podshell-proxy-secret"] = SECRET;
  if (user !== undefined) {
    headers["x-forwarded-user"] = user.name;
    headers["x-forwarded-groups"] = user.groups.join(",");
  }
}

test("each does what they may, by whom the proxy says they are", async ({ page, serve, front, file, problems }) => {
  problems.expect(/401|403/);
  const served = await serve(await byProxy(file), { behind: true, kubeconfig: kubeconfig() });
  let user: User | undefined;
  const offered: unknown[] = [];
  const headers = (headers: NodeJS.Dict<string | string[]>) => {
    if (headers["upgrade"] !== undefined) offered.push(headers["sec-websocket-protocol"]);
    expect(headers["authorization"]).toBeUndefined();
    say(headers, user);
  };
  await front(served, { headers });
  const { origin } = served;

  // nobody yet, and the page says whose business that is
  await page.goto(origin);
  const asked = page.getByTestId("sign-in-page");
  await expect(asked).toHaveAttribute("data-method", "proxy");
  await expect(asked).toContainText("has not said who you are");
  await expect(page.getByTestId("reload")).toBeFocused();

  user = ANN;
  await page.getByTestId("reload").click();
  await expect(page.getByTestId("user")).toHaveText(ANN.name);
  // the proxy's business, too
  await expect(page.getByTestId("sign-out")).toBeHidden();
  const terminal = await Terminal.open(page, BASH, { origin });
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);

  // there is no key, so none is shown
  expect(offered).toEqual(["podshell.v1"]);

  // whatever a client says of itself counts for nothing
  await page.setExtraHTTPHeaders({ "X-Forwarded-User": ANN.name, "X-Forwarded-Groups": "e2e-operators" });
  user = BOB;
  const refused = await Terminal.goto(page, BASH, { origin });
  await expect(page.getByTestId("user")).toHaveText(BOB.name);
  await refused.expectReason("forbidden");
  await expect(refused.failure).toContainText("pods/exec");
});

for (const [next, refusal] of [
  [BOB, "forbidden"],
  [EVE, undefined],
] as const) {
  const may = refusal === undefined ? "may" : "may not";
  test(`what one has left is not shown to the next, who ${may} open a shell, and goes while it is being drawn`, async ({
    page,
    serve,
    front,
    file,
    problems,
  }) => {
    problems.expect(/401|403/);
    const served = await serve(await byProxy(file), { behind: true, kubeconfig: kubeconfig() });
    const { origin } = served;
    let user = ANN;
    await front(served, { headers: (headers) => say(headers, user) });
    const terminal = await Terminal.open(page, BASH, { origin });
    await terminal.run("echo $((6*7))");
    await terminal.expectText(/^42$/m);

    user = next;
    // xterm.js draws what it is given in a later task, here in a much later one
    await page.addInitScript((later) => {
      const soon = window.setTimeout.bind(window);
      const slow = (call: TimerHandler, wait = 0, ...rest: unknown[]) => {
        const isDrawing = wait === 0 && new Error().stack?.includes("/xterm.mjs") === true;
        return soon(call, isDrawing ? later : wait, ...rest);
      };
      window.setTimeout = slow as typeof window.setTimeout;
    }, LATER);
    let tell: () => void = () => undefined;
    const told = new Promise<void>((resolve) => (tell = resolve));
    await page.route("**/api/v1/me", async (route) => {
      await told;
      await route.continue();
    });
    const theirs = await Terminal.goto(page, BASH, { origin });
    await (refusal === undefined ? theirs.expectState("connected") : theirs.expectReason(refusal));
    // who it is that uses the page now is not known yet
    const screen = page.locator(".xterm-screen");
    await expect(screen).toHaveCount(1);
    const isSeen = await screen.evaluate((screen) => screen.checkVisibility({ visibilityProperty: true }));
    tell();
    await expect(page.getByTestId("user")).toHaveText(next.name);
    await (refusal === undefined ? theirs.expectState("connected") : theirs.expectReason(refusal));
    expect(isSeen).toBe(false);
    // by now an error of what was still to be drawn has been seen, which fails the test
    await page.waitForTimeout(LATER);
    await expect(page.locator(".xterm-rows")).not.toContainText("42");
    if (refusal === undefined) await expect(screen).toBeVisible();
  });
}

test("what one has left is neither saved nor searched by the next before it is known who they are", async ({
  page,
  serve,
  front,
  file,
  problems,
}) => {
  problems.expect(/403/);
  problems.expect(BROKEN);
  const served = await serve(await byProxy(file), { behind: true, kubeconfig: kubeconfig() });
  const { origin } = served;
  let user = ANN;
  await front(served, { headers: (headers) => say(headers, user) });
  const terminal = await Terminal.open(page, BASH, { origin });
  await terminal.run("printf '\\e]0;my secret\\a'; echo $((6*7))");
  await terminal.expectText(/^42$/m);
  await expect(page.getByTestId("tab").getByRole("link")).toHaveAttribute("title", /my secret/);

  user = BOB;
  await page.addInitScript(() => {
    const make = URL.createObjectURL.bind(URL);
    Object.assign(window, { saved: 0 });
    URL.createObjectURL = (data) => {
      (window as unknown as Window & { saved: number }).saved += 1;
      return make(data);
    };
  });
  // the server says nothing yet
  await page.routeWebSocket(/.*/, () => undefined);
  let tell: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  await page.route("**/api/**", async (route) => {
    await told;
    await route.continue();
  });
  await page.reload();
  await expect(page.locator(".xterm-rows")).toContainText("42");
  await expect(page.getByTestId("tab").getByRole("link")).not.toHaveAttribute("title", /my secret/);
  await page.keyboard.press("Control+Shift+F");
  await page.keyboard.press("Control+Shift+K");
  const palette = page.getByTestId("palette");
  await palette.getByRole("combobox").fill("save as text");
  await expect(palette.getByRole("option", { selected: true })).toContainText("Save as text");
  await page.keyboard.press("Enter");
  await expect(palette).toBeHidden();
  expect(await page.evaluate(() => (window as unknown as Window & { saved: number }).saved)).toBe(0);
  await expect(page.getByTestId("search-box")).toHaveCount(0);
  tell();
  await expect(page.getByTestId("user")).toHaveText(BOB.name);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("who does not come by the proxy is told so", async ({ page, serve, file, problems }) => {
  problems.expect(/401/);
  const { origin } = await serve(await byProxy(file, "10.0.0.1"), { kubeconfig: kubeconfig() });
  await page.goto(origin);
  await expect(page.getByTestId("sign-in-page")).toContainText("did not come through it");
});
