// Kubeconfigs as people have them: what kubectl takes, the server takes; what kubectl refuses ends with words.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { kubeconfig, podshellBinary } from "../support/env.ts";
import { accountToken, EXEC, NAMESPACE, SEE_PODS } from "../support/kubectl.ts";
import { expect, test } from "../support/test.ts";

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
  "current-context": string;
}

/** One way to write a kubeconfig: what becomes of the tests' own, and what stands in the environment. */
interface Way {
  what: string;
  change?: (config: Kubeconfig) => void;
  environment?: Record<string, string>;
  /** What becomes of its text. */
  text?: (text: string) => string;
  works: boolean;
}

/** Never shown. */
const SECRET = "s3cr3t";

const cluster = (config: Kubeconfig) => config.clusters[0]!.cluster;
const user = (config: Kubeconfig) => config.users[0]!.user;
const certificate = "client-certificate-data";
const key = "client-key-data";
const authority = "certificate-authority-data";

/** A plugin that gives what a user has. */
function byPlugin(config: Kubeconfig, of: Record<string, unknown>, more: object = {}): void {
  const decoded = (field: string) => Buffer.from(String(of[field]), "base64").toString();
  const given = of["token"]
    ? { token: of["token"] }
    : { clientCertificateData: decoded(certificate), clientKeyData: decoded(key) };
  const apiVersion = "client.authentication.k8s.io/v1";
  const credential = { apiVersion, kind: "ExecCredential", status: given };
  const args = ["-c", `echo run >> "$0"; printf '%s' "$1"`, "runs", JSON.stringify(credential)];
  config.users[0]!.user = { exec: { apiVersion, command: "sh", args, interactiveMode: "Never", ...more } };
}

const lines = (base64: unknown) => String(base64).replace(/.{76}/g, "$&\n");

let token = "";
let proxy: Server;
let proxyUrl = "";

test.beforeAll(async () => {
  token = await accountToken("e2e-kubeconfig", [SEE_PODS, EXEC]);
  // CONNECT, and nothing else
  proxy = createServer((socket) => {
    socket.once("data", (head) => {
      const [host, port] = head.toString().split(" ")[1]!.split(":");
      const beyond = connect(Number(port), host!, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(beyond).pipe(socket);
      });
      beyond.on("error", () => socket.destroy());
      socket.on("error", () => beyond.destroy());
    });
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const address = proxy.address();
  proxyUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});

test.afterAll(() => {
  proxy.close();
});

const ways: Way[] = [
  { what: "as it is", works: true },
  { what: "by a token", change: (config) => (config.users[0]!.user = { token }), works: true },
  { what: "by a token in a file", change: (config) => (config.users[0]!.user = { tokenFile: "token" }), works: true },
  {
    what: "base64 in lines",
    change: (config) => {
      for (const field of [certificate, key]) user(config)[field] = lines(user(config)[field]);
      cluster(config)[authority] = lines(cluster(config)[authority]);
    },
    works: true,
  },
  {
    what: "what is empty or null",
    change: (config) => {
      Object.assign(cluster(config), { "tls-server-name": "", "proxy-url": null, "certificate-authority": "" });
      Object.assign(user(config), { token: "", username: null, exec: null, "client-key": "" });
      config.contexts[0]!.context["namespace"] = "";
    },
    works: true,
  },
  {
    what: "entries with nothing in them that are not used",
    change: (config) => {
      config.users.push({ name: "odd", user: {} });
      config.contexts.push({ name: "odd", context: {} }, { name: "odder", context: { cluster: null } });
    },
    works: true,
  },
  { what: "a plugin that gives a certificate", change: (config) => byPlugin(config, user(config)), works: true },
  { what: "a plugin that gives a token", change: (config) => byPlugin(config, { token }), works: true },
  {
    what: "a plugin with null for its variables",
    change: (config) => byPlugin(config, { token }, { env: null, installHint: null, provideClusterInfo: null }),
    works: true,
  },
  { what: "a proxy", change: (config) => (cluster(config)["proxy-url"] = proxyUrl), works: true },
  {
    what: "a proxy that is not there",
    change: (config) => (cluster(config)["proxy-url"] = "http://127.0.0.1:1"),
    works: false,
  },
  { what: "a proxy for everything but this machine", environment: { HTTPS_PROXY: "http://127.0.0.1:1" }, works: true },
  {
    what: "nothing verified",
    change: (config) => {
      delete cluster(config)[authority];
      cluster(config)["insecure-skip-tls-verify"] = true;
    },
    works: true,
  },
  { what: "no authority", change: (config) => delete cluster(config)[authority], works: false },
  { what: "another name", change: (config) => (cluster(config)["tls-server-name"] = "other.test"), works: false },
  { what: "a name of its", change: (config) => (cluster(config)["tls-server-name"] = "kubernetes"), works: true },
  { what: "a token that is none", change: (config) => (config.users[0]!.user = { token: SECRET }), works: false },
  {
    what: "a plugin that is not there",
    change: (config) => byPlugin(config, { token }, { command: "no-such-plugin" }),
    works: false,
  },
  {
    what: "a plugin that fails",
    change: (config) => byPlugin(config, { token }, { args: ["-c", `echo ${SECRET}; exit 3`] }),
    works: false,
  },
  { what: "a certificate without its key", change: (config) => delete user(config)[key], works: false },
  { what: "no YAML", text: (text) => `a: ${SECRET}: {\n${text}`, works: false },
];

for (const { what, change, environment, text, works } of ways) {
  test(`kubectl and the server agree: ${what}`, async ({}, testInfo) => {
    const folder = testInfo.outputPath("home");
    await mkdir(folder, { recursive: true });
    const config = JSON.parse(await own()) as Kubeconfig;
    change?.(config);
    await writeFile(join(folder, "token"), `${token}\n`);
    const file = join(folder, "config");
    const written = JSON.stringify(config);
    await writeFile(file, text?.(written) ?? written);
    const env = {
      PATH: process.env["PATH"],
      HOME: folder,
      KUBECONFIG: file,
      ...environment,
    };
    const list = ["get", "pods", "--namespace", NAMESPACE, "--request-timeout", "20s"];
    const kubectl = await ended("kubectl", list, folder, env);
    expect(kubectl.code === 0, kubectl.said).toBe(works);
    const runs = async () => (await readFile(join(folder, "runs"), "utf8").catch(() => "")).length;
    const before = await runs();
    const podshell = await ended(podshellBinary, ["--listen", "127.0.0.1:0"], folder, env);
    expect(podshell.serves, podshell.said).toBe(works);
    // not more often than kubectl's one time
    expect((await runs()) - before).toBe(before);
    expect(podshell.code, podshell.said).toBe(works ? 0 : 1);
    expect(podshell.said).not.toMatch(new RegExp(`${SECRET}|panicked|built-in demo`));
    expect(podshell.said).not.toContain(token);
  });
}

/** The tests' own kubeconfig. */
async function own(): Promise<string> {
  const view = ["--kubeconfig", kubeconfig(), "config", "view", "--raw", "--minify", "--output", "json"];
  const { said, code } = await ended("kubectl", view, dirname(kubeconfig()), process.env);
  expect(code, said).toBe(0);
  return said;
}

interface Ended {
  code: number | null;
  said: string;
  serves: boolean;
}

/** Runs a program to its end; one that serves is ended. */
async function ended(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const serves = () => /^Open /m.test(said);
  const hear = (text: string) => {
    said += text;
    // once: a second time ends it before it has ended what it serves
    if (program === podshellBinary && serves() && !child.killed) child.kill("SIGTERM");
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  const deadline = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(deadline);
  return { code, said, serves: serves() };
}
