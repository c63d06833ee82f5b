/** Running an image the way its label says. */
import { readFileSync } from "node:fs";
import {
  type Engine,
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
} from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";
import type { StoredImage } from "../../oci/index.ts";
import { askYes } from "../ask-yes.ts";
import { writeStderr } from "../output.ts";
import { printable } from "../render/printable.ts";

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
  if (spc) return plain([...SPC_WORDS, `--name=${name}`, `-e=NAME=${name}`, `-e=IMAGE=${named}`]);
  if (label === undefined) {
    if (verb === "RUN") return plain([]);
    throw new AtomicError("not-found", `running LABEL ${verb} of ${image.name}: the image has none`, {
      hint: `atomic info ${named}`,
    });
  }
  const variables = labelVariables({
    image: image.name,
    name,
    directory: process.cwd(),
    options: request.options,
    environment: process.env,
    host: "/host",
    ...loginUid(),
  });
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
export function agree(engine: Engine, image: StoredImage, run: LabelledRun, { yes }: { yes: boolean }): void {
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

function lastPart(image: string): string {
  return image.slice(image.lastIndexOf("/") + 1).replace(/[:@].*$/, "");
}

function loginUid(): { loginUid?: string } {
  try {
    return { loginUid: readFileSync("/proc/self/loginuid", "utf8") };
  } catch {
    return {}; // kernels without audit have none
  }
}
