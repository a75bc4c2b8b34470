// HAProxy and nginx in front of Podshell in the cluster: the documented examples, with this machine's addresses in them.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { example } from "./example.ts";
import { BASE } from "./haproxy.ts";
import { kubectl } from "./kubectl.ts";
import { listens } from "./ports.ts";
import { PEOPLE } from "./scene.ts";

const run = promisify(execFile);

/** Which proxy. */
export type ProxyName = "haproxy" | "nginx";
/** How people sign in at a deployment. */
export type Mode = "token" | "proxy" | "oidc";

/** The name that Podshell is opened by. No name server knows it: the browser is told where it is. */
export const HOST = "shell.test";
/** The port of each deployment, as e2e/cluster/values has it. */
export const PORTS: Record<Mode, number> = { token: 8443, proxy: 8444, oidc: 8445 };
/** The namespaces that `cargo xtask cluster deploy` installs in. */
export const RELEASES: Record<Mode, string> = {
  token: "podshell",
  proxy: "podshell-proxy",
  oidc: "podshell-oidc",
};
/** Where it is below the name. */
export { BASE };
/** What people sign in with at the proxy. */
export const PASSWORD = "only for tests";

/** Scheme, name and port of a deployment. */
export function origin(mode: Mode): string {
  return `https://${HOST}:${PORTS[mode]}`;
}

/** What a deployment shares with somebody else: the Secret that is called as its release. */
export async function secretOf(mode: Mode, key: string): Promise<string> {
  const release = RELEASES[mode];
  const { data } = JSON.parse(await kubectl(`--namespace=${release}`, "get", "secret", release, "--output=json")) as {
    data: Record<string, string>;
  };
  return Buffer.from(data[key] ?? "", "base64").toString();
}

/** A proxy for each deployment, at an address of this machine of its own. */
export class Ingress {
  private readonly running = new Map<Mode, ChildProcess>();
  private readonly output: string[] = [];

  private constructor(
    readonly name: ProxyName,
    /** Where it listens. */
    readonly address: string,
    private readonly folder: string,
    private readonly secret: string,
  ) {}

  static async start(name: ProxyName, address: string): Promise<Ingress> {
    const folder = await mkdtemp(join(tmpdir(), `podshell-${name}-`));
    // nginx' workers are nobody in particular
    await chmod(folder, 0o755);
    const ingress = new Ingress(name, address, folder, await secretOf("proxy", "proxy-secret"));
    await ingress.certify();
    for (const mode of Object.keys(RELEASES) as Mode[]) {
      await ingress.configure(mode);
      await ingress.up(mode);
    }
    return ingress;
  }

  /** Ends all connections of a deployment's users at once, and takes new ones again. */
  async cut(mode: Mode): Promise<void> {
    await this.down(mode);
    await this.up(mode);
  }

  async remove(): Promise<void> {
    for (const mode of this.running.keys()) await this.down(mode);
    await rm(this.folder, { recursive: true });
  }

  /** Everything that the proxies said. */
  log(): string {
    return this.output.join("");
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  /** An authority of its own, and a certificate by it. */
  private async certify(): Promise<void> {
    const openssl = (...args: string[]) => run("openssl", args, { cwd: this.folder });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    await openssl("req", "-x509", ...key, "-subj", "/CN=tests", "-keyout", "ca.key", "-out", "ca.pem");
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", `subjectAltName=DNS:${HOST}`];
    await openssl("req", "-x509", ...key, "-subj", `/CN=${HOST}`, ...by, "-keyout", "leaf.key", "-out", "leaf.pem");
    const parts = ["leaf.pem", "ca.pem", "leaf.key"].map((name) => readFile(this.file(name), "utf8"));
    await writeFile(this.file("site.pem"), (await Promise.all(parts)).join(""));
  }

  private async configure(mode: Mode): Promise<void> {
    const release = RELEASES[mode];
    const service = ["get", "service", release, "--output=jsonpath={.spec.ports[0].nodePort}"];
    const port = await kubectl(`--namespace=${release}`, ...service);
    const node = ["get", "nodes", '--output=jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}'];
    const server = `${await kubectl(...node)}:${port}`;
    const upstream: [string, string] = ["podshell.podshell.svc.cluster.local:80", server];
    const users = mode === "proxy" ? "-users" : "";
    if (this.name === "haproxy") {
      const changes: [string, string][] = [
        ["bind :443 ", `bind ${this.address}:${PORTS[mode]} `],
        ["/etc/haproxy/shell.example.com.pem", this.file("site.pem")],
        upstream,
      ];
      if (mode === "proxy") changes.push(["password $6$replace$me", `insecure-password ${PASSWORD.replaceAll(" ", "\\ ")}`]);
      await writeFile(this.file(`${mode}.conf`), await example(`haproxy${users}.cfg`, changes));
      return;
    }
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const folders = temporary.map((name) => `${name}_temp_path ${this.file(`${mode}-${name}`)};`);
    const changes: [string, string][] = [
      ["listen 443 ", `listen ${this.address}:${PORTS[mode]} `],
      ["server_name shell.example.com", `server_name ${HOST}`],
      ["/etc/nginx/shell.example.com.pem", this.file("site.pem")],
      ["worker_processes auto;", `worker_processes 1;\npid ${this.file(`${mode}.pid`)};`],
      ["access_log off;", `access_log off;\n    ${folders.join(" ")}`],
      upstream,
    ];
    if (mode === "proxy") {
      changes.push(["/etc/nginx/podshell-users", this.file("users")]);
      changes.push(["/etc/nginx/podshell-secret.conf", this.file("secret.conf")]);
      await writeFile(this.file("users"), PEOPLE.map((person) => `${person}:{PLAIN}${PASSWORD}\n`).join(""));
      await writeFile(this.file("secret.conf"), `proxy_set_header X-Podshell-Proxy-Secret "${this.secret}";\n`);
    }
    await writeFile(this.file(`${mode}.conf`), await example(`nginx${users}.conf`, changes));
  }

  private async up(mode: Mode): Promise<void> {
    const configuration = this.file(`${mode}.conf`);
    const [program, args]: [string, string[]] =
      this.name === "haproxy"
        ? ["/usr/sbin/haproxy", ["-db", "-f", configuration]]
        : ["/usr/sbin/nginx", ["-p", this.folder, "-e", "stderr", "-c", configuration, "-g", "daemon off;"]];
    const env = { ...process.env, PODSHELL_PROXY_SECRET: this.secret };
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => this.output.push(chunk.toString()));
    }
    this.running.set(mode, child);
    const deadline = Date.now() + 10_000;
    while (!(await listens({ host: this.address, port: PORTS[mode] }))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${this.name} does not listen:\n${this.log()}`);
      }
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  private async down(mode: Mode): Promise<void> {
    const child = this.running.get(mode);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // both end at once by this, without waiting for connections
    child.kill("SIGTERM");
    await ended;
  }
}
