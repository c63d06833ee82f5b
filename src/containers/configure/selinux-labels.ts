/** The SELinux labels of a container: a pair of categories of its own keeps it apart from the others. */
import { AtomicError } from "../../errors.ts";
import type { SelinuxContexts } from "../limits/security-modules.ts";

/** What `--security-opt label=KEY:VALUE` may change. */
export const LABEL_PARTS = ["user", "role", "type", "level", "filetype"] as const;
export type LabelParts = Partial<Record<(typeof LABEL_PARTS)[number], string>>;

/** Labels, `USER:ROLE:TYPE:LEVEL` each. */
export interface SelinuxLabels {
  process: string;
  /** Of its files; none where the labels of the host's files stay. */
  mount?: string;
}

/** Of the policies of Fedora and those made after it. */
const CATEGORIES = 1024;
const PAIRS = (CATEGORIES * (CATEGORIES - 1)) / 2;
/** The type that is confined by nothing, for containers that are part of the host. */
const SUPER_PRIVILEGED = "spc_t";

/**
 * Two categories that no other container has, `c1,c1023`, the lower first.
 * @param random a number from 0 to below 1 @throws AtomicError no-space when every pair is taken
 */
export function freeCategories(taken: ReadonlySet<string>, random: () => number = Math.random): string {
  const start = Math.floor(random() * PAIRS);
  for (let tried = 0; tried < PAIRS; tried++) {
    const pair = pairAt((start + tried) % PAIRS);
    if (!taken.has(pair)) return pair;
  }
  throw new AtomicError("no-space", "labelling a container: every pair of SELinux categories is taken", {
    hint: "atomic ps --all",
  });
}

/** The pairs in order: (0,1), (0,2), (1,2), (0,3) … */
function pairAt(index: number): string {
  let high = Math.floor((1 + Math.sqrt(1 + 8 * index)) / 2);
  if ((high * (high - 1)) / 2 > index) high -= 1;
  return `c${index - (high * (high - 1)) / 2},c${high}`;
}

/** The categories of a label that `containerLabels` made. */
export function categoriesOf({ process }: SelinuxLabels): string {
  return process.split(":").slice(4).join(":");
}

export interface LabelRequest {
  contexts: SelinuxContexts;
  parts: LabelParts;
  /** Part of the host: confined by nothing, and its files keep their labels. */
  unconfined: boolean;
  categories: string;
}

export function containerLabels({ contexts, parts, unconfined, categories }: LabelRequest): SelinuxLabels {
  const [user, role, type, sensitivity] = contexts.process.split(":");
  const owner = `${parts.user ?? user}:${parts.role ?? role}`;
  if (unconfined) return { process: `${owner}:${parts.type ?? SUPER_PRIVILEGED}:${parts.level ?? sensitivity}` };
  const level = parts.level ?? `${sensitivity}:${categories}`;
  const [fileUser, fileRole, fileType] = contexts.file.split(":");
  return {
    process: `${owner}:${parts.type ?? type}:${level}`,
    mount: `${fileUser}:${fileRole}:${parts.filetype ?? fileType}:${level}`,
  };
}

/** The label of files that all containers may use: without categories. */
export function sharedLabel(label: string): string {
  return label.split(":").slice(0, 4).join(":");
}
