/** The interpreter's machine code, from the listings that are reviewed. */
import { STUB_ARM64 } from "./stub-arm64.ts";
import { STUB_X64 } from "./stub-x64.ts";
import type { LaunchArch } from "./syscalls.ts";

const LINE = /^ {2}[0-9a-f]{2} {2}((?:[0-9a-f]{2} )*[0-9a-f]{2}|[0-9a-f]{8}) {2,}\S/;

/** The listing of the interpreter: address, bytes and instruction of each line that does not end in a colon. */
export function stubListing(arch: LaunchArch): string {
  return arch === "x64" ? STUB_X64 : STUB_ARM64;
}

/** The interpreter, position-independent, with the address of the first record in its last 8 bytes. */
export function stubCode(arch: LaunchArch, firstRecord: number): Buffer {
  const lines = stubListing(arch).split("\n");
  const instructions = lines.flatMap((line) => {
    const bytes = LINE.exec(line)?.[1];
    if (bytes === undefined) return [];
    const code = Buffer.from(bytes.replaceAll(" ", ""), "hex");
    return [arch === "arm64" ? code.reverse() : code]; // shown as a word, stored little-endian
  });
  const code = Buffer.concat(instructions);
  const result = Buffer.alloc(Math.ceil(code.length / 8) * 8 + 8);
  code.copy(result);
  result.writeBigUInt64LE(BigInt(firstRecord), result.length - 8);
  return result;
}
