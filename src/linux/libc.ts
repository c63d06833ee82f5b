/**
 * The C library, loaded at the first call through koffi. A function that is never called costs nothing.
 *
 * glibc wrappers rather than system call numbers wherever a wrapper exists, so x86-64 and arm64 share the code.
 */
import { nativeModule } from "../native.ts";

/** The part of koffi's API this folder uses. */
interface Koffi {
  load(path: string): { func(prototype: string): NativeFunction };
  errno(): number;
  os: { errno: Readonly<Record<string, number>> };
}
type Argument = number | Uint8Array | readonly (string | null)[] | null;
type NativeFunction = (...args: Argument[]) => never;

interface Loaded {
  koffi: Koffi;
  library: { func(prototype: string): NativeFunction };
}

let loaded: Loaded | undefined;
function libc(): Loaded {
  if (loaded === undefined) {
    const koffi = nativeModule("koffi") as Koffi;
    loaded = { koffi, library: koffi.load("libc.so.6") };
  }
  return loaded;
}

/**
 * A C function by its prototype, declared to the C library when it is first called.
 * `Result` is unchecked: it must be what koffi makes of the prototype's return type.
 */
export function cFunction<Args extends Argument[], Result = number>(prototype: string): (...args: Args) => Result {
  let native: ((...args: Args) => Result) | undefined;
  return (...args) => (native ??= libc().library.func(prototype))(...args);
}

/** The C `errno` of the call that just failed; anything may overwrite it, so read it first. */
export function lastErrno(): number {
  return libc().koffi.errno();
}

/** True when the call that just failed was interrupted by a signal and must be repeated. */
export function interrupted(): boolean {
  return lastErrno() === EINTR;
}
const EINTR = 4;

/** Every errno name and its number. */
export function errnoNumbers(): Readonly<Record<string, number>> {
  return libc().koffi.os.errno;
}
