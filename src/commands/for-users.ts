/** Which commands run in the user namespace of an ordinary user, and whether this one does: asked at every start. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Verbs of one word that are about neither images nor containers. */
const OTHERS = new Set(["compose", "completion"]);

/** Whether a verb of an ordinary user is to run in the user's namespace. */
export function isForUsers(words: string, argv: readonly string[]): boolean {
  if (process.getuid?.() === 0) return false;
  const store = words === "repo prune" && !argv.some((word) => word.startsWith("--repo"));
  return store || (!words.includes(" ") && !OTHERS.has(words));
}

/** The state directory of the user in whose namespace this command may be running. */
export function usersRun(): string | undefined {
  const run = process.env["ATOMIC_RUN"];
  return process.getuid?.() === 0 && run !== undefined && existsSync(join(run, "holder.json")) ? run : undefined;
}
