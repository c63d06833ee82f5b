/** `--security-opt`, one or more. */
import { AtomicError } from "../../errors.ts";
import { LABEL_PARTS, type LabelParts } from "./selinux-labels.ts";

export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** `unconfined`, or the path of a profile on the host; the default one without it. */
  seccomp?: string;
  /** Not confined by SELinux. */
  label?: "disable";
  /** Other parts of its SELinux labels. */
  labelParts?: LabelParts;
  /** `unconfined`, or the name of a profile. */
  apparmor?: string;
  /** More paths to hide. */
  mask: string[];
  /** Show what is usually hidden. */
  unmask: boolean;
}

/** @throws AtomicError unsupported for an option we do not have */
export function parseSecurity(texts: readonly string[]): SecurityOptions {
  const options: SecurityOptions = { noNewPrivileges: false, mask: [], unmask: false };
  for (const text of texts) {
    // docker's older form has a colon.
    const [key = "", value = ""] = /^([a-z-]+)[=:](.*)$/s.exec(text)?.slice(1) ?? [text];
    if (key === "no-new-privileges") options.noNewPrivileges = value !== "false";
    else if (key === "seccomp" && value !== "") options.seccomp = value;
    else if (key === "label" && value === "disable") options.label = value;
    else if (key === "label" && labelPart(value) !== undefined)
      options.labelParts = { ...options.labelParts, ...labelPart(value) };
    else if (key === "apparmor" && value !== "") options.apparmor = value;
    else if (key === "mask" && value.startsWith("/")) options.mask.push(...value.split(":"));
    else if (key === "unmask" && value === "ALL") options.unmask = true;
    else {
      throw new AtomicError("unsupported", `reading --security-opt ${JSON.stringify(text)}: there is no such option`, {
        hint: "atomic run --help",
      });
    }
  }
  return options;
}

/** `KEY:VALUE`; a level has a colon of its own. */
function labelPart(text: string): LabelParts | undefined {
  const [, key, value] = /^([a-z]+):([A-Za-z0-9_.,:-]+)$/.exec(text) ?? [];
  const part = LABEL_PARTS.find((one) => one === key);
  if (part === undefined || value === undefined || (part !== "level" && value.includes(":"))) return undefined;
  return { [part]: value };
}
