/**
 * Positional arguments, and flags that take the same kinds of value.
 *
 * A value's kind is its placeholder (an argument's name, a flag's `helpValue`): help shows it and shell completion
 * knows what to offer for it. oclif would read a missing argument from standard input; ours is simply missing.
 */
import { custom as customArg } from "@oclif/core/args";
import { custom as customFlag } from "@oclif/core/flags";

/** A positional argument. */
export const textArg = customArg<string>({ ignoreStdin: true });

export const directoryFlag = customFlag<string>({ helpValue: "DIR" });
export const fileFlag = customFlag<string>({ helpValue: "FILE" });
export const refFlag = customFlag<string>({ helpValue: "REF" });
export const revFlag = customFlag<string>({ helpValue: "REV" });
