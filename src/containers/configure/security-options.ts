/** `--security-opt`, one or more. */
import { AtomicError } from "../../errors.ts";

export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** `unconfined`, or the path of a profile on the host; the default one without it. */
  seccomp?: string;
  /** No SELinux label; no container gets one, but an image that asks for none asks for a privilege. */
  label?: "disable";
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
