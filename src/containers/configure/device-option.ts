/** `--device HOST[:CONTAINER][:ACCESS]` */
import { AtomicError } from "../../errors.ts";

export interface DeviceOption {
  /** On the host. */
  path: string;
  /** In the container. */
  target: string;
  /** Some of `r`, `w`, `m`. */
  access: string;
}

/** @throws AtomicError usage */
export function parseDevice(text: string): DeviceOption {
  const parts = text.split(":");
  const access = parts.length > 1 && /^[rwm]{1,3}$/.test(parts.at(-1)!) ? parts.pop()! : "rwm";
  const [path = "", target = path] = parts;
  const isPath = (one: string) => one.startsWith("/") && !one.split("/").includes("..");
  if (parts.length > 2 || !isPath(path) || !isPath(target)) {
    throw new AtomicError(
      "usage",
      `reading --device ${JSON.stringify(text)}: expected HOST[:CONTAINER][:rwm] with absolute paths`,
    );
  }
  return { path, target, access };
}
