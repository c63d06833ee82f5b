/** Where an ordinary user's images and containers are. Spec: XDG Base Directory Specification */
import { lstatSync, mkdirSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { AtomicError } from "../../errors.ts";

export interface UserPlace {
  /** Stands for a sysroot: what stays is below `atomic/` in it. */
  data: string;
  /** State, gone at the next boot. */
  run: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const OTHERS_MAY_WRITE = 0o022;

/**
 * The directories of a user, made if missing.
 * @throws AtomicError usage without a home; permission where none can be made, or somebody else could put files in their place
 */
export function userPlace(uid: number, env: Environment): UserPlace {
  const home = env["HOME"];
  const data = env["XDG_DATA_HOME"] ?? (home === undefined ? "" : join(home, ".local/share"));
  if (!isAbsolute(data)) {
    throw new AtomicError("usage", "looking for your images: neither HOME nor XDG_DATA_HOME says where", {
      hint: "HOME=/home/USER atomic images",
    });
  }
  makeData(data);
  return { data, run: ownDirectory(env["ATOMIC_RUN"] ?? runtimeDirectory(uid, env), uid) };
}

function makeData(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AtomicError("permission", `making ${data} for your images: it cannot be made (${code})`, {
      hint: "XDG_DATA_HOME=DIRECTORY atomic images",
      cause,
    });
  }
}

/** As podman has it: the session's directory, systemd's, or one in /tmp that is nobody else's. */
function runtimeDirectory(uid: number, env: Environment): string {
  const session = env["XDG_RUNTIME_DIR"];
  if (session !== undefined && session !== "") {
    const stat = lstatSync(session, { throwIfNoEntry: false });
    if (!isAbsolute(session) || stat === undefined || problem(stat, uid) !== undefined) {
      throw unsafe(
        session,
        stat === undefined ? "it does not exist" : (problem(stat, uid) ?? "it is no absolute path"),
        {
          hint: "env --unset=XDG_RUNTIME_DIR atomic ps",
        },
      );
    }
    return join(session, "atomic");
  }
  const systemd = `/run/user/${uid}`;
  const stat = lstatSync(systemd, { throwIfNoEntry: false });
  return stat !== undefined && problem(stat, uid) === undefined ? join(systemd, "atomic") : `/tmp/atomic-${uid}`;
}

function ownDirectory(path: string, uid: number): string {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw unsafe(path, `it cannot be made (${code})`, { hint: `ls -ld ${dirname(path)}` });
  }
  const wrong = problem(lstatSync(path), uid);
  if (wrong !== undefined) throw unsafe(path, wrong, { hint: `ls -ld ${path}` });
  return path;
}

/** Why a directory cannot be trusted; undefined when it can. */
function problem(stat: NonNullable<ReturnType<typeof lstatSync>>, uid: number): string | undefined {
  if (!stat.isDirectory()) return "it is no directory";
  if (Number(stat.uid) !== uid) return `it belongs to user ${stat.uid}`;
  return (Number(stat.mode) & OTHERS_MAY_WRITE) === 0 ? undefined : "others may write to it";
}

function unsafe(path: string, why: string, options: { hint: string }): AtomicError {
  return new AtomicError("permission", `using ${path} for your containers' state: ${why}`, options);
}
