/** A block's sequences (RFC 8878, 3.1.1.3.2): so many literals, then a match so long, so far back. */
import { type BitWriter, createBackwardReader, refuse } from "./bits.ts";
import { type Kind, LITERAL_BASES, LITERAL_BITS, literalsCode, MATCH_BASES, MATCH_BITS, matchCode } from "./codes.ts";
import { type Counts, decodeTable, encodeTable, firstState, nextState } from "./fse.ts";

/** The most that a block can have. */
export const MAX_SEQUENCES = 0x7f00 + 0xffff;

/** Columns, of which the first `count` places are used. */
export interface Sequences {
  count: number;
  literals: Int32Array;
  /** Lengths, 3 at least. */
  matches: Int32Array;
  /** As in the frame: 1 … 3 repeat one of the last, others are the distance plus 3. */
  offsets: Uint32Array;
}
export type Tables = Record<Kind, Counts>;

export function createSequences(): Sequences {
  return {
    count: 0,
    literals: new Int32Array(MAX_SEQUENCES),
    matches: new Int32Array(MAX_SEQUENCES),
    offsets: new Uint32Array(MAX_SEQUENCES),
  };
}

/** Decodes `into.count` sequences of the bit stream `bytes`. @throws AtomicError invalid */
export function decodeSequences(bytes: Uint8Array, tables: Tables, into: Sequences): void {
  const input = createBackwardReader(bytes);
  const [literals, offsets, matches] = [tables.literals, tables.offsets, tables.matches].map(decodeTable);
  let literalsState = input.read(literals!.log);
  let offsetsState = input.read(offsets!.log);
  let matchesState = input.read(matches!.log);
  for (let i = 0; i < into.count; i++) {
    const offsetCode = offsets!.symbols[offsetsState]!;
    into.offsets[i] = 2 ** offsetCode + input.read(offsetCode);
    const code = matches!.symbols[matchesState]!;
    into.matches[i] = MATCH_BASES[code]! + input.read(MATCH_BITS[code]!);
    const short = literals!.symbols[literalsState]!;
    into.literals[i] = LITERAL_BASES[short]! + input.read(LITERAL_BITS[short]!);
    if (i + 1 === into.count) break;
    literalsState = literals!.bases[literalsState]! + input.read(literals!.bits[literalsState]!);
    matchesState = matches!.bases[matchesState]! + input.read(matches!.bits[matchesState]!);
    offsetsState = offsets!.bases[offsetsState]! + input.read(offsets!.bits[offsetsState]!);
  }
  if (input.left() !== 0) throw refuse("the bits of sequences do not come out even");
}

/** The bit stream of at least one sequence, valid until the next of `out`. @throws AtomicError invalid */
export function encodeSequences({ count, ...columns }: Sequences, tables: Tables, out: BitWriter): Uint8Array {
  const [literals, offsets, matches] = [tables.literals, tables.offsets, tables.matches].map(encodeTable);
  let literalsState = 0;
  let offsetsState = 0;
  let matchesState = 0;
  for (let i = count - 1; i >= 0; i--) {
    const offset = columns.offsets[i]!;
    const offsetCode = 31 - Math.clz32(offset);
    const short = literalsCode(columns.literals[i]!);
    const code = matchCode(columns.matches[i]!);
    if (i === count - 1) {
      matchesState = firstState(matches!, code);
      offsetsState = firstState(offsets!, offsetCode);
      literalsState = firstState(literals!, short);
    } else {
      offsetsState = nextState(offsets!, offsetsState, offsetCode, out);
      matchesState = nextState(matches!, matchesState, code, out);
      literalsState = nextState(literals!, literalsState, short, out);
    }
    out.write(columns.literals[i]! - LITERAL_BASES[short]!, LITERAL_BITS[short]!);
    out.write(columns.matches[i]! - MATCH_BASES[code]!, MATCH_BITS[code]!);
    out.write(offset, offsetCode);
  }
  out.write(matchesState, matches!.log);
  out.write(offsetsState, offsets!.log);
  out.write(literalsState, literals!.log);
  return out.finish();
}
