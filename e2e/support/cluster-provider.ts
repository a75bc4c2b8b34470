// The OpenID provider that the cluster trusts, API server and Podshell alike: it is at this machine while the tests run.
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { JWK } from "oidc-provider";
import { providerFolder } from "./env.ts";
import { BASE, origin, secretOf } from "./ingress.ts";
import { kubeconfigOf } from "./kubectl.ts";
import { email, provide } from "./provider.ts";

const run = promisify(execFile);

/** What Podshell is called there: the audience of its ID tokens, which the API server is told as well. */
const CLIENT = "podshell";
/** How long an ID token is good: so that tests see it end. */
export const ID_TOKEN_SECONDS = 60;
/** Whose name begins so gets no refresh token. */
export const WITHOUT_REFRESH = "brief";
/** An API server looks once in a minute whether it is told of another provider, and may find it away the first time. */
const TRUSTED_MS = 150_000;

/** What it is called. */
export async function issuer(): Promise<string> {
  return readFile(join(providerFolder(), "issuer"), "utf8");
}

/** Starts it before all tests, and gives what stops it. */
export default async function provideInCluster(): Promise<() => Promise<void>> {
  const url = await issuer();
  const client = { id: CLIENT, secret: await secretOf("oidc", "client-secret") };
  const redirect = `${origin("oidc")}${BASE}/api/v1/sign-in/oidc/callback`;
  // whoever may enter does so as a developer: support/scene.ts
  const groupsOf = (name: string) => (name === "bob" ? [] : ["developers"]);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = randomUUID();
  const jwk = { ...privateKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" } as JWK;
  const provider = provide(url, { client, redirect, groupsOf }, {
    jwks: { keys: [jwk] },
    ttl: { IdToken: ID_TOKEN_SECONDS },
    issueRefreshToken: (_, client, { accountId, scopes }) =>
      client.grantTypeAllowed("refresh_token") && scopes.has("offline_access") && !accountId?.startsWith(WITHOUT_REFRESH),
  });
  const [key, cert] = await Promise.all(
    ["leaf.key", "leaf.pem"].map((name) => readFile(join(providerFolder(), name), "utf8")),
  );
  const server = createServer({ key: key ?? "", cert: cert ?? "" }, provider.callback());
  const { hostname, port } = new URL(url);
  server.listen(Number(port), hostname);
  await once(server, "listening");
  await untilTrusted(idToken(url, privateKey, kid));
  return async () => {
    server.close();
    server.closeAllConnections();
  };
}

/** An ID token of nobody in particular, as the provider would sign it. */
function idToken(iss: string, key: KeyObject, kid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor((Date.now() + TRUSTED_MS) / 1000) + 60;
  const claims = { iss, aud: CLIENT, sub: "nobody", email: email("nobody"), exp };
  const signed = `${part({ alg: "RS256", kid })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

/** Waits until the API server takes the provider's tokens. */
async function untilTrusted(token: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "podshell-provider-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, await kubeconfigOf("nobody", { token }), { mode: 0o600 });
  const deadline = Date.now() + TRUSTED_MS;
  try {
    for (;;) {
      const asked = run("kubectl", ["--kubeconfig", kubeconfig, "auth", "whoami", "--output=name"]);
      const refusal = await asked.then(() => undefined, String);
      if (refusal === undefined) return;
      if (Date.now() > deadline) {
        throw new Error(`The API server does not trust the tests' provider; \`cargo xtask cluster audit\`?\n${refusal}`);
      }
      await sleep(1_000);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
