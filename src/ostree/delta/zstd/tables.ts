/** Where a block's tables come from: described in it, or one before it, or known to all (RFC 8878, 3.1.1.3.2.1). */
import { refuse } from "./bits.ts";
import { type Kind, KINDS, TABLES } from "./codes.ts";
import { constantCounts, type Counts, readCounts } from "./fse.ts";
import type { Tables } from "./sequences.ts";

const MODE = { usual: 0, constant: 1, described: 2, repeated: 3 } as const;

export interface TableState {
  /**
   * The tables of the next block.
   * @param modes its byte of modes
   * @param take gives the description of a kind's table, with what follows it, and is told the description's length
   * @throws AtomicError invalid
   */
  next(modes: number, take: (kind: Kind, use: (bytes: Uint8Array) => number) => void): Tables;
}

/** What a frame begins with: no table to repeat. */
export function createTableState(): TableState {
  const last: Partial<Tables> = {};
  return {
    next(modes, take) {
      if ((modes & 3) !== 0) throw refuse("reserved modes of tables");
      KINDS.forEach((kind, i) => {
        const mode = (modes >> (6 - 2 * i)) & 3;
        if (mode === MODE.usual) last[kind] = TABLES[kind].usual;
        else if (mode === MODE.repeated && last[kind] === undefined) throw refuse("no table to repeat");
        else if (mode !== MODE.repeated) {
          take(kind, (bytes) => {
            const { length, ...counts } =
              mode === MODE.constant ? constant(kind, bytes) : readCounts(bytes, TABLES[kind]);
            last[kind] = counts;
            return length;
          });
        }
      });
      return last as Tables;
    },
  };
}

function constant(kind: Kind, bytes: Uint8Array): Counts & { length: number } {
  const symbol = bytes[0];
  if (symbol === undefined || symbol > TABLES[kind].maxSymbol) throw refuse("a table of no known symbol");
  return { ...constantCounts(symbol), length: 1 };
}
