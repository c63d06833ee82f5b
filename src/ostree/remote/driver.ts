/** What every type of remote can be asked. */
import type { Checksum } from "../../digest.ts";
import type { Progress } from "../../progress.ts";
import type { RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import type { DirectoryNode } from "../tree.ts";
import type { Remote } from "./remote-config.ts";

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

export interface AskOptions {
  /** Accept what is older than what the remote showed before. */
  allowDowngrade?: boolean;
  /** A bundle of the remote's publisher, to be asked in its place. */
  bundle?: string;
}
export interface FetchOptions extends AskOptions {
  ref: RefName;
  progress?: Progress;
  /** Told what is to be fetched and stored before any file is; it may refuse by throwing. */
  onPlan?: (plan: FetchPlan) => void | Promise<void>;
  /** Ask for the size of each file where the remote does not tell them together: a small request for each. */
  measure?: boolean;
}

export interface FetchPlan {
  /** Bytes to be transferred, of the files whose sizes are known. */
  download: number;
  /** Sizes in bytes of the files to be stored; absent unless all are known. */
  files?: number[];
  /**
   * The commit's tree. The checksum of a file that is not here yet may be the remote's; once it has been brought, that of
   * another call is the store's.
   */
  tree(): DirectoryNode;
  /** Where the files of the tree that are here can be read. */
  repo: Repo;
  /** What the publisher says of the commit: one line, and what does not fit in one. */
  subject: string;
  notes?: string;
  /** Brings these files of the tree before the others, so that they can be read. */
  bring(files: readonly Checksum[]): Promise<void>;
}

export interface Fetched {
  commit: Checksum;
  /** Who vouches for it, for people: `origin.signature`. */
  signature: string;
  /** Objects the store did not have, and the bytes that were transferred for them. */
  objects: number;
  bytes: number;
  /** The delta that was tried: the commit it starts from, and why packs were needed all the same. */
  delta?: { from: Checksum; useless?: string };
}

/** How remotes of one type are asked. None of these takes the store's lock for longer than a write takes. */
export interface RemoteDriver {
  /** All refs, sorted by name. @throws AtomicError network, not-found, invalid, untrusted */
  tips(repo: Repo, remote: Remote, options: AskOptions): Promise<RemoteTip[]>;
  /** What one ref names; absent where `tips` costs no more. @throws AtomicError network, not-found, invalid */
  tip?(repo: Repo, remote: Remote, ref: RefName): Promise<RemoteTip>;
  /** Brings the commit with all it needs into the store; the ref `localRef` moves last. */
  fetch(repo: Repo, remote: Remote, options: FetchOptions & { localRef: RefName }): Promise<Fetched>;
}
