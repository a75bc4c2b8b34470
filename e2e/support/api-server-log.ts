// The API server's own audit log of execs, where it keeps one: e2e/cluster/README.md says how it is switched on.
import { kubectl } from "./kubectl.ts";

/** An exec that the API server let begin. */
export interface Exec {
  auditID: string;
  user: { username: string; groups: string[] };
  impersonatedUser?: { username: string };
  objectRef: { namespace: string; name: string };
}

/** By the kubelet, whose folder of logs it lies in. */
const FOLDER = "/proxy/logs/kubernetes/";

/** The execs that have begun, those since then among them; none if there is no log. */
export async function execs(since: Date): Promise<Exec[] | undefined> {
  const [node] = (await kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.name}")).split(" ");
  const read = async (name: string) => kubectl("get", "--raw", `/api/v1/nodes/${node}${FOLDER}${name}`);
  const listing = await read("").catch((error: unknown) => {
    if (/NotFound|MethodNotAllowed/.test(String(error))) return "";
    throw error;
  });
  const names = [...new Set([...listing.matchAll(/audit[-.0-9T]*\.log/g)].map(([name]) => name))];
  if (!names.includes("audit.log")) return undefined;
  // a log that is full gets the time of that in its name
  const recent = names.filter((name) => name === "audit.log" || fullAt(name) >= since);
  const logs = await Promise.all(recent.map(read));
  return logs
    .flatMap((log) => log.split("\n"))
    .filter((line) => line.includes('"subresource":"exec"') && line.includes('"stage":"ResponseStarted"'))
    .map((line) => JSON.parse(line) as Exec);
}

/** The time in a name like audit-2026-11-26T06-52-45.717.log. */
function fullAt(name: string): Date {
  const time = name.slice("audit-".length, -".log".length);
  return new Date(`${time.replace(/T(\d+)-(\d+)-/, "T$1:$2:")}Z`);
}
