/**
 * Taking many files into a transaction on every core: hashing is what a first commit spends its time on.
 *
 * This thread and its helpers draw the next file from one shared counter, so a helper that starts late or not at all
 * costs nothing but its share. Nothing waits for the event loop: results come back through shared memory.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ByteString } from "../bytes.ts";
import { checksumFromBytes } from "../digest.ts";
import { AtomicError, type ErrorCode } from "../errors.ts";
import type { Stat } from "../linux/index.ts";
import { isBuilt } from "../native.ts";
import type { ProgressTask } from "../progress.ts";
import { createIngest } from "./ingest.ts";
import type { FoundFile } from "./scan.ts";
import type { Transaction } from "./transaction.ts";

/** Below this many bytes in all, starting a thread costs more than it saves. */
const WORTH_A_THREAD = 32 * 1024 * 1024;
const MAX_THREADS = 8;
/** What an error is cut to, in bytes. */
const MAX_ERROR = 8192;

/** What threads share; each slot of `control` is named by `SLOT`. */
export interface SharedWork {
  control: Int32Array;
  /** One for each file: 0 not done, 1 the store has it already, 2 + n staged by thread n, the calling one being 0. */
  outcomes: Uint8Array;
  /** For each file 32 bytes BLAKE3 and 32 bytes fs-verity digest. */
  digests: Uint8Array;
  /** The first error, as JSON; its length is in `control`. */
  error: Uint8Array;
}
/** What a helper thread is started with. */
export interface IngestJob {
  /** Which of the threads this is for. */
  thread: number;
  repoPath: string;
  /** Its own: two threads making files in one directory mostly wait for each other. */
  staging: string;
  rootFd: number;
  files: { path: ByteString; stat: Stat }[];
  shared: SharedWork;
}
const STAGED = 2;
export const SLOT = { next: 0, active: 1, kibibytes: 2, errorLength: 3 } as const;

/**
 * Stores the content of `files` and fills in their nodes' digests.
 * @throws AtomicError conflict when a file changed since the scan, and as the kernel refuses
 */
export function ingestFiles(
  transaction: Transaction,
  rootFd: number,
  files: readonly FoundFile[],
  task: ProgressTask,
): void {
  const largestFirst = [...files].sort((a, b) => b.stat.size - a.stat.size);
  const bytes = files.reduce((sum, { stat }) => sum + stat.size, 0);
  const helpers =
    bytes < WORTH_A_THREAD || transaction.repo.disk.observed ? 0 : Math.min(availableParallelism(), MAX_THREADS) - 1;
  const shared = shareWork(files.length);
  const job = {
    thread: 0,
    repoPath: transaction.repo.path,
    staging: transaction.staging,
    rootFd,
    files: largestFirst.map(({ path, stat }) => ({ path, stat })),
    shared,
  };
  for (let thread = 1; thread <= helpers; thread++) startHelper(transaction, { ...job, thread });
  let reported = 0;
  try {
    work(transaction, job, () => {
      const done = Atomics.load(shared.control, SLOT.kibibytes) * 1024;
      task.advance(done - reported);
      reported = done;
    });
  } finally {
    Atomics.store(shared.control, SLOT.next, files.length);
    waitForOthers(shared);
  }
  throwSharedError(shared);
  task.advance(bytes - reported);
  largestFirst.forEach(({ stat, node }, i) => {
    node.checksum = checksumFromBytes(shared.digests.subarray(i * 64, i * 64 + 32));
    node.verity = checksumFromBytes(shared.digests.subarray(i * 64 + 32, i * 64 + 64));
    const thread = shared.outcomes[i]! - STAGED;
    if (thread < 0) return;
    const name = `${node.checksum}.file`;
    const path = `${thread === 0 ? transaction.staging : helperStaging(transaction, thread)}/${name}`;
    transaction.staged.set(name, { checksum: node.checksum, type: "file", size: stat.size, path });
  });
}

function startHelper(transaction: Transaction, job: IngestJob): void {
  const staging = helperStaging(transaction, job.thread);
  transaction.repo.disk.mkdir(staging, 0o700);
  new Worker(workerUrl(), { workerData: { ...job, staging } satisfies IngestJob }).unref();
}

function helperStaging({ staging }: Transaction, thread: number): string {
  return `${staging}/${thread}`;
}

/** Takes files until none is left; `afterEach` runs after each of them. */
export function work(
  transaction: Transaction,
  { thread, rootFd, files, shared }: IngestJob,
  afterEach: () => void,
): void {
  const ingest = createIngest(transaction, rootFd);
  for (;;) {
    const i = Atomics.add(shared.control, SLOT.next, 1);
    const file = files[i];
    if (file === undefined) return;
    const before = transaction.staged.size;
    const { checksum, verity } = ingest(file.path, file.stat);
    shared.digests.set(Buffer.from(checksum + verity, "hex"), i * 64);
    shared.outcomes[i] = transaction.staged.size > before ? STAGED + thread : 1;
    Atomics.add(shared.control, SLOT.kibibytes, Math.round(file.stat.size / 1024));
    afterEach();
  }
}

/** Makes an error of this thread the work's error, unless there is one already, and stops the others. */
export function shareError({ control, error }: SharedWork, { length }: readonly unknown[], thrown: unknown): void {
  const { code, message, stack } = thrown as Partial<AtomicError>;
  const text = Buffer.from(
    JSON.stringify({ code: thrown instanceof AtomicError ? code : undefined, message, stack }),
  ).subarray(0, MAX_ERROR);
  if (Atomics.load(control, SLOT.errorLength) === 0) {
    error.set(text);
    Atomics.store(control, SLOT.errorLength, text.length);
  }
  Atomics.store(control, SLOT.next, length);
}

function throwSharedError({ control, error }: SharedWork): void {
  const length = Atomics.load(control, SLOT.errorLength);
  if (length === 0) return;
  const { code, message, stack } = JSON.parse(Buffer.from(error.subarray(0, length)).toString()) as {
    code?: ErrorCode;
    message: string;
    stack: string;
  };
  if (code === undefined) throw new Error(stack);
  throw new AtomicError(code, message);
}

function shareWork(files: number): SharedWork {
  return {
    control: new Int32Array(new SharedArrayBuffer(16)),
    outcomes: new Uint8Array(new SharedArrayBuffer(files)),
    digests: new Uint8Array(new SharedArrayBuffer(files * 64)),
    error: new Uint8Array(new SharedArrayBuffer(MAX_ERROR)),
  };
}

function waitForOthers({ control }: SharedWork): void {
  for (;;) {
    const active = Atomics.load(control, SLOT.active);
    if (active === 0) return;
    Atomics.wait(control, SLOT.active, active);
  }
}

function workerUrl(): URL {
  return new URL(isBuilt() ? "./ostree/ingest-worker.js" : "./ingest-worker.ts", import.meta.url);
}
