/** Verbs of images and containers for ordinary users: their own store, in a user namespace of theirs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { enterUserNamespace, userPlace } from "../containers/index.ts";
import { createDurable } from "../durable.ts";
import { isAtomicError } from "../errors.ts";
import { initRepo } from "../ostree/index.ts";
import { ownCommand } from "./own-command.ts";
import { writeStderr } from "./output.ts";

/** Runs this command again, in the namespace of the user. @throws AtomicError usage, permission, unsupported, child-failed */
export function runAsUser(): never {
  const ids = { uid: process.getuid!(), gid: process.getgid!() };
  const { data, run } = userPlace(ids.uid, process.env);
  if (process.env["ATOMIC_SYSROOT"] === undefined) makeStore(data);
  const [program, ...first] = ownCommand();
  enterUserNamespace({
    run,
    ids,
    program,
    argv: [process.argv0, ...first, ...process.argv.slice(2)],
    env: { ATOMIC_SYSROOT: data, ...(process.env as Record<string, string>), ATOMIC_RUN: run },
    warn: (why) => writeStderr(`containers have one user only: ${why}\n`),
  });
}

/** After a command in the namespace: ends that if nobody else is in it. */
export { leaveUserNamespace } from "../containers/index.ts";

function makeStore(data: string): void {
  const path = join(data, "atomic/repo");
  mkdirSync(path, { recursive: true, mode: 0o700 });
  try {
    initRepo(path, createDurable());
  } catch (error) {
    if (!isAtomicError(error, "exists")) throw error;
  }
}
