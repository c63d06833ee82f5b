/** The tree store: objects, dirtrees, commits, refs, mountable images, deltas, fsck, prune. */
export { type ContentStager, createContentStager } from "./content-stager.ts";
export { checkout, type CheckoutOptions } from "./checkout.ts";
export type { Commit } from "./commit-object.ts";
export { commitTree, type CommitOptions, type CommitResult } from "./commit-tree.ts";
export {
  applyDelta,
  type ApplyDeltaOptions,
  type ApplyDeltaResult,
  deltaPath,
  generateDelta,
  writeDelta,
} from "./delta/index.ts";
export { createSpecial } from "./create-special.ts";
export { type Change, diffCommits } from "./diff.ts";
export { EMPTY_CHECKSUM, EMPTY_VERITY } from "./dirtree.ts";
export type { Dirtree, DirtreeEntry, SubtreeEntry } from "./dirtree.ts";
export { writeDump } from "./dump.ts";
export { type Defect, type DeployedImage, fsck, type FsckOptions, type FsckReport } from "./fsck.ts";
export { type ExportRequest, exportOstree } from "./libostree/export.ts";
export { followHardlink, loadTree, lookup } from "./load-tree.ts";
export { dropCachedImage } from "./image-cache.ts";
export { withFileLock, withRepoLock } from "./lock.ts";
export { log } from "./log.ts";
export { objectFile, openObject, readCommit, readDirtree, readObject } from "./object-store.ts";
export { NOTES_KEY, publisherSays } from "./publisher-notes.ts";
export { prune, type PruneOptions, type PruneResult } from "./prune.ts";
export { pullLocal, type PullOptions, type PullResult } from "./pull-local.ts";
export { deleteRef, listRefs, parseRefName, readRef, type RefName, writeRef } from "./ref.ts";
export { signCommit, signerOfCommit } from "./remote/commit-signatures.ts";
export type { Fetched, FetchPlan, RemoteTip } from "./remote/driver.ts";
export { fetchRef, listRemoteRefs, parseRefspec, readRemoteTip } from "./remote/fetch-ref.ts";
export { bundleRemote } from "./remote/bundle-remote.ts";
export { publish } from "./remote/publish.ts";
export { push } from "./remote/push.ts";
export { parseSshTarget, pushOverSsh } from "./remote/push-ssh.ts";
export { writeBundle } from "./remote/write-bundle.ts";
export { serveStore, type ServeOptions } from "./remote/serve-store.ts";
export { keyId, parsePublicKey } from "./remote/public-key.ts";
export {
  addRemote,
  changeKeys,
  findRemote,
  listRemotes,
  readRemote,
  type Remote,
  REMOTE_TYPES,
  removeRemote,
  type RemoteType,
} from "./remote/remote-config.ts";
export { generateKeys, parseSecretKey } from "./remote/secret-key.ts";
export { renderCommitImage } from "./render-commit.ts";
export { repair, type RepairReport } from "./repair.ts";
export { initRepo, openRepo, type Repo } from "./repo.ts";
export { resolveRev } from "./rev.ts";
export { metaOf, readInode } from "./scan.ts";
export { sealStore } from "./seal.ts";
export { type CommitFacts, stageTree } from "./stage-tree.ts";
export { stageBytes, transactAsync, type Transaction } from "./transaction.ts";
export type * from "./tree.ts";
