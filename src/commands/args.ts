/**
 * Positional arguments, and flags that take the same kinds of value.
 *
 * A value's kind is its placeholder (an argument's name, a flag's `helpValue`): help shows it and shell completion
 * knows what to offer for it. oclif would read a missing argument from standard input; ours is simply missing.
 */
import { custom as customArg } from "@oclif/core/args";
import { custom as customFlag } from "@oclif/core/flags";
import { AtomicError } from "../errors.ts";

/** A positional argument. */
export const textArg = customArg<string>({ ignoreStdin: true });

/** The index of a deployment. */
export const indexArg = customArg<number>({ ignoreStdin: true, parse: async (text) => parseIndex(text) });

export const directoryFlag = customFlag<string>({ helpValue: "DIR" });
export const fileFlag = customFlag<string>({ helpValue: "FILE" });
export const refFlag = customFlag<string>({ helpValue: "REF" });

/** The deployment index written as `text`. @throws AtomicError usage unless it is a small whole number */
export function parseIndex(text: string): number {
  if (!/^\d{1,4}$/.test(text)) {
    throw new AtomicError(
      "usage",
      `reading deployment index ${JSON.stringify(text)}: expected a number such as 0 or 1`,
      {
        hint: "atomic host status",
      },
    );
  }
  return Number(text);
}
