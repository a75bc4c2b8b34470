// Ports of this machine.
import { once } from "node:events";
import { connect, type NetConnectOpts } from "node:net";

// Below those that the system gives to whoever asks for any, and for each worker its own.
let next = 20_000 + 4_000 * Number(process.env["TEST_PARALLEL_INDEX"] ?? 0);

/** A port that nobody listens on, nor will before it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next++;
    if (!(await listens({ host: "127.0.0.1", port }))) return port;
  }
}

/** Whether somebody listens there now. */
export async function listens(where: NetConnectOpts): Promise<boolean> {
  const socket = connect(where);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
