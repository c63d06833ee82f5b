/** A published store with two versions of a small tree, a server for it, and stores that pull from there. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { type Checksum, checksumOf } from "../../../src/digest.ts";
import { createDurable, type Durable } from "../../../src/durable.ts";
import { commitTree, initRepo, parseRefName, publish, type Repo, signCommit } from "../../../src/ostree/index.ts";
import { parsePublicKey, type PublicKey } from "../../../src/ostree/remote/public-key.ts";
import { addRemote, readRemote, type Remote } from "../../../src/ostree/remote/remote-config.ts";
import { generateKeys, parseSecretKey, type SecretKey } from "../../../src/ostree/remote/secret-key.ts";
import { httpServer, type TestServer } from "../../support/http-server.ts";
import { tempDir } from "../../support/temp.ts";

export const MAIN = parseRefName("os/main");
/** Where a store that pulled it has it. */
export const LOCAL = parseRefName("remotes/os/os/main");

export interface Publisher {
  dir: string;
  /** What the next release commits. */
  tree: string;
  repo: Repo;
  key: { publicKey: PublicKey; secret: SecretKey };
  /** Commits version `version`, signed with the keys (its own if left out), and publishes it. */
  release(version: number, keys?: readonly SecretKey[]): Promise<Checksum>;
}

export function makeKey(name: string): Publisher["key"] {
  const keys = generateKeys();
  return { secret: parseSecretKey(keys.secret, name), publicKey: parsePublicKey(keys.public, name) };
}

/** A store whose first version is published. */
export async function makePublisher(): Promise<Publisher> {
  const dir = tempDir();
  const tree = join(dir, "tree");
  const repo = initRepo(join(dir, "published"), createDurable());
  const key = makeKey("release");
  mkdirSync(join(tree, "usr/share/doc"), { recursive: true });
  mkdirSync(join(tree, "etc"));
  for (let i = 0; i < 40; i++) writeFileSync(join(tree, `usr/share/doc/${i}`), `document ${i}\n`.repeat(i + 1));
  writeFileSync(join(tree, "usr/large"), randomBytes(3_000_000));
  writeFileSync(join(tree, "usr/empty"), "");
  return {
    dir,
    tree,
    repo,
    key,
    async release(version, keys = [key.secret]) {
      writeFileSync(join(tree, "etc/os-release"), `VERSION_ID=${version}\n`);
      writeFileSync(join(tree, `usr/share/doc/new-${version}`), `only in ${version}\n`);
      if (version > 1) writeFileSync(join(tree, "usr/other"), randomBytes(1_500_000));
      const timestamp = 1_700_000_000 + version * 1000;
      const { commit } = await commitTree(repo, { tree, ref: MAIN, version: String(version), timestamp });
      if (keys.length > 0) signCommit(repo, commit, keys);
      await publish(repo, { refs: [MAIN], keys, timestamp });
      return commit;
    },
  };
}

/** What may be wrong with an answer: called before the file is sent; true when it has answered itself. */
export type Tamper = (path: string, request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** Serves `directory` with ranges and etags. */
export function serveDirectory(directory: string, tamper: Tamper = () => false): Promise<TestServer> {
  return httpServer(async (request, response) => {
    const path = (request.url ?? "").slice(1);
    if (await tamper(path, request, response)) return;
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(directory, path));
    } catch {
      return void response.writeHead(404).end();
    }
    const etag = `"${checksumOf(bytes)}"`;
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
    const match = /^bytes=([0-9]+)-([0-9]+)$/.exec(request.headers.range ?? "");
    if (match === null) return void response.writeHead(200, { etag, "content-length": bytes.length }).end(bytes);
    const [first, last] = [Number(match[1]), Math.min(Number(match[2]), bytes.length - 1)];
    const headers = { "content-range": `bytes ${first}-${last}/${bytes.length}`, "content-length": last - first + 1 };
    response.writeHead(206, headers).end(bytes.subarray(first, last + 1));
  });
}

/** An empty store with a remote `os`. */
export async function makeClient(
  url: string,
  settings: Partial<Remote>,
  disk: Durable = createDurable(),
): Promise<{ repo: Repo; remote: Remote }> {
  const path = join(tempDir(), "client");
  rmSync(path, { recursive: true, force: true });
  const repo = initRepo(path, disk);
  await addRemote(repo, { name: "os", type: "atomic", url, keys: [], insecure: false, ...settings });
  return { repo, remote: readRemote(repo, "os") };
}
