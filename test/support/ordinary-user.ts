/** Ordinary users of this machine, as far as the mount namespace of a test reaches. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { mount, MS_BIND } from "../../src/linux/index.ts";
import type { CliResult } from "./cli.ts";
import { tempDir } from "./temp.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Every user may look into these, unlike where tests and this checkout are. Neither is below the other. */
const [PUBLIC, CHECKOUT] = ["/mnt", "/srv"] as const;

export interface OrdinaryUser {
  name: string;
  uid: number;
  /** The first of the IDs the user was given, if any. */
  firstId: number;
  home: string;
  env: Record<string, string>;
  /** Runs a program as this user. */
  run(argv: readonly string[], env?: Record<string, string>): CliResult;
  atomic(...argv: string[]): CliResult;
  /** The user's processes that have not ended. */
  processes(): string[];
  /** Kills them. */
  end(): void;
}

/** How many IDs a user is given, or none. */
export type Given = Readonly<Record<string, number>>;

/** What `npm run build` makes: it starts twice for each command of a user. */
export const BUILT = "dist/bin/atomic";

/** The same, where every user can execute it. */
export const atomicProgram = join(CHECKOUT, BUILT);

const FIRST_UID = 54_300;
const FIRST_ID = 3_000_000;

/** Makes users, each with a home. @returns them in order, and a directory that they can read */
export function ordinaryUsers(given: Given): { users: OrdinaryUser[]; shared: string } {
  const base = tempDir();
  chmodSync(base, 0o755);
  mount({ source: base, target: PUBLIC, flags: MS_BIND });
  const shared = join(PUBLIC, "shared");
  mkdirSync(shared);
  mount({ source: ROOT, target: CHECKOUT, flags: MS_BIND });
  const names = Object.keys(given);
  const line = (file: string, lines: readonly string[]) => {
    const own = join(base, file);
    copyFileSync(join("/etc", file), own);
    writeFileSync(own, lines.map((one) => `${one}\n`).join(""), { flag: "a" });
    mount({ source: own, target: join("/etc", file), flags: MS_BIND });
  };
  const uid = (name: string) => FIRST_UID + names.indexOf(name);
  const firstId = (name: string) => FIRST_ID + names.indexOf(name) * 100_000;
  line(
    "passwd",
    names.map((name) => `${name}:x:${uid(name)}:${uid(name)}::${PUBLIC}/${name}:/bin/sh`),
  );
  line(
    "group",
    names.map((name) => `${name}:x:${uid(name)}:`),
  );
  for (const file of ["subuid", "subgid"]) {
    const some = names.filter((name) => given[name]! > 0);
    line(
      file,
      some.map((name) => `${name}:${firstId(name)}:${given[name]}`),
    );
  }
  const users = names.map((name): OrdinaryUser => {
    const home = join(PUBLIC, name);
    const runtime = join(home, "run");
    for (const path of [home, runtime]) {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, uid(name), uid(name));
    }
    const own = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_RUNTIME_DIR: runtime, ATOMIC_PROGRESS: "none" };
    const run = (argv: readonly string[], env: Record<string, string> = {}) => {
      const as = [`--reuid=${uid(name)}`, `--regid=${uid(name)}`, "--init-groups", ...argv];
      const options = { encoding: "utf8", cwd: shared, env: { ...own, ...env } } as const;
      const { status, stdout, stderr } = spawnSync("setpriv", as, { ...options, stdio: ["ignore", "pipe", "pipe"] });
      return { status, stdout, stderr };
    };
    const mine = (id: number) => id === uid(name) || (id >= firstId(name) && id < firstId(name) + given[name]!);
    return {
      name,
      uid: uid(name),
      firstId: firstId(name),
      home,
      env: own,
      run,
      atomic: (...argv) => run([atomicProgram, ...argv]),
      processes: () => processesOf(mine).map(({ called }) => called),
      end: () => {
        for (const { pid } of processesOf(mine)) process.kill(pid, "SIGKILL");
      },
    };
  });
  return { users, shared };
}

/** The processes of some users that have not ended. */
function processesOf(isMine: (id: number) => boolean): { pid: number; called: string }[] {
  return readdirSync("/proc").flatMap((pid) => {
    const status = /^\d+$/.test(pid) ? statusOf(pid) : "";
    const [, called = "", state] = /^Name:\s+(.*)$[^]*^State:\s+(.)/m.exec(status) ?? [];
    const owner = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1);
    return state === "Z" || !isMine(owner) ? [] : [{ pid: Number(pid), called }];
  });
}

/** Empty for a process that has ended. */
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
