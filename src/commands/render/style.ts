/**
 * Bold, dim and colours, where the reader's terminal wants them.
 */
import { isTerminal } from "../../linux/index.ts";

/** Wraps text in terminal attributes, or leaves it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

/** Text as it is: what pipes, files and `NO_COLOR` get. */
export const plainStyle: Style = { bold: same, dim: same, green: same, yellow: same, red: same };

const ansiStyle: Style = {
  bold: attribute(1, 22),
  dim: attribute(2, 22),
  green: attribute(32, 39),
  yellow: attribute(33, 39),
  red: attribute(31, 39),
};

/** The style for standard output; `NO_COLOR` follows https://no-color.org. */
export function stdoutStyle(env: NodeJS.ProcessEnv = process.env): Style {
  return isTerminal(1) && !env["NO_COLOR"] && env["TERM"] !== "dumb" ? ansiStyle : plainStyle;
}

function same(text: string): string {
  return text;
}

function attribute(on: number, off: number): (text: string) => string {
  return (text) => `\x1b[${on}m${text}\x1b[${off}m`;
}
