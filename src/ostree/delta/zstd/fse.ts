/** Finite state entropy (RFC 8878, 4.1): tables read from a frame, to decode with and to encode with. */
import { type BitWriter, createForwardReader, refuse } from "./bits.ts";

/** How often each symbol is in a table; -1 is less than once. They sum up to 2^log, -1 counting as 1. */
export interface Counts {
  log: number;
  counts: number[];
}

/** Reads a table's description, which begins `bytes`. Returns its length, too. @throws AtomicError invalid */
export function readCounts(
  bytes: Uint8Array,
  { maxLog, maxSymbol }: { maxLog: number; maxSymbol: number },
): Counts & { length: number } {
  const input = createForwardReader(bytes);
  const log = input.read(4) + 5;
  if (log > maxLog) throw refuse(`a table of 2^${log} states`);
  const counts: number[] = [];
  for (let rest = 1 << log; rest > 0;) {
    if (counts.length > maxSymbol) throw refuse("a table of too many symbols");
    const bits = 32 - Math.clz32(rest + 1);
    const half = 1 << (bits - 1);
    const short = 2 * half - 2 - rest;
    let value = input.read(bits);
    if ((value & (half - 1)) < short) {
      input.unread(1);
      value &= half - 1;
    } else if (value >= half) value -= short;
    const count = value - 1;
    rest -= Math.abs(count);
    counts.push(count);
    if (count !== 0) continue;
    for (let more = 3; more === 3;) {
      more = input.read(2);
      for (let i = 0; i < more; i++) counts.push(0);
      if (counts.length > maxSymbol + 1) throw refuse("a table of too many symbols");
    }
  }
  const length = input.bytesRead();
  if (counts.length > maxSymbol + 1 || length > bytes.length) throw refuse("a table's description is cut short");
  return { log, counts, length };
}

/** For each state the symbol it stands for, and the next state: `base` plus so many bits. */
export interface DecodeTable {
  log: number;
  symbols: Uint8Array;
  bits: Uint8Array;
  bases: Uint16Array;
}

export function decodeTable({ log, counts }: Counts): DecodeTable {
  const symbols = spread({ log, counts });
  const bits = new Uint8Array(1 << log);
  const bases = new Uint16Array(1 << log);
  const next = counts.map(Math.abs);
  symbols.forEach((symbol, state) => {
    const nth = next[symbol]!++;
    bits[state] = log - (31 - Math.clz32(nth));
    bases[state] = (nth << bits[state]) - (1 << log);
  });
  return { log, symbols, bits, bases };
}

/** The symbol of each state. @throws AtomicError invalid when the counts do not fill the table */
function spread({ log, counts }: Counts): Uint8Array {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  let high = size;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  let filled = size - high;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      filled++;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  });
  if (filled !== size) throw refuse("a table is not filled by its symbols");
  return symbols;
}

export interface EncodeTable {
  log: number;
  /** States by symbol, and where each symbol's begin there, minus the least count that leads to it. */
  states: Uint16Array;
  offsets: Int32Array;
  /** Tells by addition how many bits a state gives up for a symbol; 0 for one that is not in the table. */
  bitCosts: Int32Array;
}

/** The table by which libzstd encodes: of several streams that decode alike it makes one. */
export function encodeTable({ log, counts }: Counts): EncodeTable {
  const size = 1 << log;
  const symbols = spread({ log, counts });
  const starts: number[] = [];
  const offsets = new Int32Array(counts.length);
  const bitCosts = new Int32Array(counts.length);
  let total = 0;
  counts.forEach((signed, symbol) => {
    const count = Math.abs(signed);
    starts.push(total);
    if (count > 0) {
      const most = count === 1 ? log : log - (31 - Math.clz32(count - 1));
      bitCosts[symbol] = (most << 16) - (count === 1 ? size : count << most);
      offsets[symbol] = total - count;
    }
    total += count;
  });
  const states = new Uint16Array(size);
  symbols.forEach((symbol, state) => (states[starts[symbol]!++] = size + state));
  return { log, states, offsets, bitCosts };
}

/** A table that knows one symbol and spends nothing on it. */
export function constantCounts(symbol: number): Counts {
  return { log: 0, counts: [...Array<number>(symbol).fill(0), 1] };
}

/** The state that stands for the last symbol of a stream, which is encoded first. @throws AtomicError invalid */
export function firstState(table: EncodeTable, symbol: number): number {
  const cost = costOf(table, symbol);
  const bits = (cost + (1 << 15)) >> 16;
  return table.states[(((bits << 16) - cost) >> bits) + table.offsets[symbol]!]!;
}

/** The state that `symbol` leads to; writes the bits that lead back. @throws AtomicError invalid */
export function nextState(table: EncodeTable, state: number, symbol: number, out: BitWriter): number {
  const bits = (state + costOf(table, symbol)) >> 16;
  out.write(state, bits);
  return table.states[(state >> bits) + table.offsets[symbol]!]!;
}

function costOf({ bitCosts }: EncodeTable, symbol: number): number {
  const cost = bitCosts[symbol];
  if (cost === undefined || cost === 0) throw refuse(`a table has no symbol ${symbol}`);
  return cost;
}
