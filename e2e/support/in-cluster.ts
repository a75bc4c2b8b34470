// What the specs of a deployed Podshell start from: proxies of one's own, browsers of people who have signed in, the audit events.
import { request as send } from "node:https";
import { test as base, expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { BASE, HOST, Ingress, origin, PASSWORD, PORTS, RELEASES, type Mode, type ProxyName } from "./ingress.ts";
import { kubectl, type Target } from "./kubectl.ts";
import { TEAMS, type Person } from "./scene.ts";
import type { Terminal } from "./terminal.ts";

/** Options of a project. */
export interface InCluster {
  /** The proxy in front. */
  proxyName: ProxyName;
}

/** An audit event, as docs/audit.md has it. */
export interface AuditEvent {
  version: number;
  time: string;
  event: string;
  session?: string;
  user?: string;
  groups?: string[];
  issuer?: string;
  address?: string;
  namespace?: string;
  pod?: string;
  container?: string;
  mode?: string;
  code?: string;
  reason?: string;
  exitCode?: number;
  outputBytes?: number;
  inputBytes?: number;
  seconds?: number;
}

interface WorkerFixtures extends InCluster {
  ingress: Ingress;
  /** Tokens of the people's service accounts. */
  tokens: (person: Person) => Promise<string>;
}

interface TestFixtures {
  /**
   * A page of somebody who has signed in, by a token or at the proxy; where a provider signs people in, nobody has yet.
   * It shows nothing yet.
   */
  pageOf: (person: Person, mode?: Mode) => Promise<Page>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  proxyName: ["haproxy", { option: true, scope: "worker" }],

  ingress: [
    async ({ proxyName }, use, { parallelIndex }) => {
      const ingress = await Ingress.start(proxyName, addressOf(parallelIndex));
      await use(ingress);
      await ingress.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  // the name leads to this worker's proxy
  launchOptions: [
    async ({ launchOptions }, use, { parallelIndex }) => {
      const args = [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${HOST} ${addressOf(parallelIndex)}`];
      await use({ ...launchOptions, args });
    },
    { scope: "worker" },
  ],

  tokens: [
    async ({}, use) => {
      const known = new Map<Person, string>();
      await use(async (person) => {
        const token = known.get(person) ?? (await newToken(person));
        known.set(person, token);
        return token;
      });
    },
    { scope: "worker" },
  ],

  pageOf: async ({ browser, tokens, ingress }, use, testInfo) => {
    const contexts: BrowserContext[] = [];
    await use(async (person, mode = "token") => {
      const context = await contextFor(browser, person, mode);
      contexts.push(context);
      const page = await context.newPage();
      if (mode === "token") await signIn(page, await tokens(person));
      return page;
    });
    for (const context of contexts) await context.close();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach("proxy's log", { body: ingress.log(), contentType: "text/plain" });
    }
  },
});

function addressOf(worker: number): string {
  return `127.77.${worker + 1}.1`;
}

async function contextFor(browser: Browser, person: Person, mode: Mode): Promise<BrowserContext> {
  const httpCredentials = { username: person, password: PASSWORD, origin: origin("proxy") };
  return browser.newContext({
    baseURL: origin(mode),
    ignoreHTTPSErrors: true,
    ...(mode === "proxy" ? { httpCredentials } : {}),
  });
}

/** A token of a person's service account. */
export async function newToken(person: Person): Promise<string> {
  return (await kubectl(`--namespace=${TEAMS[0]}`, "create", "token", person, "--duration=1h")).trim();
}

/** Signs a browser in by a token, as the sign-in page does. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.goto(`${BASE}/`);
  const status = await page.evaluate(
    async ([path, token]) => {
      const headers = { "Content-Type": "application/json" };
      return (await fetch(path, { method: "POST", headers, body: JSON.stringify({ token }) })).status;
    },
    [`${BASE}/api/v1/sign-in`, token] as const,
  );
  expect(status, "sign-in by a token").toBe(200);
}

/** The bash container of a team's pod. */
export function shellOf(team: 0 | 1): Target {
  return { namespace: TEAMS[team], pod: "shell", container: "bash" };
}

/** What stands before the paths of {@link Terminal} there. */
export function address(mode: Mode = "token"): { origin: string } {
  return { origin: origin(mode) + BASE };
}

/** The audit events of a deployment so far, those of this server alone. */
export async function auditEvents(mode: Mode = "token", since?: Date): Promise<AuditEvent[]> {
  const release = RELEASES[mode];
  const logs = ["logs", `deployment/${release}`, ...(since ? [`--since-time=${since.toISOString()}`] : [])];
  const lines = (await kubectl(`--namespace=${release}`, ...logs)).split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as AuditEvent);
}

/** Waits for an event that holds all of this. */
export async function expectEvent(fields: Partial<AuditEvent>, since: Date, mode: Mode = "token"): Promise<AuditEvent> {
  let found: AuditEvent | undefined;
  const look = async () => {
    const events = await auditEvents(mode, since);
    found = events.find((event) =>
      Object.entries(fields).every(([name, value]) => event[name as keyof AuditEvent] === value),
    );
    return found;
  };
  await expect.poll(look, { message: `an event like ${JSON.stringify(fields)}` }).toBeDefined();
  return found as AuditEvent;
}

/** An answer to a request of {@link ask}. */
export interface Answer {
  status: number;
  body: string;
  /** Where it leads. */
  location: string | undefined;
}

interface Asked {
  mode?: Mode;
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** The address of this machine that it is sent from. */
  from?: string;
}

/** Asks through a proxy as a script does, which may send whatever it likes. */
export async function ask(ingress: Ingress, asked: Asked): Promise<Answer> {
  const { mode = "token", method = "GET", path, headers = {}, body, from } = asked;
  return new Promise((resolve, reject) => {
    const request = send({
      host: ingress.address,
      port: PORTS[mode],
      servername: HOST,
      method,
      path: BASE + path,
      headers: { Host: `${HOST}:${PORTS[mode]}`, ...headers },
      rejectUnauthorized: false,
      agent: false,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      const { statusCode: status = 0, headers } = response;
      response.on("end", () => resolve({ status, body: text, location: headers.location }));
    });
    request.end(body);
  });
}

/** The path of a mint. */
export function mintPath(target: Target): string {
  return `/api/v1/pod/${target.namespace}/${target.pod}/shell/${target.container}`;
}

/** An address of this machine that nobody else asks from: what comes from there is told from all that others do. */
export function unusualAddress(): string {
  const { project } = test.info();
  return `127.88.${project.name === "haproxy" ? 1 : 2}.${1 + Math.floor(Math.random() * 250)}`;
}

/** The states that a terminal is seen in from here on, without the one that it is in. */
export async function statesFrom(terminal: Terminal): Promise<() => Promise<(string | null)[]>> {
  const states = await terminal.state.evaluateHandle((line) => {
    const seen: (string | null)[] = [];
    const watch = new MutationObserver(() => seen.push(line.getAttribute("data-state")));
    watch.observe(line, { attributeFilter: ["data-state"] });
    return seen;
  });
  return async () => states.jsonValue();
}

/** Headers of a script that has a token. */
export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

/** Headers of a script that signs in at the proxy. */
export function basic(person: Person): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${person}:${PASSWORD}`).toString("base64")}` };
}

export { expect };
