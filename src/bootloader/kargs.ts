/**
 * The kernel command line as a list of kargs, and the edits users and images make to it.
 *
 * A karg is kept as it is written: `quiet`, `root=UUID=1`, `dyndbg="file a.c +p"`. Double quotes protect spaces; there
 * is no escape. Two kargs are the same when the kernel sees the same: quotes around the whole karg or its value do not
 * count, and `-` and `_` are one character in a key. Everything after `--` belongs to init: edits leave it alone.
 * Spec: https://docs.kernel.org/admin-guide/kernel-parameters.html
 */
import { AtomicError } from "../errors.ts";

/** The kargs of a command line. @throws AtomicError invalid on an open quote or a control character */
export function parseKargs(text: string): string[] {
  const kargs = text.match(KARG) ?? [];
  for (const karg of kargs) checkKarg(karg);
  return kargs;
}

/** Blanks as the kernel knows them separate kargs, except inside double quotes. */
const KARG = /(?:[^\s"]|"[^"]*"|"[^"]*$)+/g;

/** The command line of `kargs`. @throws AtomicError invalid when one would not read back as one karg */
export function formatKargs(kargs: readonly string[]): string {
  for (const karg of kargs) {
    checkKarg(karg);
    if (parseKargs(karg).length !== 1 || karg.trim() !== karg) throw invalidKarg(karg, "blanks outside quotes");
  }
  return kargs.join(" ");
}

/** `kargs` with `added` at the end. */
export function appendKargs(kargs: readonly string[], added: readonly string[]): string[] {
  const { kernel, init } = split(kargs);
  return [...kernel, ...added, ...init];
}

/** `kargs` with those of `added` at the end that it does not hold yet. */
export function appendMissingKargs(kargs: readonly string[], added: readonly string[]): string[] {
  return added.reduce((result, karg) => (hasKarg(result, karg) ? result : appendKargs(result, [karg])), [...kargs]);
}

/** True when `kargs` holds `karg`, key and value. */
export function hasKarg(kargs: readonly string[], karg: string): boolean {
  return split(kargs).kernel.some((present) => isSame(present, karg));
}

/** The values of `key` in order, without their quotes; undefined for one that has none, as `quiet`. */
export function kargValues(kargs: readonly string[], key: string): (string | undefined)[] {
  const wanted = canonicalKey(key);
  const read = split(kargs).kernel.map(readKarg);
  return read.filter((karg) => karg.key === wanted).map(({ value }) => value);
}

/** The key of a karg as the kernel sees it: without quotes, and with `_` for `-`. */
export function kargKey(karg: string): string {
  return readKarg(karg).key;
}

/** `karg` without the quotes around it or its value: what the kernel sees once a loader has quoted it anew. */
export function bareKarg(karg: string): string {
  const bare = unquote(karg);
  const equals = bare.indexOf("=");
  return equals === -1 ? bare : `${bare.slice(0, equals)}=${unquote(bare.slice(equals + 1))}`;
}

/**
 * `kargs` without `target`: `KEY=VALUE` names that one, `KEY` alone the only value of the key.
 * @throws AtomicError not-found when it is absent, conflict when `KEY` has several values
 */
export function deleteKarg(kargs: readonly string[], target: string): string[] {
  const found = find(kargs, target, "deleting");
  return withoutKarg(kargs, found);
}

/**
 * `kargs` with `replacement` in the place of `target`, which is named as for `deleteKarg`.
 * @throws AtomicError not-found when it is absent, conflict when `KEY` has several values
 */
export function replaceKarg(kargs: readonly string[], target: string, replacement: string): string[] {
  const found = find(kargs, target, "replacing");
  const { kernel, init } = split(kargs);
  const at = kernel.findIndex((karg) => isSame(karg, found));
  return [...kernel.slice(0, at), replacement, ...withoutKarg(kernel.slice(at), found), ...init];
}

/**
 * The kargs for a new image: what the image no longer asks for goes, what it newly asks for is appended, and the
 * machine's own edits stay.
 * @param image the image's own kargs, before and after
 */
export function mergeImageKargs(
  current: readonly string[],
  image: { before: readonly string[]; after: readonly string[] },
): string[] {
  const dropped = image.before.filter((karg) => !hasKarg(image.after, karg));
  const added = image.after.filter((karg) => !hasKarg(image.before, karg));
  return appendMissingKargs(dropped.reduce<readonly string[]>(withoutKarg, current), added);
}

function withoutKarg(kargs: readonly string[], target: string): string[] {
  const { kernel, init } = split(kargs);
  return [...kernel.filter((karg) => !isSame(karg, target)), ...init];
}

/** The karg that `target` names in `kargs`. */
function find(kargs: readonly string[], target: string, doing: string): string {
  const { kernel } = split(kargs);
  const exact = kernel.find((karg) => isSame(karg, target));
  if (exact !== undefined) return exact;

  const { key, value } = readKarg(target);
  const candidates = value === undefined ? kernel.filter((karg) => readKarg(karg).key === key) : [];
  const [first] = candidates;
  if (first === undefined) {
    throw new AtomicError("not-found", `${doing} kernel argument '${target}': it is not set`, {
      hint: "atomic host kargs",
    });
  }
  if (candidates.some((karg) => !isSame(karg, first))) {
    const message = `${doing} kernel argument '${target}': several values, expected one of ${candidates.join(" ")}`;
    throw new AtomicError("conflict", message, { hint: "atomic host kargs" });
  }
  return first;
}

/** What the kernel takes for its own, and from `--` on what it hands to init. */
function split(kargs: readonly string[]): {
  kernel: readonly string[];
  init: readonly string[];
} {
  const end = kargs.indexOf("--");
  return end === -1 ? { kernel: kargs, init: [] } : { kernel: kargs.slice(0, end), init: kargs.slice(end) };
}

function isSame(a: string, b: string): boolean {
  const [readA, readB] = [readKarg(a), readKarg(b)];
  return readA.key === readB.key && readA.value === readB.value;
}

/** What the kernel sees (next_arg in lib/cmdline.c). */
function readKarg(karg: string): { key: string; value: string | undefined } {
  const bare = unquote(karg);
  const equals = bare.indexOf("=");
  if (equals === -1) return { key: canonicalKey(bare), value: undefined };
  return {
    key: canonicalKey(bare.slice(0, equals)),
    value: unquote(bare.slice(equals + 1)),
  };
}

function unquote(text: string): string {
  const inner = text.startsWith('"') ? text.slice(1) : text;
  return inner !== text && inner.endsWith('"') ? inner.slice(0, -1) : inner;
}

function canonicalKey(key: string): string {
  return key.replaceAll("-", "_");
}

function checkKarg(karg: string): void {
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(karg)) throw invalidKarg(karg, "it holds a control character");
  if (karg.split('"').length % 2 === 0) throw invalidKarg(karg, "a double quote is not closed");
}

function invalidKarg(karg: string, reason: string): AtomicError {
  return new AtomicError("invalid", `reading kernel argument ${JSON.stringify(karg)}: ${reason}`);
}
