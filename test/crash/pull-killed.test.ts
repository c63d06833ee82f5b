/** A pull that is killed again and again: it ends with the same store, and what arrived is not fetched again. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { fsck, loadTree } from "../../src/ostree/index.ts";
import { readRef } from "../../src/ostree/ref.ts";
import { parseRange } from "../../src/http-range.ts";
import { LOCAL, makeClient, makePublisher } from "../ostree/remote/published.ts";
import { MAIN as PROGRAM } from "../support/cli.ts";
import { httpServer, type TestServer } from "../support/http-server.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";

const test = suite("crash: a pull that is killed", unmet({ root: true }));
const KILLS = 20;
const SHARE = 0.05;
const LARGE = [20_000_000, 12_000_000, 5_000_000];
const SMALL = 1500;
const CHUNK = 16 * 1024;
/** Milliseconds between two looks at a client, and how many of them must find it idle: what was sent has arrived then. */
const LOOK = 100;
const IDLE_LOOKS = 5;

interface PacedServer extends TestServer {
  sent(): number;
  /** From so many bytes on nothing is sent; resolves when they are. */
  pauseAt(bytes: number): Promise<void>;
}

/** A network that is slower than the client, so that what was sent but did not arrive is little. */
async function pacedServer(directory: string): Promise<PacedServer> {
  let sent = 0;
  let limit = Infinity;
  let reached: (() => void) | undefined;
  const send = async (bytes: Buffer, response: ServerResponse): Promise<void> => {
    for (let at = 0; at < bytes.length && !response.destroyed; at += CHUNK) {
      while (sent >= limit && !response.destroyed) await sleep(5);
      const chunk = bytes.subarray(at, at + CHUNK);
      sent += chunk.length;
      if (sent >= limit) reached?.();
      if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
      await sleep(1);
    }
    response.end();
  };
  const server = await httpServer((request, response) => {
    const bytes = readFileSync(join(directory, request.url!));
    const range = parseRange(request.headers.range, bytes.length);
    if (range === undefined) {
      response.writeHead(200, { "content-length": bytes.length });
      return send(bytes, response);
    }
    if (range === "unsatisfiable") return void response.writeHead(416).end();
    const { offset, length } = range;
    const part = `bytes ${offset}-${offset + length - 1}/${bytes.length}`;
    response.writeHead(206, { "content-length": length, "content-range": part });
    return send(bytes.subarray(offset, offset + length), response);
  });
  return {
    ...server,
    sent: () => sent,
    pauseAt(bytes) {
      limit = bytes;
      return new Promise((done) => (reached = done));
    },
  };
}

function startPull(store: string): ChildProcess {
  const argv = [PROGRAM, "repo", "pull", "os:os/main", "--repo", store, "--progress", "none"];
  return spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Resolves when the process waits and has waited for a while, however busy the machine is. */
async function idle({ pid, exitCode }: ChildProcess): Promise<void> {
  let last = "";
  for (let looks = 0; looks < IDLE_LOOKS && exitCode === null; looks++) {
    await sleep(LOOK);
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    const [state, user, system] = [fields[0], fields[11], fields[12]];
    if (state !== "S" || `${user} ${system}` !== last) looks = 0;
    last = `${user} ${system}`;
  }
}

test(`killed at ${KILLS} random points, it ends as if it never was, and fetches at most ${SHARE * 100} % again`, async () => {
  const { repo: source, tree, key, release } = await makePublisher();
  mkdirSync(join(tree, "usr/data"));
  LARGE.forEach((size, i) => writeFileSync(join(tree, `usr/data/large-${i}`), randomBytes(size)));
  for (let i = 0; i < SMALL; i++) writeFileSync(join(tree, `usr/data/${i}`), randomBytes(randomInt(1, 30_000)));
  const commit = await release(1);
  const server = await pacedServer(source.path);
  try {
    const { repo } = await makeClient(server.url, { keys: [key.publicKey] });
    const whole = await makeClient(server.url, { keys: [key.publicKey] });
    assert.equal(await once(startPull(whole.repo.path), "exit"), [0, null]);
    const atOnce = server.sent();

    const points = Array.from({ length: KILLS }, () => randomInt(Math.floor(atOnce * 0.98))).sort((a, b) => a - b);
    console.log(`killed at ${points.join(", ")} of ${atOnce} bytes`);
    for (const point of points) {
      const paused = server.pauseAt(atOnce + Math.max(point, server.sent() - atOnce + CHUNK));
      const child = startPull(repo.path);
      const ended = once(child, "exit");
      await Promise.race([paused, ended]);
      await idle(child);
      child.kill("SIGKILL");
      assert.equal(await ended, [null, "SIGKILL"], `at ${point}`);
      assert.equal(fsck(repo).defects, []);
    }
    void server.pauseAt(Infinity);
    assert.equal(await once(startPull(repo.path), "exit"), [0, null]);
    const again = server.sent() - 2 * atOnce;
    console.log(`${again} bytes were fetched again, ${((again / atOnce) * 100).toFixed(2)} %`);
    assert.ok(again <= atOnce * SHARE, `${again} of ${atOnce} bytes were fetched again`);
    assert.is(readRef(repo, LOCAL), commit);
    assert.equal(fsck(repo).defects, []);
    assert.equal(loadTree(repo, commit), loadTree(source, commit));
  } finally {
    server.close();
  }
});
