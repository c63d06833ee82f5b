/** The SELinux labels of a container, chosen when it is made and kept as long as it is: its files have them. */
import { close, flock, O_DIRECTORY, O_RDONLY, open } from "../../linux/index.ts";
import type { RunOptions } from "../configure/run-options.ts";
import { categoriesOf, containerLabels, freeCategories, type SelinuxLabels } from "../configure/selinux-labels.ts";
import { readSelinux } from "../limits/security-modules.ts";
import type { Engine } from "./place.ts";
import { listNamed } from "./record.ts";

/**
 * Calls `keep` with the labels of a new container, none on a host without SELinux; while it runs, nobody else is given
 * the same categories.
 * @param root a directory in the place of `/`, to look for the policy @throws AtomicError no-space
 */
export function withLabels(
  engine: Engine,
  { security, privileged }: Pick<RunOptions, "security" | "privileged">,
  keep: (labels?: SelinuxLabels) => void,
  root = "",
): void {
  const contexts = readSelinux(root);
  if (contexts === undefined) return keep();
  const fd = open(engine.run, O_RDONLY | O_DIRECTORY);
  try {
    flock(fd, "exclusive");
    const taken = listNamed(engine).flatMap(({ labels }) => (labels === undefined ? [] : [categoriesOf(labels)]));
    const unconfined = privileged || security.label === "disable";
    const categories = freeCategories(new Set(taken));
    keep(containerLabels({ contexts, parts: security.labelParts ?? {}, unconfined, categories }));
  } finally {
    close(fd);
  }
}
