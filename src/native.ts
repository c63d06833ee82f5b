/**
 * Where native modules are loaded from: files beside the executable in a built `dist/`, node_modules in a checkout.
 *
 * Nothing is ever unpacked to a temporary directory; see docs/decisions/0001-native-modules.md.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Defined by the build; absent in a checkout. */
declare const ATOMIC_BUILT: true | undefined;

/** Each module's file name in `dist/lib/atomic`, and the module it is in a checkout. */
export const NATIVE_FILES = {
  koffi: { built: "koffi.node", checkout: `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node` },
  "blake-hash": {
    built: "blake-hash.node",
    checkout: `@napi-rs/blake-hash-linux-${process.arch}-gnu/blake.linux-${process.arch}-gnu.node`,
  },
  "blake3-wasm": { built: "blake3_js.js", checkout: "blake3/dist/wasm/nodejs/blake3_js.js" },
} as const;

/** True in the compiled executable, false under `bun` or `node`. */
export function isBuilt(): boolean {
  return typeof ATOMIC_BUILT !== "undefined";
}

/**
 * Loads a native module (or the WebAssembly one) by absolute path.
 * The result is unchecked: the one caller of each module gives it its type.
 * @throws Error when the file cannot be loaded
 */
export function nativeModule(name: keyof typeof NATIVE_FILES): unknown {
  const require = createRequire(isBuilt() ? process.execPath : import.meta.url);
  const { built, checkout } = NATIVE_FILES[name];
  return require(isBuilt() ? join(dirname(process.execPath), "../lib/atomic", built) : checkout);
}
