/** Terminals that pass on what they are given. Spec: termios(3) */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";

const tcgetattr = cFunction<[number, Uint8Array]>("int tcgetattr(int, _Out_ void *)");
const tcsetattr = cFunction<[number, number, Uint8Array]>("int tcsetattr(int, int, const void *)");
const cfmakeraw = cFunction<[Uint8Array], undefined>("void cfmakeraw(_Inout_ void *)");

/** Bytes of the C library's `struct termios`, with room. */
const TERMIOS_SIZE = 64;
/** The second of its words is about output. */
const OUTPUT = 4;
const OPOST = 1;
/** Once what was written is shown. */
const TCSADRAIN = 1;

/**
 * Has a terminal show bytes as they are written; with `keys`, pass on all keys as they are typed, too.
 * @returns what makes it again what it was
 * @throws KernelError unsupported for what is no terminal
 */
export function makeRaw(fd: number, keys: boolean): () => void {
  const before = Buffer.alloc(TERMIOS_SIZE);
  if (tcgetattr(fd, before) < 0) throw failure("reading the modes of", { fd });
  const raw = Buffer.from(before);
  if (keys) cfmakeraw(raw);
  else raw.writeUInt32LE(raw.readUInt32LE(OUTPUT) & ~OPOST, OUTPUT);
  const set = (modes: Uint8Array) => {
    if (tcsetattr(fd, TCSADRAIN, modes) < 0) throw failure("setting the modes of", { fd });
  };
  set(raw);
  return () => set(before);
}
