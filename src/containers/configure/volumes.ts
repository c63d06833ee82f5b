/** `-v`, `--mount` and `--tmpfs`: what a container sees besides its image. */
import { AtomicError } from "../../errors.ts";
import type { Mount } from "../spec/config.ts";

export interface Volume {
  kind: "bind" | "tmpfs";
  /** A path of the host, for a bind mount. */
  source?: string;
  destination: string;
  readOnly: boolean;
  /** Its files get a label under which this container may use them, or every container. */
  relabel?: "private" | "shared";
  /** Options for the mount, in the words of the configuration. */
  options: string[];
}

const PROPAGATIONS = ["shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"];
const FLAGS = [
  "ro",
  "rw",
  "exec",
  "noexec",
  "suid",
  "nosuid",
  "dev",
  "nodev",
  "bind",
  "rbind",
  "idmap",
  ...PROPAGATIONS,
];
/** Relabelling for SELinux. */
const RELABEL = ["z", "Z"];
const TMPFS_KEYS = /^(size=\d+[kKmMgG%]?|mode=[0-7]{3,4}|uid=\d+|gid=\d+|nr_inodes=\d+[kKmMgG]?)$/;
const TMPFS_DEFAULTS = ["nosuid", "nodev"];

/** `SOURCE:DESTINATION[:OPTIONS]`, both absolute paths. @throws AtomicError usage, unsupported */
export function parseVolume(text: string): Volume {
  const parts = text.split(":");
  const [source = "", destination = "", options = ""] = parts;
  if (parts.length < 2 || parts.length > 3) throw bad("-v", text, "expected SOURCE:DESTINATION[:OPTIONS]");
  if (!source.startsWith("/")) {
    throw new AtomicError(
      source === "" ? "usage" : "unsupported",
      `reading -v ${JSON.stringify(text)}: expected the absolute path of a directory or file of the host, found ${JSON.stringify(source)}`,
    );
  }
  return bind("-v", text, source, destination, options === "" ? [] : options.split(","));
}

/** `DESTINATION[:OPTIONS]` @throws AtomicError usage */
export function parseTmpfs(text: string): Volume {
  const [destination = "", options = ""] = text.split(":");
  return tmpfs("--tmpfs", text, destination, options === "" ? [] : options.split(","));
}

/** `type=bind|tmpfs,src=…,dst=…[,ro]…` @throws AtomicError usage, unsupported */
export function parseMount(text: string): Volume {
  const keys = new Map<string, string>();
  const flags: string[] = [];
  for (const field of text.split(",")) {
    const at = field.indexOf("=");
    const key = at === -1 ? field : field.slice(0, at);
    const known = MOUNT_KEYS[key];
    if (known !== undefined && at !== -1) keys.set(known, field.slice(at + 1));
    else if (key === "readonly" || key === "ro")
      flags.push(["", "=true", "=1"].includes(field.slice(key.length)) ? "ro" : "rw");
    else if (key === "bind-propagation") flags.push(field.slice(at + 1));
    else if (key === "tmpfs-size") flags.push(`size=${field.slice(at + 1)}`);
    else if (key === "tmpfs-mode") flags.push(`mode=${field.slice(at + 1)}`);
    else flags.push(field);
  }
  const [type = "bind", source = "", destination = ""] = ["type", "source", "destination"].map((key) => keys.get(key));
  if (type === "tmpfs") return tmpfs("--mount", text, destination, flags);
  if (type !== "bind") {
    throw new AtomicError(
      "unsupported",
      `reading --mount ${JSON.stringify(text)}: expected type=bind or type=tmpfs, found ${type}`,
    );
  }
  if (!source.startsWith("/")) throw bad("--mount", text, "expected src= with an absolute path");
  return bind("--mount", text, source, destination, flags);
}

const MOUNT_KEYS: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  destination: "destination",
  dst: "destination",
  target: "destination",
};

/** The mount of a volume. */
export function volumeMount({ kind, source, destination, readOnly, options }: Volume): Mount {
  const all = [...options, ...(readOnly && !options.includes("ro") ? ["ro"] : [])];
  if (kind === "tmpfs") return { destination, type: "tmpfs", source: "tmpfs", options: [...TMPFS_DEFAULTS, ...all] };
  const propagates = options.some((option) => PROPAGATIONS.includes(option));
  return {
    destination,
    type: "bind",
    source: source!,
    options: ["rbind", ...(propagates ? [] : ["rprivate"]), ...all],
  };
}

function bind(flag: string, text: string, source: string, destination: string, options: readonly string[]): Volume {
  const unknown = options.find((option) => !FLAGS.includes(option) && !RELABEL.includes(option));
  if (unknown !== undefined) throw bad(flag, text, `there is no option ${JSON.stringify(unknown)}`);
  const kept = options.filter((option) => !RELABEL.includes(option) && !["bind", "rbind"].includes(option));
  return {
    kind: "bind",
    source,
    destination: inside(flag, text, destination),
    readOnly: kept.includes("ro"),
    ...(options.includes("Z") ? { relabel: "private" } : options.includes("z") ? { relabel: "shared" } : {}),
    options: kept,
  };
}

function tmpfs(flag: string, text: string, destination: string, options: readonly string[]): Volume {
  const unknown = options.find((option) => !FLAGS.includes(option) && !TMPFS_KEYS.test(option));
  if (unknown !== undefined) throw bad(flag, text, `there is no option ${JSON.stringify(unknown)}`);
  return {
    kind: "tmpfs",
    destination: inside(flag, text, destination),
    readOnly: options.includes("ro"),
    options: [...options],
  };
}

function inside(flag: string, text: string, destination: string): string {
  const wrong = !destination.startsWith("/") || destination.split("/").includes("..") || /^\/+$/.test(destination);
  if (wrong) throw bad(flag, text, "expected an absolute path in the container, other than /");
  return destination;
}

function bad(flag: string, text: string, why: string): AtomicError {
  return new AtomicError("usage", `reading ${flag} ${JSON.stringify(text)}: ${why}`);
}
