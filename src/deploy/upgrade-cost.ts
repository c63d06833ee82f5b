/** What an upgrade takes and changes, said before it is fetched. */
import type { Checksum } from "../digest.ts";
import { type DirectoryNode, fetchRef, publisherSays, readCommit, type Repo } from "../ostree/index.ts";
import { bootChecksum, findKernel } from "./deployment-kernel.ts";
import { diffPackages, type PackageChange } from "./host-diff.ts";
import { lazyTree } from "./lazy-tree.ts";
import { bootNeed } from "./prepare-deployment.ts";
import { pullNeeds, type RemoteOptions, type RemoteSpec } from "./remote-spec.ts";
import { missingFiles } from "./resolve-spec.ts";
import type { Stateroot } from "./deployment-id.ts";
import type { Sysroot } from "./sysroot.ts";
import { packageDatabase, treePackages } from "./tree-packages.ts";

/** Bytes, and numbers of files. What is absent is known only once the update has been downloaded. */
export interface Cost {
  /** To be transferred. */
  download?: number;
  /** To be stored, and in how many objects. */
  disk?: number;
  objects?: number;
  /** For a kernel in the boot directory; 0 when it is there already. */
  boot?: number;
  /** What the publisher says of the update: one line, and what does not fit in one. */
  subject: string;
  notes?: string;
  /** What would change beside the present commit, sorted by name. */
  packages?: PackageChange[];
}

/** Ends a pull that was only to be planned. */
class Planned extends Error {}

/**
 * What `pullRemote` would take and change; fetches the commit's dirtrees and package list, which a pull then need not.
 * @param options.current the commit to compare with
 * @throws AtomicError as `pullRemote` does
 */
export async function remoteCost(
  sysroot: Sysroot,
  { remote, ref, ...from }: RemoteSpec,
  { allowDowngrade = false, current }: RemoteOptions & { current: Checksum },
): Promise<Cost> {
  let cost: Cost = { download: 0, disk: 0, objects: 0, boot: 0, subject: "", packages: [] };
  try {
    await fetchRef(sysroot.repo, remote, {
      ref,
      allowDowngrade,
      ...from,
      measure: true,
      async onPlan(plan) {
        const boot = pullNeeds(sysroot, plan).filter(({ path }) => path === sysroot.boot);
        const { download, files, subject, notes } = plan;
        const database = packageDatabase(plan.tree());
        if (database !== undefined) await plan.bring([database.checksum]);
        cost = {
          ...(files === undefined ? {} : { download, disk: sum(files), objects: files.length }),
          boot: sum(boot.flatMap((need) => need.files)),
          subject,
          ...(notes === undefined ? {} : { notes }),
          packages: packageChanges(sysroot, { current, repo: plan.repo, tree: plan.tree() }),
        };
        throw new Planned();
      },
    });
  } catch (error) {
    if (!(error instanceof Planned)) throw error;
  }
  return cost;
}

/**
 * What deploying a commit takes that lies whole in a store: the sysroot's own, or another one to pull from.
 * @throws AtomicError not-found, corrupt, invalid (no kernel)
 */
export function storedCost(
  sysroot: Sysroot,
  { repo, commit, current, stateroot }: { repo: Repo; commit: Checksum; current: Checksum; stateroot: Stateroot },
): Cost {
  const tree = lazyTree(repo, commit);
  const kernel = findKernel(tree);
  const files = missingFiles(sysroot.repo, tree);
  const boot = bootNeed(sysroot, stateroot, { kernel, bootChecksum: bootChecksum({ ...sysroot, repo }, kernel) });
  return {
    download: repo === sysroot.repo ? 0 : sum(files),
    disk: sum(files),
    objects: files.length,
    boot: sum(boot.files),
    ...publisherSays(readCommit(repo, commit)),
    packages: packageChanges(sysroot, { current, repo, tree }),
  };
}

function packageChanges(
  sysroot: Sysroot,
  { current, repo, tree }: { current: Checksum; repo: Repo; tree: DirectoryNode },
): PackageChange[] {
  const before = treePackages(sysroot.repo, lazyTree(sysroot.repo, current));
  return diffPackages(before.packages, treePackages(repo, tree).packages);
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
