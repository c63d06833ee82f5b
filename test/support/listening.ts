/** TCP ports of the loopback. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 20_000;

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until something accepts connections; `exited` is the status of what should, once it has ended. */
export async function listening(program: string, port: number, exited: () => number | null): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) {
    if (exited() !== null) throw new Error(`${program} exited with ${exited()}`);
    const isThere = await new Promise<boolean>((done) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => (socket.destroy(), done(true)));
      socket.on("error", () => done(false));
    });
    if (isThere) return;
  }
  throw new Error(`${program} does not listen`);
}
