/**
 * Named containers: `container.json` in a directory of their own says what to run, as long as they are not removed.
 * Running, each is a container of the runtime under its ID. docs/formats.md, "containers of images".
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Checksum } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import type { ImageDefaults } from "../configure/configure.ts";
import { checkContainerName, type RunOptions } from "../configure/run-options.ts";
import type { SelinuxLabels } from "../configure/selinux-labels.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { identify, type ProcessIdentity } from "../runtime/process-identity.ts";
import { type ContainerRecord, readRecord } from "../runtime/record.ts";
import { containerNames, dataDirectory, type Engine, runtimeState } from "./place.ts";

export interface NamedContainer {
  format: 1;
  id: string;
  /** Its directory's name. */
  name: string;
  /** As the store calls it. */
  image: string;
  /** The commit with the image's tree. */
  commit: Checksum;
  manifestDigest: string;
  /** How the image wants to be run. */
  defaults: ImageDefaults & { stopSignal?: string };
  options: RunOptions;
  /** Of its user namespace, if it has one of its own. */
  idMaps?: IdMaps;
  /** On a host with SELinux. */
  labels?: SelinuxLabels;
  /** The operator's words for the container's program. */
  command: string[];
  /** Seconds since the epoch. */
  created: number;
  /** Who made it: what is to be removed at its end is left over once it is neither running nor being made. */
  creator: ProcessIdentity;
}

const RECORD = "container.json";
const MAX_RECORD = 4 << 20;

/** The beginning of the names of directories that are being made or removed; the process and its start follow. */
export const TEMPORARY = ".tmp-";

/** A directory beside those of containers that goes when this process has gone. */
export function temporaryDirectory(engine: Engine, id: string): string {
  return join(engine.data, `${TEMPORARY}${process.pid}-${identify(process.pid)?.startTime}-${id}`);
}

/** Makes the directory of a new container with its record in it, in one step. @throws AtomicError exists */
export function keepContainer(engine: Engine, container: NamedContainer): void {
  const { disk } = engine.repo;
  const { name, ...kept } = container;
  const temporary = temporaryDirectory(engine, container.id);
  disk.ensureDirectory(engine.data, 0o700);
  disk.mkdir(temporary, 0o700);
  const file = disk.create(join(temporary, RECORD), 0o600);
  try {
    file.write(Buffer.from(`${JSON.stringify(kept)}\n`));
    // What does not outlive this boot need not be on the disk.
    if (!kept.options.remove) file.sync();
  } finally {
    file.close();
  }
  try {
    disk.renameNoReplace(temporary, dataDirectory(engine, name));
  } catch (error) {
    disk.removeTree(temporary);
    if (!isAtomicError(error, "exists")) throw error;
    throw new AtomicError("exists", `making container ${name}: there is one of that name`, {
      hint: `atomic rm ${name}`,
    });
  }
  if (!kept.options.remove) disk.fsyncDirectory(engine.data);
}

/** @throws AtomicError not-found, corrupt */
export function readNamed(engine: Engine, name: string): NamedContainer {
  const path = join(dataDirectory(engine, checkContainerName(name)), RECORD);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw noContainer(name);
    throw error;
  }
  try {
    const kept = text.length > MAX_RECORD ? undefined : (JSON.parse(text) as Partial<NamedContainer>);
    if (kept?.format === 1) return { ...kept, name } as NamedContainer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AtomicError("corrupt", `reading ${path}: it is no record of a container`, { hint: `rm -r ${path}` });
}

/** Every container, by name. @throws AtomicError corrupt */
export function listNamed(engine: Engine): NamedContainer[] {
  return containerNames(engine).flatMap((name) => {
    try {
      return [readNamed(engine, name)];
    } catch (error) {
      if (isAtomicError(error, "not-found")) return []; // removed since it was listed
      throw error;
    }
  });
}

/** The container called so, or whose ID begins so. @throws AtomicError not-found; usage when several do */
export function findNamed(engine: Engine, text: string): NamedContainer {
  if (containerNames(engine).includes(text)) return readNamed(engine, text);
  const matches = /^[0-9a-f]{4,64}$/.test(text) ? listNamed(engine).filter(({ id }) => id.startsWith(text)) : [];
  if (matches.length > 1) {
    throw new AtomicError("usage", `finding container ${text}: ${matches.map(({ name }) => name).join(", ")} begin so`);
  }
  if (matches[0] === undefined) throw noContainer(text);
  return matches[0];
}

/** The runtime's record of a container since it was started last; undefined when that was before this boot, or never. */
export function runtimeRecord(engine: Engine, { id }: NamedContainer): ContainerRecord | undefined {
  try {
    return readRecord(runtimeState(engine), parseContainerId(id));
  } catch (error) {
    if (isAtomicError(error, "not-found")) return undefined;
    throw error;
  }
}

/** The error for a container there is not. */
export function noContainer(name: string): AtomicError {
  return new AtomicError("not-found", `finding container ${JSON.stringify(name)}: there is none`, {
    hint: "atomic ps --all",
  });
}
