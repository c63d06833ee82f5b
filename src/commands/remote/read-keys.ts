/** Key files as an operator names them. */
import { readFile } from "../../linux/index.ts";
import { parsePublicKey } from "../../ostree/index.ts";
import { basename } from "node:path";

const MAX_KEY_FILE = 64 * 1024;

/** The public keys in `files`, each named after its file. @throws AtomicError not-found, invalid */
export function readPublicKeys(files: readonly string[]): ReturnType<typeof parsePublicKey>[] {
  return files.map((file) => parsePublicKey(readKeyText(file), basename(file).replace(/\.(pub|pem)$/, "")));
}

/** The text of a key file. @throws AtomicError not-found, permission */
export function readKeyText(file: string): string {
  return readFile(file, MAX_KEY_FILE).toString("utf8");
}
