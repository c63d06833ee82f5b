/** Asking a remote: what its refs are, and for the commit of one of them. Each type of remote has a driver. */
import { parseRefName, type RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { AtomicError } from "../../errors.ts";
import type { AskOptions, Fetched, FetchOptions, RemoteDriver, RemoteTip } from "./driver.ts";
import type { Remote } from "./remote-config.ts";

/** Reads `REMOTE:REF`; undefined when `text` is nothing like it. @throws AtomicError usage when REF is no ref's name */
export function parseRefspec(text: string): { remote: string; ref: RefName } | undefined {
  const match = /^([^:/]+):(.+)$/.exec(text);
  return match === null ? undefined : { remote: match[1]!, ref: parseRefName(match[2]!) };
}

/** The refs of a remote, sorted by name. @throws AtomicError network, not-found, invalid, untrusted, unsupported */
export async function listRemoteRefs(repo: Repo, remote: Remote, options: AskOptions = {}): Promise<RemoteTip[]> {
  return (await driverOf(remote, options)).tips(repo, remote, options);
}

/** What one ref of a remote names. @throws AtomicError network, not-found, invalid, untrusted, unsupported */
export async function readRemoteTip(
  repo: Repo,
  remote: Remote,
  { ref, ...options }: AskOptions & { ref: RefName },
): Promise<RemoteTip> {
  const driver = await driverOf(remote, options);
  if (driver.tip !== undefined) return driver.tip(repo, remote, ref);
  const tip = (await driver.tips(repo, remote, options)).find((each) => each.ref === ref);
  if (tip !== undefined) return tip;
  throw new AtomicError("not-found", `looking for ${remote.name}:${ref}: the remote does not offer it`, {
    hint: `atomic remote refs ${remote.name}`,
  });
}

/**
 * Pulls what a ref of a remote names; `remotes/NAME/REF` moves there last.
 * @throws AtomicError network, not-found, invalid, untrusted (no accepted key signed it), conflict (older than before),
 *   no-space, locked
 */
export async function fetchRef(repo: Repo, remote: Remote, options: FetchOptions): Promise<Fetched> {
  const localRef = parseRefName(`remotes/${remote.name}/${options.ref}`);
  return (await driverOf(remote, options)).fetch(repo, remote, { ...options, localRef });
}

/** Loaded when needed: most verbs talk to no remote, and no host to both kinds. */
async function driverOf({ name, type }: Remote, { bundle }: AskOptions): Promise<RemoteDriver> {
  if (type === "ostree" && bundle !== undefined) {
    throw new AtomicError(
      "unsupported",
      `reading ${bundle} for remote ${name}: remotes of type ostree have no bundles`,
    );
  }
  if (type === "ostree") return (await import("../libostree/driver.ts")).ostreeDriver;
  return (await import("./atomic-driver.ts")).atomicDriver;
}
