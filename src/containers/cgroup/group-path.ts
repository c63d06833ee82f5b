/** A container's place among control groups. */
import { AtomicError } from "../../errors.ts";

const MAX_PATH = 1000;
const MAX_DEPTH = 32;
const MAX_COMPONENT = 255;
/** Where groups named by a relative path go. */
const PARENT = "atomic";

/**
 * The path of a container's group in every hierarchy, without a leading `/`.
 * @param cgroupsPath as `linux.cgroupsPath`; empty for the default
 * @throws AtomicError invalid for a path that could lead elsewhere, unsupported for systemd's `SLICE:PREFIX:NAME`
 */
export function groupPath(cgroupsPath: string, id: string): string {
  if (cgroupsPath === "") return `${PARENT}/${id}`;
  if (/^[^/]*:[^/]*:[^/]+$/.test(cgroupsPath)) {
    throw new AtomicError("unsupported", `placing the container in ${cgroupsPath}: systemd's form is not supported`, {
      hint: "podman --cgroup-manager=cgroupfs",
    });
  }
  const parts = cgroupsPath.split("/").filter((part) => part !== "");
  const bad = parts.find((part) => part === "." || part === ".." || part.length > MAX_COMPONENT || part.includes("\n"));
  if (bad !== undefined || parts.length === 0 || parts.length > MAX_DEPTH || cgroupsPath.length > MAX_PATH) {
    throw new AtomicError(
      "invalid",
      `placing the container in the control group ${JSON.stringify(cgroupsPath)}: not a path below the top`,
    );
  }
  return cgroupsPath.startsWith("/") ? parts.join("/") : [PARENT, ...parts].join("/");
}
