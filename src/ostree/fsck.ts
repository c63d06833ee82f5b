/** Checking a store: every object against its name, every ref and deployment image against the store. */
import { toText } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import { isAtomicError } from "../errors.ts";
import { isKernelError, readFile } from "../linux/index.ts";
import { noProgress, type Progress } from "../progress.ts";
import { verityOf } from "../verity.ts";
import { listObjects } from "./list-objects.ts";
import type { ObjectType } from "./object-path.ts";
import { measureObject, objectSize, readCommit } from "./object-store.ts";
import { visitReachable } from "./reach.ts";
import { listRefs, type RefName } from "./ref.ts";
import type { Repo } from "./repo.ts";

/** A deployment's image file and the commit it was rendered from. */
export interface DeployedImage {
  path: string;
  commit: Checksum;
}

/** One defect. `message` names it for a person; the other fields let `repair` act on it. */
export type Defect = { message: string } & (
  | { kind: "corrupt-object" | "missing-object"; checksum: Checksum; type: ObjectType }
  | { kind: "bad-ref"; ref: RefName }
  | { kind: "bad-image"; image: DeployedImage }
);

export interface FsckOptions {
  /** Deployment images to check, whose commits must be complete too. */
  images?: readonly DeployedImage[];
  progress?: Progress;
}
export interface FsckReport {
  objects: number;
  bytes: number;
  defects: Defect[];
}

/** No rendered image is larger: 4 KiB of metadata for each of a million inodes. */
const MAX_IMAGE = 4 * 1024 ** 3;

/** Reads the whole store and lists every defect; changes nothing. @throws AtomicError as the kernel refuses */
export function fsck(repo: Repo, { images = [], progress = noProgress }: FsckOptions = {}): FsckReport {
  const report: FsckReport = { objects: 0, bytes: 0, defects: [] };
  const damaged = checkObjects(repo, report, progress);
  const roots = new Map<Checksum, string>(images.map(({ commit, path }) => [commit, `image ${path}`]));
  for (const ref of checkRefs(repo, report)) roots.set(ref.commit, `ref ${ref.ref}`);
  checkReachable(repo, roots, damaged, report);
  for (const image of images) checkImage(repo, image, report);
  return report;
}

function checkObjects(repo: Repo, report: FsckReport, progress: Progress): Set<string> {
  const damaged = new Set<string>();
  const task = progress.start("checking objects", { unit: "items" });
  for (const { checksum, type } of listObjects(repo)) {
    const found = readable(repo, checksum, type);
    report.objects++;
    report.bytes += found?.size ?? 0;
    task.advance();
    if (found?.checksum === checksum) continue;
    damaged.add(`${checksum}.${type}`);
    const why = found === undefined ? "the kernel cannot read it" : `its ${found.size} bytes hash to ${found.checksum}`;
    report.defects.push({ kind: "corrupt-object", checksum, type, message: `${type} ${checksum}: damaged: ${why}` });
  }
  task.finish();
  return damaged;
}

/** Undefined when reading fails, as it does where fs-verity finds other bytes than were sealed. */
function readable(repo: Repo, checksum: Checksum, type: ObjectType): ReturnType<typeof measureObject> | undefined {
  try {
    return measureObject(repo, checksum, type);
  } catch (error) {
    if (isKernelError(error, "EIO")) return undefined;
    throw error;
  }
}

function checkRefs(repo: Repo, report: FsckReport): { ref: RefName; commit: Checksum }[] {
  return listRefs(repo).flatMap(({ ref, commit }) => {
    if (commit !== undefined) return { ref, commit };
    report.defects.push({ kind: "bad-ref", ref, message: `ref ${ref}: does not hold a checksum` });
    return [];
  });
}

function checkReachable(
  repo: Repo,
  roots: ReadonlyMap<Checksum, string>,
  damaged: ReadonlySet<string>,
  report: FsckReport,
): void {
  const seen = new Set<string>();
  for (const [commit, root] of roots) {
    visitReachable(repo, commit, {
      seen,
      visit({ checksum, type, size, by }) {
        if (damaged.has(`${checksum}.${type}`)) return;
        const found = objectSize(repo, checksum, type);
        const needed = type === "commit" ? root : `${root}, ${toText(by)}`;
        if (found === undefined) {
          report.defects.push({
            kind: "missing-object",
            checksum,
            type,
            message: `${type} ${checksum}: missing, needed by ${needed}`,
          });
        } else if (size !== undefined && found !== size) {
          const message = `${type} ${checksum}: expected ${size} bytes as ${needed} says, found ${found}`;
          report.defects.push({ kind: "corrupt-object", checksum, type, message });
        }
      },
      unreadable({ checksum, type }, error) {
        if (isAtomicError(error, "not-found") || isAtomicError(error, "corrupt")) return; // reported by its name above
        if (!isAtomicError(error)) throw error;
        report.defects.push({
          kind: "corrupt-object",
          checksum,
          type,
          message: `${type} ${checksum}: ${error.message}`,
        });
      },
    });
  }
}

function checkImage(repo: Repo, image: DeployedImage, report: FsckReport): void {
  const found = measureImage(image.path);
  let expected: Checksum;
  try {
    expected = readCommit(repo, image.commit).image;
  } catch (error) {
    if (isAtomicError(error, "not-found") || isAtomicError(error, "corrupt")) return; // the commit itself is a defect
    throw error;
  }
  if (found === expected) return;
  const message = `image ${image.path}: expected ${expected}, found ${found ?? "no file"}`;
  report.defects.push({ kind: "bad-image", image, message });
}

function measureImage(path: string): Checksum | undefined {
  try {
    return verityOf(readFile(path, MAX_IMAGE));
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}
