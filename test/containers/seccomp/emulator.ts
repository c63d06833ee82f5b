/** Runs a seccomp filter as the kernel would. */

export interface SystemCall {
  /** `AUDIT_ARCH_*`. */
  arch: number;
  number: number;
  args: readonly bigint[];
}

export const AUDIT_ARCH = { x86_64: 0xc000_003e, x86: 0x4000_0003, arm64: 0xc000_00b7 };
const DATA_BYTES = 64;

/** What the filter returns for `call`. @throws Error when the kernel would refuse the program */
export function runFilter(program: Buffer, call: SystemCall): number {
  const data = Buffer.alloc(DATA_BYTES);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.arch >>> 0, 4);
  call.args.forEach((arg, index) => data.writeBigUInt64LE(BigInt.asUintN(64, arg), 16 + 8 * index));
  const length = program.length / 8;
  if (!Number.isInteger(length) || length === 0 || length > 4096)
    throw new Error(`a program of ${length} instructions`);
  let accumulator = 0;
  for (let at = 0; at < length; at += 1) {
    const code = program.readUInt16LE(8 * at);
    const operand = program.readUInt32LE(8 * at + 4);
    const jump = (test: boolean) => program.readUInt8(8 * at + (test ? 2 : 3));
    switch (code) {
      case 0x20:
        if (operand % 4 !== 0 || operand >= DATA_BYTES) throw new Error(`a load from ${operand}`);
        accumulator = data.readUInt32LE(operand);
        break;
      case 0x54:
        accumulator = (accumulator & operand) >>> 0;
        break;
      case 0x05:
        at += operand;
        break;
      case 0x15:
        at += jump(accumulator === operand);
        break;
      case 0x25:
        at += jump(accumulator > operand);
        break;
      case 0x35:
        at += jump(accumulator >= operand);
        break;
      case 0x45:
        at += jump((accumulator & operand) !== 0);
        break;
      case 0x06:
        return operand;
      default:
        throw new Error(`instruction ${code.toString(16)}`);
    }
  }
  throw new Error("a way out without return");
}
