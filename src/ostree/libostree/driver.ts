/** Remotes that are OSTree repositories. */
import { fileURLToPath } from "node:url";
import { AtomicError } from "../../errors.ts";
import { withRepoLock } from "../lock.ts";
import { readCommit } from "../object-store.ts";
import { readRef, type RefName, writeRef } from "../ref.ts";
import type { Fetched, RemoteDriver } from "../remote/driver.ts";
import type { Remote } from "../remote/remote-config.ts";
import type { Repo } from "../repo.ts";
import { transactAside } from "../transaction.ts";
import { parseOstreeCommit } from "./commit.ts";
import { fetchMetadata } from "./fetch-tree.ts";
import { openHttpSource } from "./http-source.ts";
import { fetchCommit, type FetchOptions, REQUESTS } from "./fetch-commit.ts";
import { type ImportResult, storeCommit } from "./store-commit.ts";
import { importedCommit } from "./imported-commit.ts";
import { openLocalSource } from "./local-source.ts";
import { TEXT, valueOf } from "./metadata-value.ts";
import { readOstreeRef, readSummary, refNameOf } from "./read-ref.ts";
import { MAX_CONFIG, parseRepoMode } from "./repo-config.ts";
import type { Sha256 } from "./sha256.ts";
import type { Trust } from "./signatures.ts";
import type { OstreeSource } from "./source.ts";
import { checkBinding, vouch } from "./vouch.ts";

/** How often someone may prune what a pull relies on before it gives up. */
const ROUNDS = 3;

interface Wanted {
  checksum: Sha256;
  localRef: RefName;
  fetch: FetchOptions;
}

/** How remotes of type ostree are asked. Loaded when one is. */
export const ostreeDriver: RemoteDriver = {
  tips: (_, remote) =>
    withSource(remote, async (source) => {
      const listed = await readSummary(source);
      if (listed === undefined) {
        throw new AtomicError("not-found", `listing the refs of remote ${remote.name}: it has no summary`, {
          hint: "ostree summary --update",
        });
      }
      const tips = [...listed.summary.refs].flatMap(([name, { checksum, timestamp, version }]) => {
        const ref = refNameOf(name);
        if (ref === undefined) return []; // a name we could not pull
        const details = {
          ...(timestamp === undefined ? {} : { timestamp }),
          ...(version === undefined ? {} : { version }),
        };
        return { ref, id: checksum, ...details };
      });
      return tips.sort((a, b) => (a.ref < b.ref ? -1 : 1));
    }),

  tip: (repo, remote, ref) =>
    withSource(remote, async (source) => {
      const checksum = await readOstreeRef(source, ref);
      const known = importedCommit(repo, checksum);
      const bytes = known?.bytes ?? (await fetchMetadata(source, checksum, "commit"));
      const { timestamp, metadata } = parseOstreeCommit(bytes);
      const version = valueOf(metadata, "version", TEXT);
      return {
        ref,
        id: checksum,
        timestamp,
        ...(known === undefined ? {} : { commit: known.commit }),
        ...(version === undefined ? {} : { version }),
      };
    }),

  fetch: (repo, remote, { ref, localRef, allowDowngrade = false, progress, onPlan, measure }) =>
    withSource(remote, async (source): Promise<Fetched> => {
      const checksum = await readOstreeRef(source, ref);
      const known = importedCommit(repo, checksum);
      const bytes = known?.bytes ?? (await fetchMetadata(source, checksum, "commit"));
      const offered = { ref, checksum, bytes };
      checkBinding(offered);
      const now = Date.now() / 1000;
      const signature = remote.insecure
        ? `unsigned: remote ${remote.name} is insecure`
        : `${await vouch(source, offered, { trust: trustOf(remote), now })} of remote ${remote.name}`;
      const present = readRef(repo, localRef);
      const { timestamp } = parseOstreeCommit(bytes);
      if (!allowDowngrade && present !== undefined && readCommit(repo, present).timestamp > timestamp)
        throw downgrade(remote, offered.ref, timestamp);
      if (known !== undefined && present === known.commit)
        return { commit: known.commit, signature, objects: 0, bytes: 0 };
      if (known === undefined) await checkMode(source);
      const how = {
        ...(progress === undefined ? {} : { progress }),
        ...(onPlan === undefined ? {} : { onPlan }),
        ...(measure === undefined ? {} : { measure }),
      };
      return { ...(await bring(repo, source, { checksum, localRef, fetch: { bytes, ...how } })), signature };
    }),
};

/** Brings a commit into the store unless it is there; the ref moves with it, under the lock. */
async function bring(repo: Repo, source: OstreeSource, { checksum, localRef, fetch }: Wanted): Promise<ImportResult> {
  const point = (result: ImportResult): ImportResult => (writeRef(repo, localRef, result.commit), result);
  const present = await withRepoLock(repo, () => {
    const known = importedCommit(repo, checksum);
    return known && point({ commit: known.commit, objects: 0, bytes: 0 });
  });
  if (present !== undefined) return present;
  return transactAside(repo, async (transaction) => {
    for (let left = ROUNDS; ; left--) {
      const fetched = await fetchCommit(transaction, source, fetch);
      const stored = await withRepoLock(repo, () => {
        const result = storeCommit(transaction, fetched);
        return result && point(result);
      });
      if (stored !== undefined) return stored;
      if (left === 1)
        throw new AtomicError("conflict", `pulling ${checksum}: objects it relies on were removed meanwhile`);
    }
  });
}

async function withSource<T>({ url }: Remote, use: (source: OstreeSource) => Promise<T>): Promise<T> {
  const source = url.startsWith("file:")
    ? openLocalSource(fileURLToPath(url))
    : openHttpSource(url, { connections: REQUESTS });
  try {
    return await use(source);
  } finally {
    source.close();
  }
}

/** Over HTTP only the files of archive repositories can be read. @throws AtomicError unsupported, not-found */
async function checkMode(source: OstreeSource): Promise<void> {
  const config = await source.read("config", MAX_CONFIG);
  if (config === undefined)
    throw new AtomicError("not-found", `opening the OSTree repository ${source.where}: it has no config`);
  const mode = parseRepoMode(config.toString("utf8"), source.where);
  if (mode === "archive" || !source.isRemote) return;
  throw new AtomicError(
    "unsupported",
    `reading the OSTree repository ${source.where}: expected mode archive, found ${mode}`,
  );
}

function trustOf({ keys, keyring }: Remote): Trust {
  return { keys, ...(keyring === undefined ? {} : { keyring: Buffer.from(keyring, "base64") }) };
}

function downgrade({ name }: Remote, ref: string, timestamp: number): AtomicError {
  const when = new Date(timestamp * 1000).toISOString();
  return new AtomicError(
    "conflict",
    `pulling ${ref} from remote ${name}: its commit of ${when} is older than the last`,
    {
      hint: "atomic host upgrade --allow-downgrade",
    },
  );
}
