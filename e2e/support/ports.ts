// Ports of this machine.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type NetConnectOpts } from "node:net";

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
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
