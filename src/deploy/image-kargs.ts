/**
 * Kernel arguments an image asks for: `/usr/lib/bootc/kargs.d/*.toml`, in order of name.
 *
 *     kargs = ["console=ttyS0", "quiet"]
 *     match-architectures = ["x86_64"]     # optional
 *
 * Of TOML exactly this is understood: keys without tables, whose values are arrays of strings.
 * Spec: https://bootc-dev.github.io/bootc/building/kernel-arguments.html
 */
import { compareBytes, fromText, toText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import { type DirectoryNode, lookup, readObject, type Repo } from "../ostree/index.ts";

const DIRECTORY = "/usr/lib/bootc/kargs.d";
const MAX_FILE = 64 * 1024;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/** The kernel arguments of a tree, in order. @throws AtomicError invalid when a file cannot be read as above */
export function imageKargs(repo: Repo, tree: DirectoryNode): string[] {
  const directory = lookup(tree, fromText(DIRECTORY));
  if (directory?.kind !== "directory") return [];
  const names = [...directory.children.keys()].filter((name) => name.endsWith(".toml")).sort(compareBytes);
  return names.flatMap((name) => {
    const path = `${DIRECTORY}/${toText(name)}`;
    const node = lookup(tree, fromText(path));
    if (node?.kind !== "file" || node.size === 0) return [];
    return parseKargsFile(readObject(repo, node.checksum, "file", MAX_FILE).toString("utf8"), path);
  });
}

/**
 * The kernel arguments of one file's text; none when it is for other architectures.
 * @param architecture as `uname -m` prints it
 * @throws AtomicError invalid
 */
export function parseKargsFile(
  text: string,
  path: string,
  architecture = ARCHITECTURES[process.arch] ?? process.arch,
): string[] {
  const fields = new Map<string, string[]>();
  const reader = new Reader(text, path);
  for (let key = reader.key(); key !== undefined; key = reader.key()) fields.set(key, reader.strings());
  const matching = fields.get("match-architectures");
  return matching === undefined || matching.includes(architecture) ? (fields.get("kargs") ?? []) : [];
}

const BLANK = /(?:[\s]|#[^\n]*)*/y;
const KEY = /([A-Za-z0-9_-]+)[ \t]*=[ \t]*/y;
const STRING = /"((?:[^"\\\n]|\\["\\tn])*)"|'([^'\n]*)'/y;
const ESCAPES: Readonly<Record<string, string>> = { '\\"': '"', "\\\\": "\\", "\\t": "\t", "\\n": "\n" };

class Reader {
  readonly #text: string;
  readonly #path: string;
  #at = 0;

  constructor(text: string, path: string) {
    this.#text = text;
    this.#path = path;
  }

  /** The next key, up to and with its `=`; undefined at the end. */
  key(): string | undefined {
    this.#take(BLANK);
    if (this.#at === this.#text.length) return undefined;
    return this.#take(KEY)?.[1] ?? this.#fail('KEY = ["…"]');
  }

  /** An array of strings. */
  strings(): string[] {
    const values: string[] = [];
    if (!this.#skip("[")) this.#fail("[");
    for (this.#take(BLANK); !this.#skip("]"); this.#take(BLANK)) {
      const [, basic, literal] = this.#take(STRING) ?? this.#fail("a string");
      values.push(literal ?? basic!.replace(/\\./g, (escape) => ESCAPES[escape]!));
      this.#take(BLANK);
      if (!this.#skip(",") && this.#text[this.#at] !== "]") this.#fail(", or ]");
    }
    return values;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at = pattern.lastIndex;
    return match;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #fail(expected: string): never {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    const found = JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    throw new AtomicError("invalid", `reading ${this.#path}: line ${line}: expected ${expected}, found ${found}`);
  }
}
