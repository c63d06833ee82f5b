import { isTerminal, type WindowSize, windowSize } from "../../linux/index.ts";

/** The size of the window this process is shown in; undefined when it is shown in none. */
export function ownWindowSize(): WindowSize | undefined {
  const fd = [0, 1, 2].find(isTerminal);
  return fd === undefined ? undefined : windowSize(fd);
}
