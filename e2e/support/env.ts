// What the tests are told from outside, by `cargo xtask e2e` or by hand.
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** The server under test: `PODSHELL_BIN`, else the release build. */
export const podshellBinary =
  process.env["PODSHELL_BIN"] ?? fileURLToPath(new URL("../../target/release/podshell", import.meta.url));

/** The example server of the sockjs crate: `PODSHELL_SOCKJS_SERVER`, else the debug build. */
export const sockjsServer =
  process.env["PODSHELL_SOCKJS_SERVER"] ??
  fileURLToPath(new URL("../../target/debug/examples/test_server", import.meta.url));

/** The browser: `PODSHELL_CHROMIUM`, else the one that Playwright downloads. */
export const chromium = process.env["PODSHELL_CHROMIUM"];

/** A Firefox to test in as well: `PODSHELL_FIREFOX`; none if not given. */
export const firefox = process.env["PODSHELL_FIREFOX"];

/** HAProxy, for servers to be behind: `PODSHELL_HAPROXY`; none are if not given, or empty. */
export const haproxy = process.env["PODSHELL_HAPROXY"] || undefined;

/** The cluster: `PODSHELL_KUBECONFIG`, else `KUBECONFIG`. */
export function kubeconfig(): string {
  const path = process.env["PODSHELL_KUBECONFIG"] ?? process.env["KUBECONFIG"];
  if (path === undefined || path === "") {
    throw new Error(
      "No cluster: set PODSHELL_KUBECONFIG, or run `cargo xtask e2e`, which makes a cluster and does so.",
    );
  }
  return path;
}

/** The folder with the certificate and the address of the OpenID provider that the cluster trusts: `PODSHELL_PROVIDER`. */
export function providerFolder(): string {
  const folder = process.env["PODSHELL_PROVIDER"];
  if (folder === undefined || folder === "") {
    throw new Error("No certificate for an OpenID provider: run `cargo xtask e2e --in-cluster`, which makes one.");
  }
  return folder;
}

/** Where pictures of all views go: `PODSHELL_SCREENSHOTS`, else the build's folder. */
export const screenshots =
  process.env["PODSHELL_SCREENSHOTS"] ?? fileURLToPath(new URL("../../target/screenshots", import.meta.url));

/** The file that lines of JSON of what was measured are added to: `PODSHELL_BENCH_RESULTS`; none if not given. */
export const benchResults = process.env["PODSHELL_BENCH_RESULTS"];

/** Whether a few seconds are enough for each figure: `PODSHELL_BENCH_QUICK`. */
export const benchQuick = process.env["PODSHELL_BENCH_QUICK"] === "true";
