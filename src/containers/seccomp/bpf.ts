/**
 * Classic BPF as seccomp runs it: https://docs.kernel.org/userspace-api/seccomp_filter.html
 *
 * All jumps go forward, so a program is written from its end: what a jump leads to is there already, and a place is
 * simply how much was written before it.
 */

export const BPF = {
  loadWord: 0x20,
  and: 0x54,
  jump: 0x05,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpGreaterOrEqual: 0x35,
  return: 0x06,
} as const;

/** The start of what was written so far; jumps lead there. */
export type Place = number;

/** Bytes of one `struct sock_filter`. */
const INSTRUCTION_BYTES = 8;
const MAX_JUMP = 255;

/** A program being written, last instruction first. */
export class BpfWriter {
  /** Four numbers an instruction: code, jump when true, jump when false, operand. */
  readonly #words: number[] = [];
  #length = 0;

  /** How many instructions there are. */
  get length(): number {
    return this.#length;
  }

  /** The place of the instruction written last. */
  here(): Place {
    return this.#length;
  }

  write(code: number, operand: number): void {
    this.#push(code, operand, 0, 0);
  }

  /** Tests the accumulator against `operand`. Both places must be within 255 instructions, as inside one answer. */
  test(code: number, operand: number, whenTrue: Place, whenFalse: Place): void {
    this.#push(code, operand, this.#length - whenTrue, this.#length - whenFalse);
  }

  /** Tests the accumulator against `operand`: what `whenTrue` and `whenFalse` write may be of any length. */
  branch(code: number, operand: number, whenTrue: () => void, whenFalse: () => void): void {
    whenTrue();
    const truePlace = this.#length;
    whenFalse();
    if (this.#length - truePlace <= MAX_JUMP) {
      this.test(code, operand, truePlace, this.#length);
    } else {
      const falsePlace = this.#length;
      this.#push(BPF.jump, this.#length - truePlace, 0, 0);
      this.test(code, operand, this.#length, falsePlace);
    }
  }

  /** The program as an array of `struct sock_filter`, in the byte order of x86 and arm64. */
  encode(): Buffer {
    const bytes = Buffer.alloc(this.#length * INSTRUCTION_BYTES);
    for (let index = 0; index < this.#length; index += 1) {
      const from = 4 * (this.#length - 1 - index);
      const at = index * INSTRUCTION_BYTES;
      bytes.writeUInt16LE(this.#words[from]!, at);
      bytes.writeUInt8(this.#words[from + 1]!, at + 2);
      bytes.writeUInt8(this.#words[from + 2]!, at + 3);
      bytes.writeUInt32LE(this.#words[from + 3]!, at + 4);
    }
    return bytes;
  }

  #push(code: number, operand: number, jumpTrue: number, jumpFalse: number): void {
    this.#words.push(code, jumpTrue, jumpFalse, operand);
    this.#length += 1;
  }
}
