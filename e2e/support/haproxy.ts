// HAProxy in front of one server, as the documented example has it: TLS, HTTP/2, a path prefix, time-outs of 20 s.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { haproxy } from "./env.ts";
import { example } from "./example.ts";
import { listens } from "./ports.ts";

const run = promisify(execFile);

/** Where a server is below the proxy's address: the example's prefix. */
export const BASE = "/tools/shell";

/** How long HAProxy may take to listen. */
const START_MS = 10_000;

export class Haproxy {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** Listens at a port of this machine, and leads to a server at another. */
  static async start(port: number, to: number): Promise<Haproxy> {
    const folder = await mkdtemp(join(tmpdir(), "podshell-haproxy-"));
    const site = join(folder, "site.pem");
    await certify(site);
    const configuration = await example("haproxy.cfg", [
      ["    maxconn 5000\n", `    maxconn 5000\n    stats socket ${join(folder, "control")} level admin\n`],
      // a connection to the server is for one request: tests cut it, and refuse it by what is asked
      ["    option httplog\n", "    option httplog\n    option http-server-close\n    http-reuse never\n"],
      ["bind :443 ", `bind 127.0.0.1:${port} `],
      ["/etc/haproxy/shell.example.com.pem", site],
      ["podshell.podshell.svc.cluster.local:80", `127.0.0.1:${to}`],
    ]);
    const file = join(folder, "haproxy.cfg");
    await writeFile(file, configuration);
    const child = spawn(haproxy ?? "haproxy", ["-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const deadline = Date.now() + START_MS;
    // it takes commands a moment later than connections
    while (!(await listens({ host: "127.0.0.1", port })) || !(await listens({ path: join(folder, "control") }))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`HAProxy does not listen:\n${said}`);
      await sleep(20);
    }
    return new Haproxy(child, folder);
  }

  /** From here on new connections lead to another port of this machine. */
  async lead(port: number): Promise<void> {
    const control = connect(join(this.folder, "control"));
    control.end(`set server podshell/podshell addr 127.0.0.1 port ${port}\n`);
    let answer = "";
    control.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    await once(control, "close");
    if (!/changed|no need/.test(answer)) throw new Error(`HAProxy does not lead to port ${port}: ${answer}`);
  }

  async remove(): Promise<void> {
    const ended = once(this.child, "exit");
    // at once, without waiting for connections
    if (this.child.kill("SIGTERM")) await ended;
    await rm(this.folder, { recursive: true });
  }
}

/** Makes a certificate for this machine, and writes it with its key. */
async function certify(path: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const whose = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  await run("openssl", ["req", "-x509", ...key, ...whose, "-keyout", path, "-out", `${path}.crt`]);
  await writeFile(path, (await readFile(`${path}.crt`, "utf8")) + (await readFile(path, "utf8")));
}
