/** Key files as an operator names them. */
import { readFile } from "../../linux/index.ts";
import { parseKeyring } from "../../gpgv.ts";
import { parsePublicKey, parseSecretKey } from "../../ostree/index.ts";
import { basename } from "node:path";

const MAX_KEY_FILE = 64 * 1024;
const MAX_KEYRING = 1024 * 1024;

/** The public keys in `files`, each named after its file. @throws AtomicError not-found, invalid */
export function readPublicKeys(files: readonly string[]): ReturnType<typeof parsePublicKey>[] {
  return files.map((file) => parsePublicKey(readKeyText(file), basename(file).replace(/\.(pub|pem)$/, "")));
}

/** The secret keys in `files`. @throws AtomicError not-found, invalid, unsupported (protected by a password) */
export function readSecretKeys(files: readonly string[]): ReturnType<typeof parseSecretKey>[] {
  return files.map((file) => parseSecretKey(readKeyText(file), file));
}

/** The OpenPGP keys in `files`, armored or not, as a remote keeps them. @throws AtomicError not-found, invalid */
export function readKeyring(files: readonly string[]): string {
  return Buffer.concat(files.map((file) => parseKeyring(readFile(file, MAX_KEYRING), file))).toString("base64");
}

function readKeyText(file: string): string {
  return readFile(file, MAX_KEY_FILE).toString("utf8");
}
