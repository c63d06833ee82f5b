/** A web server on the loopback that does what a test says, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestServer {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** Every request so far. */
  requests: { method: string; path: string; headers: IncomingMessage["headers"] }[];
  /** Connections accepted so far. */
  connections(): number;
  close(): void;
}

/** Starts a server; the process does not stay for it. */
export async function httpServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<TestServer> {
  const requests: TestServer["requests"] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, path: url, headers });
    void handle(request, response);
  });
  server.on("connection", () => (connections += 1));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
