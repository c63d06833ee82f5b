/** Remotes of our own type: a summary, and packs that are read in ranges. */
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { withRepoLock } from "../lock.ts";
import type { ObjectType } from "../object-path.ts";
import { objectSize, readObject } from "../object-store.ts";
import { readRef, writeRef } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { noteDownloaded, type StagedObject, transact } from "../transaction.ts";
import { addSignatures } from "./commit-signatures.ts";
import type { Fetched, RemoteDriver } from "./driver.ts";
import { fetchObjects } from "./fetch-objects.ts";
import { clearIncoming, type Incoming, withIncoming } from "./incoming.ts";
import { keyId } from "./public-key.ts";
import { keyOf } from "./published-ref.ts";
import type { Needed, PullContext } from "./pull-plan.ts";
import { publishedRef, readSummary, rememberSummary } from "./read-summary.ts";
import type { Remote } from "./remote-config.ts";
import { signerOf } from "./signature.ts";
import type { Source } from "./published-source.ts";
import { openSource } from "./source.ts";
import type { PublishedDelta, PublishedRef } from "./summary.ts";

/** How often someone may prune what a pull relies on before it gives up. */
const ROUNDS = 3;

export const atomicDriver: RemoteDriver = {
  async tips(repo, remote, options) {
    const source = openSource(remote, options.bundle);
    try {
      const { summary } = await readSummary(repo, remote, source, options);
      return summary.refs.map(({ ref, commit, timestamp, version }) => ({
        ref,
        id: commit,
        commit,
        timestamp,
        ...(version === undefined ? {} : { version }),
      }));
    } finally {
      source.close();
    }
  },

  async fetch(repo, remote, options) {
    const source = openSource(remote, options.bundle);
    try {
      const seen = await readSummary(repo, remote, source, options);
      const entry = publishedRef(seen, remote, options.ref);
      const packs = entry.packs.map((name) => seen.summary.packs.find((pack) => pack.name === name)!);
      const { deltas } = seen.summary;
      const fetched = await pullPublished(repo, remote, { ...options, source, entry, packs, deltas });
      await rememberSummary(repo, remote, seen);
      return fetched;
    } finally {
      source.close();
    }
  },
};

type FetchOptions = Parameters<RemoteDriver["fetch"]>[2];
type Published = FetchOptions & {
  source: Source;
  entry: PublishedRef;
  packs: PullContext["packs"];
  deltas: readonly PublishedDelta[];
};

async function pullPublished(repo: Repo, remote: Remote, options: Published): Promise<Fetched> {
  const { entry, localRef } = options;
  const { commit, signatures } = entry;
  // What a ref of the store names is whole.
  if (readRef(repo, localRef) === commit) {
    const signature = vouch(remote, entry, readObject(repo, commit, "commit"));
    return { commit, signature, objects: 0, bytes: 0 };
  }
  return withIncoming(repo, async (incoming) => {
    let signature = "";
    let bytes = 0;
    const context: PullContext = {
      repo,
      source: options.source,
      incoming,
      packs: options.packs,
      arrived: (count) => (bytes += count),
      check: (text) => (signature = vouch(remote, entry, text)),
    };
    for (let left = ROUNDS; ; left--) {
      const { needed, ...delta } = await fetchObjects(context, commit, options);
      const objects = await store(repo, incoming, { commit, signatures, localRef, needed });
      if (objects !== undefined) return { commit, signature, objects, bytes, ...delta };
      if (left === 1)
        throw new AtomicError("conflict", `pulling ${commit}: objects it relies on were removed meanwhile`);
    }
  });
}

/** Who vouches for a commit, for people. @throws AtomicError untrusted */
function vouch({ name, keys, insecure }: Remote, { commit, signatures }: PublishedRef, bytes: Buffer): string {
  if (insecure) return `unsigned: remote ${name} is insecure`;
  const signer = signerOf(bytes, signatures, keys);
  if (signer !== undefined) return `ed25519 ${keyId(signer)} (${signer.name} of remote ${name})`;
  const found = signatures.length === 0 ? "nobody" : signatures.map(keyId).join(", ");
  throw new AtomicError(
    "untrusted",
    `pulling ${commit} from remote ${name}: expected a signature of ${keys.map(keyId).join(" or ")}, found ${found}`,
    { hint: `atomic remote keys add ${name} FILE` },
  );
}

/**
 * Gives what arrived its names and moves the ref, all or nothing.
 * @returns how many objects were new; undefined when some are missing, because somebody pruned meanwhile
 */
async function store(
  repo: Repo,
  incoming: Incoming,
  {
    commit,
    signatures,
    localRef,
    needed,
  }: Pick<PublishedRef, "commit" | "signatures"> & { localRef: Published["localRef"]; needed: readonly Needed[] },
): Promise<number | undefined> {
  return withRepoLock(repo, () => {
    const downloaded = downloadedOf(repo, incoming, needed);
    if (downloaded === undefined) return undefined;
    transact(repo, (transaction) => downloaded.forEach((object) => noteDownloaded(transaction, object)));
    addSignatures(repo, commit, signatures);
    writeRef(repo, localRef, commit);
    clearIncoming(repo);
    return downloaded.length;
  });
}

/** Those of the needed objects that were downloaded; undefined unless the store has all others. */
function downloadedOf(repo: Repo, incoming: Incoming, needed: readonly Needed[]): StagedObject[] | undefined {
  const downloaded: StagedObject[] = [];
  for (const { checksum, type, size } of needed) {
    const arrived = incoming.arrived.get(keyOf({ checksum, type }));
    if (arrived !== undefined) downloaded.push({ checksum, type, size: arrived, path: incoming.path(checksum, type) });
    else if (!isStored(repo, checksum, type, size)) return undefined;
  }
  return downloaded;
}

function isStored(repo: Repo, checksum: Checksum, type: ObjectType, size: number | undefined): boolean {
  const found = objectSize(repo, checksum, type);
  return found !== undefined && (size === undefined || found === size);
}
