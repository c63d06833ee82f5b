/** Key files as an operator names them. */
import { readFile } from "../../linux/index.ts";
import { parsePublicKey, parseSecretKey } from "../../ostree/index.ts";
import { basename } from "node:path";

const MAX_KEY_FILE = 64 * 1024;

/** The public keys in `files`, each named after its file. @throws AtomicError not-found, invalid */
export function readPublicKeys(files: readonly string[]): ReturnType<typeof parsePublicKey>[] {
  return files.map((file) => parsePublicKey(readKeyText(file), basename(file).replace(/\.(pub|pem)$/, "")));
}

/** The secret keys in `files`. @throws AtomicError not-found, invalid, unsupported (protected by a password) */
export function readSecretKeys(files: readonly string[]): ReturnType<typeof parseSecretKey>[] {
  return files.map((file) => parseSecretKey(readKeyText(file), file));
}

function readKeyText(file: string): string {
  return readFile(file, MAX_KEY_FILE).toString("utf8");
}
