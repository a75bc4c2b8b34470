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
