/** A group, and what is written into it. */

/** A container's group in one hierarchy. */
export interface CgroupPlace {
  /** Its directory on the host. */
  directory: string;
  version: 1 | 2;
  /** As `Hierarchy` has them. */
  name: string;
  options: readonly string[];
}

/** A value for a file of a group. */
export interface CgroupWrite {
  file: string;
  value: string;
  /** Kernels lack it in places, and then nobody misses it. */
  optional?: true;
}
