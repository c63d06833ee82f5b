/** Asking a remote: what its refs are, and for the commit of one of them. Each type of remote has a driver. */
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import type { Progress } from "../../progress.ts";
import { parseRefName, type RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import type { Remote, RemoteType } from "./remote-config.ts";

/** What a ref of a remote names. */
export interface RemoteTip {
  ref: RefName;
  /** What the remote calls it: for our own remotes the commit. */
  id: string;
  /** The commit it is, or will be once fetched, where that is known before. */
  commit?: Checksum;
  /** Of the commit, in seconds since the epoch. */
  timestamp?: number;
  version?: string;
}

export interface FetchOptions {
  ref: RefName;
  /** Accept what is older than what the remote showed before. */
  allowDowngrade?: boolean;
  progress?: Progress;
}

export interface Fetched {
  commit: Checksum;
  /** Who vouches for it, for people: `origin.signature`. */
  signature: string;
  /** Objects the store did not have, and the bytes that were transferred for them. */
  objects: number;
  bytes: number;
}

/** How remotes of one type are asked. None of these takes the store's lock for longer than a write takes. */
export interface RemoteDriver {
  /** All refs, sorted by name. @throws AtomicError network, not-found, invalid, untrusted */
  tips(repo: Repo, remote: Remote, options: { allowDowngrade?: boolean }): Promise<RemoteTip[]>;
  /** Brings the commit with all it needs into the store; the ref `localRef` moves last. */
  fetch(repo: Repo, remote: Remote, options: FetchOptions & { localRef: RefName }): Promise<Fetched>;
}

/** Reads `REMOTE:REF`; undefined when `text` is nothing like it. @throws AtomicError usage when REF is no ref's name */
export function parseRefspec(text: string): { remote: string; ref: RefName } | undefined {
  const match = /^([^:/]+):(.+)$/.exec(text);
  return match === null ? undefined : { remote: match[1]!, ref: parseRefName(match[2]!) };
}

/** The refs of a remote, sorted by name. @throws AtomicError network, not-found, invalid, untrusted, unsupported */
export async function listRemoteRefs(
  repo: Repo,
  remote: Remote,
  options: { allowDowngrade?: boolean } = {},
): Promise<RemoteTip[]> {
  return (await driverOf(remote.type)).tips(repo, remote, options);
}

/**
 * Pulls what a ref of a remote names; `remotes/NAME/REF` moves there last.
 * @throws AtomicError network, not-found, invalid, untrusted (no accepted key signed it), conflict (older than before),
 *   no-space, locked
 */
export async function fetchRef(repo: Repo, remote: Remote, options: FetchOptions): Promise<Fetched> {
  const localRef = parseRefName(`remotes/${remote.name}/${options.ref}`);
  return (await driverOf(remote.type)).fetch(repo, remote, { ...options, localRef });
}

/** Loaded when needed: most verbs talk to no remote, and no host to both kinds. */
async function driverOf(type: RemoteType): Promise<RemoteDriver> {
  throw new AtomicError("unsupported", `asking a remote of type ${type}: this atomic cannot`);
}
