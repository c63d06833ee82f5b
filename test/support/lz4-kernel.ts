import { packLz4Kernel } from "../../src/ostree/delta/lz4-kernel.ts";

/** What follows the payload of `makeLz4Kernel`, its size included. */
export const KERNEL_TAIL = 16;

/** A kernel image for x86 with `payload` compressed in it, laid out as Linux is. */
export function makeLz4Kernel(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(1024 + 60, 7);
  head[0x1f1] = 1;
  head.write("HdrS", 0x202);
  head.writeUInt32LE(60, 0x248);
  const unpacked = Buffer.concat([Buffer.alloc(8), head, payload, Buffer.alloc(KERNEL_TAIL)]);
  unpacked.writeUInt32LE(head.length, 0);
  unpacked.writeUInt32LE(payload.length, 4);
  unpacked.writeUInt32LE(payload.length, 8 + head.length + payload.length);
  const frame = packLz4Kernel(unpacked).length - head.length - KERNEL_TAIL;
  unpacked.writeUInt32LE(frame + 4, 8 + 0x24c);
  return Buffer.from(packLz4Kernel(unpacked));
}
