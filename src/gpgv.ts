/** OpenPGP signatures, judged by gpgv. Status lines: https://github.com/gpg/gnupg/blob/master/doc/DETAILS */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDurable, type Durable } from "./durable.ts";
import { AtomicError, isAtomicError } from "./errors.ts";
import { run } from "./spawn.ts";

const TIMEOUT_MS = 60_000;
/** Bytes of verdicts. */
const MAX_STATUS = 64 * 1024;
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
 * The fingerprint of a key in `keyring` that made one of the detached `signatures` over `bytes`; undefined when none did.
 * Expired and revoked keys do not count.
 * @throws AtomicError not-found when gpgv is not installed
 */
export function gpgSigner(bytes: Buffer, signatures: readonly Buffer[], keyring: Buffer): string | undefined {
  return withScratch(keyring, (scratch, disk) => {
    for (const signature of signatures) {
      disk.replaceFile(join(scratch, "signature"), signature, 0o600);
      const judged = judge(scratch, [join(scratch, "signature"), "-"], bytes);
      if (judged !== undefined) return judged.signer;
    }
    return undefined;
  });
}

/**
 * What a signed message says and the fingerprint of the key in `keyring` that signed it; undefined when none did.
 * Expired and revoked keys do not count.
 * @param max the most bytes the message may say
 * @throws AtomicError not-found when gpgv is not installed
 */
export function openGpgMessage(
  message: Buffer,
  keyring: Buffer,
  max: number,
): { signer: string; content: Buffer } | undefined {
  return withScratch(keyring, (scratch, disk) => {
    disk.replaceFile(join(scratch, "message"), message, 0o600);
    return judge(scratch, ["--output", "-", join(scratch, "message")], Buffer.alloc(0), max);
  });
}

function withScratch<T>(keyring: Buffer, use: (scratch: string, disk: Durable) => T): T {
  const disk = createDurable();
  const scratch = join(tmpdir(), `atomic-gpgv-${randomBytes(8).toString("hex")}`);
  disk.mkdir(scratch, 0o700);
  try {
    disk.replaceFile(join(scratch, "keyring"), keyring, 0o600);
    return use(scratch, disk);
  } finally {
    disk.removeTree(scratch);
  }
}

/** @param max bytes of output beyond which nothing is believed: a message may be compressed */
function judge(
  scratch: string,
  files: readonly string[],
  input: Buffer,
  max = 0,
): { signer: string; content: Buffer } | undefined {
  const options = ["--homedir", scratch, "--status-fd", "2", "--keyring", join(scratch, "keyring")];
  let status: string[];
  let content: Buffer;
  try {
    const maxOutput = max + MAX_STATUS;
    const { stdout, stderr } = run(["gpgv", ...options, ...files], {
      input,
      maxOutput,
      package: "gpgv",
      timeout: TIMEOUT_MS,
    });
    status = stderr.split("\n");
    content = stdout;
  } catch (error) {
    if (isAtomicError(error, "child-failed")) return undefined; // gpgv exits with 1 for every signature it refuses
    throw error;
  }
  const verdicts = status.map((line) => line.split(" ")).filter(([prefix]) => prefix === "[GNUPG:]");
  if (verdicts.some(([, verdict = ""]) => WORTHLESS.includes(verdict))) return undefined;
  const signer = verdicts.find(([, verdict]) => verdict === "VALIDSIG")?.[2];
  return signer === undefined ? undefined : { signer, content };
}
