/**
 * GRUB's environment block: a file of exactly 1024 bytes that GRUB overwrites in place.
 *
 * `NAME=VALUE` lines after a signature, the rest filled with `#`. A backslash or a line feed in a value is written
 * with a backslash before it.
 * Spec: https://www.gnu.org/software/grub/manual/grub/grub.html#Environment-block
 */
import { AtomicError } from "../errors.ts";

export const GRUBENV_SIZE = 1024;
const SIGNATURE = "# GRUB Environment Block\n";
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The block with these variables, in this order. @throws AtomicError invalid for a name GRUB cannot hold, no-space */
export function formatGrubenv(variables: ReadonlyMap<string, string>): Buffer {
  const wrong = [...variables.keys()].find((name) => !NAME.test(name));
  if (wrong !== undefined) throw invalid(`${JSON.stringify(wrong)} is no name of a variable`);
  const lines = [...variables].map(([name, value]) => `${name}=${value.replace(/[\\\n]/g, "\\$&")}\n`);
  const block = Buffer.alloc(GRUBENV_SIZE, "#");
  const content = Buffer.from(SIGNATURE + lines.join(""), "utf8");
  if (content.length > GRUBENV_SIZE) {
    throw new AtomicError(
      "no-space",
      `writing GRUB's environment block: expected ${GRUBENV_SIZE} bytes, found ${content.length}`,
    );
  }
  content.copy(block);
  return block;
}

/** The variables of a block, in its order; lines without `=` are skipped. @throws AtomicError invalid */
export function parseGrubenv(block: Buffer): Map<string, string> {
  if (block.length !== GRUBENV_SIZE) throw invalid(`expected ${GRUBENV_SIZE} bytes, found ${block.length}`);
  const text = block.toString("utf8");
  if (!text.startsWith(SIGNATURE)) throw invalid("it does not start as one");
  const variables = new Map<string, string>();
  for (const [line] of text.slice(SIGNATURE.length).matchAll(/(?:\\[^]|[^\\\n])+/g)) {
    const equals = line.indexOf("=");
    if (equals > 0 && !line.startsWith("#")) {
      variables.set(line.slice(0, equals), line.slice(equals + 1).replace(/\\([^])/g, "$1"));
    }
  }
  return variables;
}

function invalid(reason: string): AtomicError {
  return new AtomicError("invalid", `reading GRUB's environment block: ${reason}`);
}
