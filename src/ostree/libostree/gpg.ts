/** OpenPGP signatures, judged by gpgv. Status lines: https://github.com/gpg/gnupg/blob/master/doc/DETAILS */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDurable } from "../../durable.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";

const TIMEOUT_MS = 60_000;
const ARMOR =
  /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?\r?\n\r?\n([\s\S]*?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END PGP PUBLIC KEY BLOCK-----/g;
/** Verdicts that make a signature worthless although it is the key's. */
const WORTHLESS = ["EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG"];

/** A keyring as gpgv reads it, from the text or bytes of a key file. @throws AtomicError invalid */
export function parseKeyring(bytes: Buffer, name: string): Buffer {
  const text = bytes.toString("latin1");
  const blocks = [...text.matchAll(ARMOR)].map(([, body = ""]) => Buffer.from(body, "base64"));
  const keyring = blocks.length > 0 ? Buffer.concat(blocks) : bytes;
  // A public key packet, in the old or the new format: RFC 9580 §4.2.
  const tag = keyring[0] ?? 0;
  if ((tag & 0xfc) === 0x98 || tag === 0xc6) return keyring;
  throw new AtomicError("invalid", `reading key ${name}: expected OpenPGP public keys`, {
    hint: `gpg --show-keys ${name}`,
  });
}

/**
 * The fingerprint of a key in `keyring` that made one of `signatures` over `bytes`; undefined when none did. Expired
 * and revoked keys do not count.
 * @throws AtomicError not-found when gpgv is not installed
 */
export function gpgSigner(bytes: Buffer, signatures: readonly Buffer[], keyring: Buffer): string | undefined {
  const disk = createDurable();
  const scratch = join(tmpdir(), `atomic-gpgv-${randomBytes(8).toString("hex")}`);
  disk.mkdir(scratch, 0o700);
  try {
    disk.replaceFile(join(scratch, "keyring"), keyring, 0o600);
    for (const signature of signatures) {
      disk.replaceFile(join(scratch, "signature"), signature, 0o600);
      const signer = judge(scratch, bytes);
      if (signer !== undefined) return signer;
    }
    return undefined;
  } finally {
    disk.removeTree(scratch);
  }
}

function judge(scratch: string, bytes: Buffer): string | undefined {
  const keyring = join(scratch, "keyring");
  const argv = [
    "gpgv",
    "--homedir",
    scratch,
    "--status-fd",
    "1",
    "--keyring",
    keyring,
    join(scratch, "signature"),
    "-",
  ];
  let status: string[];
  try {
    const { stdout } = run(argv, { input: bytes, package: "gpgv", timeout: TIMEOUT_MS });
    status = stdout.toString("utf8").split("\n");
  } catch (error) {
    if (isAtomicError(error, "child-failed")) return undefined; // gpgv exits with 1 for every signature it refuses
    throw error;
  }
  const verdicts = status.map((line) => line.split(" ")).filter(([prefix]) => prefix === "[GNUPG:]");
  if (verdicts.some(([, verdict = ""]) => WORTHLESS.includes(verdict))) return undefined;
  return verdicts.find(([, verdict]) => verdict === "VALIDSIG")?.[2];
}
