/** What a summary says of a ref, and what a commit needs to be offered. */
import type { Checksum } from "../../digest.ts";
import { objectSize, readCommit } from "../object-store.ts";
import { visitReachable } from "../reach.ts";
import type { RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { readSignatures } from "./commit-signatures.ts";
import type { PublishedRef } from "./summary.ts";
import type { WantedObject } from "./write-pack.ts";

/** The name of an object. */
export const keyOf = ({ checksum, type }: { checksum: Checksum; type: string }): string => `${checksum}.${type}`;

/** Every object that a commit needs, by name. @throws AtomicError not-found, corrupt */
export function neededObjects(repo: Repo, commit: Checksum): Map<string, WantedObject> {
  const objects = new Map<string, WantedObject>();
  visitReachable(repo, commit, {
    seen: new Set(),
    visit({ checksum, type, size }) {
      objects.set(keyOf({ checksum, type }), { checksum, type, size: size ?? objectSize(repo, checksum, type) ?? 0 });
    },
    unreadable(_, error) {
      throw error;
    },
  });
  return objects;
}

/** A ref as a summary has it, with what the commit and its signatures say. @throws AtomicError not-found, corrupt */
export function publishedRef(
  repo: Repo,
  { ref, commit, packs }: { ref: RefName; commit: Checksum; packs: Checksum[] },
): PublishedRef {
  const { timestamp, version } = readCommit(repo, commit);
  const signatures = readSignatures(repo, commit);
  return { ref, commit, timestamp, ...(version === undefined ? {} : { version }), signatures, packs };
}
