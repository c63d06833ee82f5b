/** Running an image the way its label says. */
import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import {
  type Engine,
  expandLabel,
  findLabel,
  hasConsent,
  interpretLabel,
  labelVariables,
  type LabelVerb,
  parseRunFlags,
  privilegesOf,
  type RawRunFlags,
  rememberConsent,
  runOptions,
  SPC_WORDS,
  type Variables,
} from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";
import { readFileIfExists } from "../../linux/index.ts";
import type { StoredImage } from "../../oci/index.ts";
import { askYes } from "../ask-yes.ts";
import { writeStderr } from "../output.ts";
import { printable } from "../render/printable.ts";

/** Bytes of a file whose text a label may use. */
const MAX_FILE = 1 << 20;

export interface LabelRequest {
  image: StoredImage;
  /** The image as the operator named it. */
  named: string;
  spc: boolean;
  flags: RawRunFlags;
  /** Words of the operator for the container's program. */
  command: readonly string[];
  options: readonly (string | undefined)[];
}

/** What will be run: as one command line to show, and taken apart. */
export interface LabelledRun {
  words: readonly string[];
  flags: RawRunFlags;
  command: readonly string[];
  /** The image asks for it, not the operator. */
  byLabel: boolean;
}

/**
 * Puts together the label `verb` of the image, `--spc` and the operator's own options, which come last and win.
 * @throws AtomicError invalid, unsupported; not-found when there is no such label and `verb` is not RUN
 */
export function labelledRun(verb: LabelVerb, request: LabelRequest): LabelledRun {
  const { image, named, spc, flags, command } = request;
  const label = spc ? undefined : findLabel(image.config.labels, verb);
  const name = flags.name ?? `${lastPart(image.name)}${spc ? "-spc" : ""}`;
  const plain = (more: readonly string[]): LabelledRun => ({
    words: ["atomic", "run", ...more, named, ...command],
    flags: merge(parseRunFlags(more).flags, flags),
    command,
    byLabel: false,
  });
  // A tool container is worked in: what the caller has of a terminal is its own.
  const session = flags.detach === true ? [] : ["--interactive", ...(isatty(0) ? ["--tty"] : [])];
  if (spc) return plain([...session, ...SPC_WORDS, `--name=${name}`, `-e=NAME=${name}`, `-e=IMAGE=${named}`]);
  if (label === undefined) {
    if (verb === "RUN") return plain([]);
    throw new AtomicError("not-found", `running LABEL ${verb} of ${image.name}: the image has none`, {
      hint: `atomic info ${named}`,
    });
  }
  const variables = hostVariables(image, name, request.options);
  const asked = interpretLabel(label, variables, command);
  if (asked.kind !== "run") {
    throw new AtomicError("unsupported", `running LABEL ${verb} of ${image.name}: it is a ${asked.kind} command`);
  }
  if (asked.run.image !== image.name && asked.run.image !== named) {
    throw new AtomicError(
      "unsupported",
      `running LABEL ${verb} of ${image.name}: it names another image, ${printable(asked.run.image)}`,
    );
  }
  const merged = merge(asked.run.flags, flags);
  return {
    words: asked.words,
    flags: { ...merged, name: merged.name ?? name },
    command: asked.run.command,
    byLabel: true,
  };
}

/**
 * Shows what the image's label asks of the host, and asks the operator the first time.
 * @throws AtomicError permission without an answer
 */
export function agree(
  engine: Engine,
  image: StoredImage,
  run: Pick<LabelledRun, "flags" | "byLabel">,
  { yes }: { yes: boolean },
): void {
  const privileges = privilegesOf(runOptions(run.flags));
  if (!run.byLabel || privileges.length === 0 || hasConsent(engine, image.manifestDigest, privileges)) return;
  const list = privileges.map((one) => `  ${printable(one)}\n`).join("");
  writeStderr(`${printable(image.name)} asks for:\n${list}`);
  if (!yes && !askYes("Let it have that?")) {
    throw new AtomicError("permission", `running ${image.name}: nobody agreed to what its label asks for`, {
      hint: "atomic run --yes IMAGE",
    });
  }
  rememberConsent(engine, image.manifestDigest, privileges);
}

function merge(below: RawRunFlags, above: RawRunFlags): RawRunFlags {
  const merged: Record<string, unknown> = { ...below, ...above };
  for (const [name, value] of Object.entries(below)) {
    const own = (above as Record<string, unknown>)[name];
    if (Array.isArray(value) && Array.isArray(own)) merged[name] = [...value, ...(own as string[])];
  }
  return merged;
}

/** The variables of an image's labels on this host. @throws AtomicError invalid (LABEL RUN_OPTS_FILE) */
export function hostVariables(
  { name: image, config }: StoredImage,
  name: string,
  options: readonly (string | undefined)[] = [],
): Variables {
  const source = {
    image,
    name,
    directory: process.cwd(),
    options,
    environment: process.env,
    host: "/host",
    ...loginUid(),
    ...optionalText("passwd", "/etc/passwd"),
  };
  const file = findLabel(config.labels, "RUN_OPTS_FILE");
  if (file === undefined) return labelVariables(source);
  const [path = "", ...more] = expandLabel(file, labelVariables(source));
  if (!path.startsWith("/") || more.length > 0) {
    throw new AtomicError(
      "invalid",
      `reading LABEL RUN_OPTS_FILE of ${image}: expected an absolute path, found ${path}`,
      {
        hint: `atomic info ${image}`,
      },
    );
  }
  return labelVariables({ ...source, ...optionalText("runOptions", path) });
}

/** The name of a container of an image unless somebody says otherwise. */
export function lastPart(image: string): string {
  return image.slice(image.lastIndexOf("/") + 1).replace(/[:@].*$/, "");
}

/** A file's text under a key; nothing where there is no such file. */
function optionalText<K extends string>(key: K, path: string): { [P in K]?: string } {
  const bytes = readFileIfExists(path, MAX_FILE, { follow: true });
  return (bytes === undefined ? {} : { [key]: bytes.toString("utf8") }) as { [P in K]?: string };
}

/** Its size is not known before it is read, as with all of /proc. */
function loginUid(): { loginUid?: string } {
  try {
    return { loginUid: readFileSync("/proc/self/loginuid", "utf8") };
  } catch {
    return {}; // kernels without audit have none
  }
}
