/** Which objects a delta starts from and which it makes. */
import type { ByteString } from "../../bytes.ts";
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import type { ObjectType } from "../object-path.ts";
import { objectSize } from "../object-store.ts";
import { visitReachable } from "../reach.ts";
import type { Repo } from "../repo.ts";

export interface DeltaObject {
  checksum: Checksum;
  type: ObjectType;
  /** In bytes. */
  size: number;
}
/** An object with the first path that names it; the commit's own name for a commit. */
export interface NamedObject extends DeltaObject {
  by: ByteString;
}

/**
 * Every object `commit` needs, in the order of a walk through its tree, which is the same in every store; without
 * those in `seen`, to which all are added.
 * @throws AtomicError not-found when one is missing, corrupt when one has another size
 */
export function listDeltaObjects(repo: Repo, commit: Checksum, seen = new Set<string>()): NamedObject[] {
  const objects: NamedObject[] = [];
  visitReachable(repo, commit, {
    seen,
    visit({ checksum, type, size: expected, by }) {
      const size = objectSize(repo, checksum, type);
      if (size === undefined) throw unusable("not-found", `${type} ${checksum} is not in ${repo.path}`);
      if (expected !== undefined && size !== expected) {
        throw unusable("corrupt", `${type} ${checksum}: expected ${expected} bytes, found ${size}`);
      }
      objects.push({ checksum, type, size, by });
    },
    unreadable(_, error) {
      throw error;
    },
  });
  return objects;

  function unusable(code: "not-found" | "corrupt", why: string): AtomicError {
    return new AtomicError(code, `listing what commit ${commit} needs: ${why}`, {
      hint: `atomic repo fsck --repo ${repo.path}`,
    });
  }
}
