/** Ranges of IDs that somebody may use for user namespaces. Spec: subuid(5), subgid(5) */

export interface IdRange {
  first: number;
  count: number;
}

/** The kernel takes 340 lines, one of which is the owner itself. */
const MAX_RANGES = 339;

/**
 * The ranges of an owner in the text of /etc/subuid or /etc/subgid, in order; lines that mean nothing are passed over.
 * @param owners its name, and its number for those who write that
 */
export function subordinateIds(text: string, owners: readonly string[]): IdRange[] {
  return text
    .split("\n")
    .flatMap((line) => {
      const [owner = "", first = "", count = "", ...more] = line.trim().split(":");
      const range = { first: Number(first), count: Number(count) };
      const valid = /^\d{1,10}$/.test(first) && /^\d{1,10}$/.test(count) && range.count > 0 && more.length === 0;
      return valid && owners.includes(owner) && range.first + range.count <= 0xffff_ffff ? [range] : [];
    })
    .slice(0, MAX_RANGES);
}
