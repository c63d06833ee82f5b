/** The answer to a completion script. */
import { AtomicError, EXIT } from "../../errors.ts";
import { writeStdout } from "../output.ts";
import { complete } from "./complete.ts";

/**
 * Prints what may replace the last of `words`: `:directory`, `:file`, or one `VALUE<TAB>DESCRIPTION` per line.
 * A host that cannot be read has nothing to offer, which is no error.
 * @returns the exit status
 */
export async function printCompletions(words: string[]): Promise<number> {
  try {
    const found = await complete(words);
    const lines =
      typeof found === "string" ? [found] : found.map(({ value, description }) => `${value}\t${description}`);
    writeStdout(lines.map((line) => `${line}\n`).join(""));
  } catch (error) {
    if (!(error instanceof AtomicError)) throw error;
  }
  return EXIT.done;
}
