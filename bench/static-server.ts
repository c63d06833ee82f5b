/**
 * A web server for both programs: `bun bench/static-server.ts DIRECTORY MILLISECONDS FILE` serves DIRECTORY on the loopback,
 * each answer that much later, and writes its URL to FILE.
 */
import { closeSync, createReadStream, fstatSync, openSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseRange } from "../src/http-range.ts";

const [directory = "", delay = "0", file = ""] = process.argv.slice(2);

const server = createServer((request, response) => void answer(request, response));
server.listen(0, "127.0.0.1", () => {
  writeFileSync(`${file}.new`, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  renameSync(`${file}.new`, file);
});

async function answer({ url = "", headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (delay !== "0") await sleep(Number(delay));
  let fd: number;
  try {
    fd = openSync(join(directory, decodeURIComponent(url)), "r");
  } catch {
    return void response.writeHead(404, { "content-length": 0 }).end();
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    return void response.writeHead(404, { "content-length": 0 }).end();
  }
  const range = parseRange(headers.range, stat.size);
  if (range === "unsatisfiable") throw new Error(`asked for ${headers.range} of ${url}`);
  const { offset, length } = range ?? { offset: 0, length: stat.size };
  const part = range && { "content-range": `bytes ${offset}-${offset + length - 1}/${stat.size}` };
  response.writeHead(range === undefined ? 200 : 206, { "content-length": length, ...part });
  if (length === 0) return void response.end(() => closeSync(fd));
  createReadStream("", { fd, start: offset, end: offset + length - 1, highWaterMark: 256 * 1024 }).pipe(response);
}
