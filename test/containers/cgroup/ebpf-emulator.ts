/** Runs the eBPF programs of device control; knows their few instructions and no others. */

export interface DeviceAccess {
  type: string;
  major: number;
  minor: number;
  /** Some of `r`, `w`, `m`. */
  access: string;
}

const BITS: Record<string, number> = { m: 1, r: 2, w: 4 };

/** Whether `program` allows the access. @throws Error when the kernel would refuse the program */
export function runDeviceProgram(program: Buffer, { type, major, minor, access }: DeviceAccess): boolean {
  const bits = [...access].reduce((sum, way) => sum | BITS[way]!, 0);
  const context = [(bits << 16) | (type === "b" ? 1 : 2), major, minor];
  const registers = Array.from({ length: 11 }, () => 0);
  const length = program.length / 8;
  for (let at = 0; at < length; at += 1) {
    const code = program.readUInt8(8 * at);
    const [to, from] = [program.readUInt8(8 * at + 1) & 15, program.readUInt8(8 * at + 1) >> 4];
    const offset = program.readInt16LE(8 * at + 2);
    const operand = program.readUInt32LE(8 * at + 4);
    if (code === 0x61) registers[to] = context[offset / 4]!;
    else if (code === 0x54) registers[to] = (registers[to]! & operand) >>> 0;
    else if (code === 0x74) registers[to] = registers[to]! >>> operand;
    else if (code === 0xb4) registers[to] = operand;
    else if (code === 0xbc) registers[to] = registers[from]!;
    else if (code === 0x16) at += registers[to] === operand ? offset : 0;
    else if (code === 0x56) at += registers[to] === operand ? 0 : offset;
    else if (code === 0x95) return registers[0] === 1;
    else throw new Error(`instruction ${code.toString(16)}`);
  }
  throw new Error("a way out without exit");
}
