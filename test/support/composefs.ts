/** The real composefs tools, as oracles. */
import { isAtomicError } from "../../src/errors.ts";
import { renderImage } from "../../src/ostree/image/index.ts";
import { writeDump } from "../../src/ostree/dump.ts";
import type { DirectoryNode } from "../../src/ostree/tree.ts";
import { run } from "../../src/spawn.ts";
import { peer } from "./peers.ts";

const MAX_IMAGE = 2 ** 28;

export const mkcomposefs = peer("mkcomposefs", { package: "composefs" });
export const composefsInfo = peer("composefs-info", { package: "composefs" });

/** What mkcomposefs makes of the tree's dump; undefined when it refuses the dump. */
export function referenceImage(root: DirectoryNode): Buffer | undefined {
  const dump = writeDump(root);
  try {
    return run([...mkcomposefs.argv, "--from-file", "-", "-"], { input: dump, maxOutput: MAX_IMAGE }).stdout;
  } catch (error) {
    if (isAtomicError(error, "child-failed") && error.message.includes("exited with 1")) return undefined;
    throw error;
  }
}

/** What `renderImage` makes of the tree; undefined when it refuses it as invalid. */
export function ownImage(root: DirectoryNode): Buffer | undefined {
  try {
    return renderImage(root);
  } catch (error) {
    if (isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}
