/** The `config` of an OSTree repository: a key file whose `[core]` section says how objects are kept. */
import { AtomicError } from "../../errors.ts";

/** How content objects are kept, among those modes that can be read. */
export type RepoMode = "archive" | "bare" | "bare-user" | "bare-user-only";

const MODES: ReadonlyMap<string, RepoMode> = new Map([
  ["archive", "archive"],
  ["archive-z2", "archive"],
  ["bare", "bare"],
  ["bare-user", "bare-user"],
  ["bare-user-only", "bare-user-only"],
]);
const VERSION = "1";
/** Far above any real one. Bytes. */
export const MAX_CONFIG = 1024 * 1024;

/** The mode that the `config` of the repository at `where` names. @throws AtomicError unsupported */
export function parseRepoMode(text: string, where: string): RepoMode {
  const core = new Map<string, string>();
  let section = "";
  for (const line of text.split("\n").map((each) => each.trim())) {
    const header = /^\[(.*)\]$/.exec(line);
    if (header !== null) section = header[1]!;
    const pair = /^([^#=][^=]*)=(.*)$/.exec(line);
    if (section === "core" && pair !== null) core.set(pair[1]!.trim(), pair[2]!.trim());
  }
  const version = core.get("repo_version") ?? "none";
  if (version !== VERSION) {
    throw new AtomicError(
      "unsupported",
      `reading the OSTree repository ${where}: expected version ${VERSION}, found ${version}`,
    );
  }
  const mode = MODES.get(core.get("mode") ?? "bare");
  if (mode === undefined) {
    throw new AtomicError(
      "unsupported",
      `reading the OSTree repository ${where}: expected mode ${[...new Set(MODES.values())].join(", ")}, found ${core.get("mode")}`,
      { hint: "ostree init --mode=archive --repo=DIR && ostree pull-local --repo=DIR REPOSITORY" },
    );
  }
  return mode;
}
