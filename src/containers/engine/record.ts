/** What is known of a container: `record.json` in its state directory. docs/formats.md, "containers of images". */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { checkContainerName } from "../configure/run-options.ts";
import type { CgroupPlace } from "../cgroup/group.ts";
import { containerNames, type Engine, noContainer, stateDirectory } from "./place.ts";

export interface ContainerRecord {
  format: 1;
  id: string;
  name: string;
  /** As the store calls it. */
  image: string;
  /** The commit with the image's tree. */
  commit: string;
  manifestDigest: string;
  command: string[];
  /** Seconds since the epoch. */
  created: number;
  /** Remove it once it has ended. */
  remove: boolean;
  stopSignal: string;
  cgroups: CgroupPlace[];
  /** Its first process on the host, and that process's start by the clock of /proc, against IDs used again. */
  pid?: number;
  pidStart?: string;
  /** Seconds since the epoch. */
  started?: number;
}

const RECORD = "record.json";
const MAX_RECORD = 1 << 20;

/** Makes the state directory of a new container. @throws AtomicError exists */
export function reserveName(engine: Engine, name: string): void {
  mkdirSync(join(engine.run, "named"), { recursive: true, mode: 0o700 });
  try {
    mkdirSync(stateDirectory(engine, name), { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new AtomicError("exists", `making container ${name}: there is one of that name`, {
      hint: `atomic rm ${name}`,
    });
  }
}

/** Writes the record; a reader sees the old one or the new one. */
export function writeRecord(engine: Engine, record: ContainerRecord): void {
  const path = join(stateDirectory(engine, record.name), RECORD);
  writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** @throws AtomicError not-found, corrupt */
export function readNamed(engine: Engine, name: string): ContainerRecord {
  const path = join(stateDirectory(engine, checkContainerName(name)), RECORD);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw noContainer(name);
    throw error;
  }
  try {
    const record = text.length > MAX_RECORD ? undefined : (JSON.parse(text) as Partial<ContainerRecord>);
    if (record?.format === 1 && record.name === name) return record as ContainerRecord;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AtomicError("corrupt", `reading ${path}: it is no record of a container`, {
    hint: `atomic rm --force ${name}`,
  });
}

/** The container called so, or whose ID begins so. @throws AtomicError not-found; usage when several do */
export function findRecord(engine: Engine, text: string): ContainerRecord {
  const names = containerNames(engine);
  if (names.includes(text)) return readNamed(engine, text);
  const matches = /^[0-9a-f]{4,64}$/.test(text)
    ? names.map((name) => readNamed(engine, name)).filter(({ id }) => id.startsWith(text))
    : [];
  if (matches.length > 1) {
    throw new AtomicError("usage", `finding container ${text}: ${matches.map(({ name }) => name).join(", ")} begin so`);
  }
  if (matches[0] === undefined) throw noContainer(text);
  return matches[0];
}

/** Removes the state directory. */
export function forgetContainer(engine: Engine, name: string): void {
  rmSync(stateDirectory(engine, name), { recursive: true, force: true });
}
