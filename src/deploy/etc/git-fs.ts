/**
 * The file system isomorphic-git works on: the disk below, and above it what it writes, held in memory until `flush`
 * brings it to the disk in one transaction.
 *
 * Order of a flush: new files under temporary names → sync → rename into place → sync → refs, each durable by itself.
 * So no ref ever names an object that is not on the disk.
 */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Durable } from "../../durable.ts";

export interface EtcGitFs {
  /** What isomorphic-git calls. */
  promises: FsCalls;
  /** Makes everything written so far durable. */
  flush(): void;
}

type Encoding = string | { encoding?: string } | undefined;
interface FsCalls {
  readFile(path: string, options?: Encoding): Promise<Buffer | string>;
  writeFile(path: string, data: Uint8Array | string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  stat(path: string): Promise<unknown>;
  lstat(path: string): Promise<unknown>;
  mkdir(path: string): Promise<void>;
  unlink(path: string): Promise<never>;
  rmdir(path: string): Promise<never>;
  readlink(path: string): Promise<never>;
  symlink(target: string, path: string): Promise<never>;
}

/** A view of `gitdir`; nothing outside of it is written. */
export function createEtcGitFs(disk: Durable, gitdir: string): EtcGitFs {
  const written = new Map<string, Buffer>();
  const never = (what: string) => () => Promise.reject(new Error(`the history of /etc never calls ${what}`));

  function read(path: string): Buffer {
    return written.get(path) ?? readFileSync(path);
  }
  async function stat(path: string): Promise<unknown> {
    const bytes = written.get(path);
    if (bytes === undefined) return lstatSync(path);
    return { isFile: () => true, isDirectory: () => false, isSymbolicLink: () => false, size: bytes.length };
  }

  const promises: FsCalls = {
    async readFile(path, options) {
      const encoding = typeof options === "string" ? options : options?.encoding;
      const bytes = read(path);
      return encoding === undefined ? bytes : bytes.toString("utf8");
    },
    async writeFile(path, data) {
      written.set(path, Buffer.from(data as Uint8Array));
    },
    async readdir(path) {
      const own = [...written.keys()]
        .filter((name) => dirname(name) === path)
        .map((name) => name.slice(path.length + 1));
      return [...new Set([...own, ...readdirSync(path)])].sort();
    },
    stat,
    lstat: stat,
    async mkdir() {}, // directories come with the files in them
    unlink: never("unlink"),
    rmdir: never("rmdir"),
    readlink: never("readlink"),
    symlink: never("symlink"),
  };

  return {
    promises,
    flush() {
      const files = [...written].filter(([path]) => !isRef(gitdir, path));
      const refs = [...written].filter(([path]) => isRef(gitdir, path));
      writeFiles(disk, gitdir, files);
      for (const [path, bytes] of refs) {
        disk.ensureDirectory(dirname(path), 0o700);
        disk.replaceFile(path, bytes, 0o600);
      }
      written.clear();
    },
  };
}

function writeFiles(disk: Durable, gitdir: string, files: readonly [string, Buffer][]): void {
  if (files.length === 0) return;
  const staging = join(gitdir, "staging");
  disk.ensureDirectory(gitdir, 0o700);
  disk.removeTree(staging);
  disk.mkdir(staging, 0o700);
  files.forEach(([, bytes], index) => {
    const file = disk.create(join(staging, String(index)), 0o600);
    try {
      file.write(bytes);
    } finally {
      file.close();
    }
  });
  disk.barrier(gitdir);
  const made = new Set<string>();
  files.forEach(([path], index) => {
    if (!made.has(dirname(path))) disk.ensureDirectory(dirname(path), 0o700);
    made.add(dirname(path));
    disk.rename(join(staging, String(index)), path);
  });
  disk.removeTree(staging);
  disk.barrier(gitdir);
}

function isRef(gitdir: string, path: string): boolean {
  return path.startsWith(join(gitdir, "refs/"));
}
