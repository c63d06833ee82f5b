/** A container's configuration: the Linux part of the OCI runtime specification, 1.0 to 1.3. */
import { AtomicError } from "../../errors.ts";
import { idMappings, type IdMapping, linux, type LinuxConfig } from "./linux.ts";
import { process as readProcess, type Process } from "./process.ts";
import { type Resources, resources } from "./resources.ts";
import { absolutePath, flag, integer, list, map, name, object, type Read, refused, text } from "./reader.ts";

/** https://github.com/opencontainers/runtime-spec/blob/v1.2.1/config.md */
export interface RuntimeConfig {
  ociVersion: string;
  root?: { path: string; readonly?: boolean };
  mounts?: Mount[];
  process?: Process;
  hostname?: string;
  domainname?: string;
  hooks?: Hooks;
  annotations?: Record<string, string>;
  linux?: LinuxConfig;
}
export interface Mount {
  /** Where in the container; older configurations leave out the leading `/`. */
  destination: string;
  /** A filesystem's name, or `bind`. */
  type?: string;
  source?: string;
  /** As fstab(5), and those of the specification such as `rbind`, `rslave`, `idmap`. */
  options?: string[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}
export type HookStage = (typeof HOOK_STAGES)[number];
export type Hooks = Partial<Record<HookStage, Hook[]>>;
export interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  /** Seconds. */
  timeout?: number;
}

/** In the order in which they come. */
export const HOOK_STAGES = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;
/** Largest config.json, in bytes. */
const MAX_BYTES = 4 << 20;
const DIGITS_BEYOND_NUMBER = /\d{16}/;

const hooks = list(
  object<Hook>({ path: absolutePath }, { args: list(text), env: list(text), timeout: integer(1, 0x7fff_ffff) }),
);

const readConfig = object<RuntimeConfig>(
  { ociVersion: version },
  {
    root: object<NonNullable<RuntimeConfig["root"]>>({ path: name }, { readonly: flag }),
    mounts: list(
      object<Mount>(
        { destination: name },
        { type: text, source: text, options: list(text), uidMappings: idMappings, gidMappings: idMappings },
      ),
    ),
    process: readProcess,
    hostname: text,
    domainname: text,
    hooks: object<Hooks>(
      {},
      Object.fromEntries(HOOK_STAGES.map((stage) => [stage, hooks])) as Record<HookStage, Read<Hook[]>>,
    ),
    annotations: map(text),
    linux,
  },
);

/**
 * Reads a `config.json`. Keys the specification does not name are left out.
 * @throws AtomicError invalid, naming the JSON path; unsupported for a version or a request we do not know
 */
export function parseConfig(json: string): RuntimeConfig {
  const config = readConfig(parseJson(json), "");
  const types = new Set(config.linux?.namespaces?.map(({ type }) => type));
  const needs = (type: "user" | "uts" | "time", what: string, wanted: unknown) => {
    if (wanted !== undefined && wanted !== "" && !types.has(type)) {
      throw refused(what, `needs a ${type} namespace in linux.namespaces`);
    }
  };
  needs("uts", "hostname", config.hostname);
  needs("uts", "domainname", config.domainname);
  needs("time", "linux.timeOffsets", config.linux?.timeOffsets);
  return config;
}

/** Reads a process file, as `exec --process` takes it. @throws AtomicError invalid, naming the JSON path */
export function parseProcess(json: string): Process {
  return readProcess(parseJson(json), "");
}

/** Reads limits, as `update --resources` takes them. @throws AtomicError invalid, naming the JSON path */
export function parseResources(json: string): Resources {
  return resources(parseJson(json), "");
}

/** `JSON.parse` within bounds; whole numbers beyond 2^53 become bigints where they stand for exact values. */
function parseJson(json: string): unknown {
  if (json.length > MAX_BYTES) throw refused("", `expected at most ${MAX_BYTES} bytes, found ${json.length}`);
  try {
    return DIGITS_BEYOND_NUMBER.test(json) ? JSON.parse(json, exactNumber as never) : JSON.parse(json);
  } catch (cause) {
    throw new AtomicError("invalid", "reading the container configuration: it is not JSON", { cause });
  }
}

/** Keeps a whole number that a JavaScript number would round; engines without source text leave it rounded. */
function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return /^-?\d{1,20}$/.test(context?.source ?? "") ? BigInt(context!.source!) : value;
}

function version(value: unknown, at: string): string {
  const found = name(value, at);
  if (!/^\d+[.]\d+[.]\d+([-+][0-9A-Za-z.+-]*)?$/.test(found)) {
    throw refused(at, `expected a version such as 1.2.0, found ${JSON.stringify(found.slice(0, 60))}`);
  }
  if (!found.startsWith("1.")) throw refused(at, `expected version 1.x, found ${found}`, "unsupported");
  return found;
}
