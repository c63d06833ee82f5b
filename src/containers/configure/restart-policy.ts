/** `--restart no|on-failure[:MAX]|always|unless-stopped` */
import { AtomicError } from "../../errors.ts";
import { parseWhole } from "./quantities.ts";

/** When a container is started again that has ended. */
export interface RestartPolicy {
  when: "no" | "on-failure" | "always" | "unless-stopped";
  /** At most so often. */
  max?: number;
}

const MAX_RESTARTS = 1_000_000;

/** @throws AtomicError usage */
export function parseRestart(text: string): RestartPolicy {
  const [when = "", max, ...more] = text.split(":");
  if (more.length === 0 && when === "on-failure" && max !== undefined)
    return { when, max: parseWhole("--restart", max, 1, MAX_RESTARTS) };
  if (max === undefined && (when === "no" || when === "on-failure" || when === "always" || when === "unless-stopped"))
    return { when };
  throw new AtomicError(
    "usage",
    `reading --restart: expected no, on-failure[:MAX], always or unless-stopped, found ${JSON.stringify(text)}`,
  );
}
