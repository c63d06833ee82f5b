/** Which devices an ordinary container may use: none but those without hardware behind them. */
import type { DeviceRule } from "../spec/resources.ts";

const PTS_MAJOR = 136;

/** Deny all, then allow null, zero, full, random, urandom, tty, ptmx and terminals; nothing else may even be made. */
export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  ...[3, 5, 7, 8, 9].map((minor) => character(1, minor)),
  character(5, 0),
  character(5, 2),
  { allow: true, type: "c", major: PTS_MAJOR, access: "rwm" },
];

/** The rule for a terminal's /dev/console. */
export const CONSOLE_RULE: DeviceRule = character(5, 1);

function character(major: number, minor: number): DeviceRule {
  return { allow: true, type: "c", major, minor, access: "rwm" };
}
