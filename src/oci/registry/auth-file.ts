/**
 * Credentials for registries, from the files that podman, docker and bootc keep.
 * Spec: containers-auth.json(5)
 */
import { AtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";
import { asObject, mapField, optionalText, parseJsonObject, textField } from "../json.ts";
import type { Repository } from "../reference.ts";

export interface Credentials {
  user: string;
  password: string;
  /** The password is a token that stands for the user: there is nothing else to ask for. */
  isToken: boolean;
}
/** What one file says. */
export interface AuthFile {
  path: string;
  /** Base64 of `USER:PASSWORD` by HOST or HOST/PATH. */
  auths: ReadonlyMap<string, string>;
  /** The helper program that knows the credentials of a host. */
  helpers: ReadonlyMap<string, string>;
}

/** What a helper says in place of a user when it hands out a token. */
const TOKEN_USER = "<token>";
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const HELPER_TIMEOUT_MS = 30_000;

/** Reads one file's bytes. @throws AtomicError invalid */
export function parseAuthFile(bytes: Uint8Array, path: string): AuthFile {
  const document = parseJsonObject(bytes, path);
  const auths = Object.entries(asObject(document["auths"] ?? {}, path)).flatMap(([key, value]) => {
    const auth = optionalText(asObject(value, path), "auth", path);
    return auth === undefined || auth === "" ? [] : [[normalKey(key), auth] as const];
  });
  return { path, auths: new Map(auths), helpers: new Map(Object.entries(mapField(document, "credHelpers", path))) };
}

/**
 * The credentials for a repository: the first file that has any for it, in a file the longest path that fits.
 * @throws AtomicError invalid, child-failed or not-found (a helper)
 */
export function findCredentials(files: readonly AuthFile[], { host, path }: Repository): Credentials | undefined {
  const parts = `${host}/${path}`.split("/");
  const keys = parts.map((_, i) => parts.slice(0, parts.length - i).join("/"));
  for (const file of files) {
    const helper = file.helpers.get(host);
    const known = helper === undefined ? undefined : askHelper(helper, host, file.path);
    if (known !== undefined) return known;
    const auth = keys.map((key) => file.auths.get(key)).find((value) => value !== undefined);
    if (auth !== undefined) return decode(auth, file.path);
  }
  return undefined;
}

function decode(auth: string, path: string): Credentials {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) throw new AtomicError("invalid", `reading ${path}: expected base64 of USER:PASSWORD`);
  return { user: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, ""), isToken: false };
}

/** Protocol: https://github.com/docker/docker-credential-helpers#development */
function askHelper(name: string, host: string, path: string): Credentials | undefined {
  if (!HELPER_NAME.test(name))
    throw new AtomicError("invalid", `reading ${path}: ${JSON.stringify(name)} is no name of a helper`);
  const program = `docker-credential-${name}`;
  let stdout: Buffer;
  try {
    ({ stdout } = run([program, "get"], { input: host, timeout: HELPER_TIMEOUT_MS }));
  } catch (error) {
    if (error instanceof AtomicError && /credentials not found/.test(error.message)) return undefined;
    throw error;
  }
  const answer = parseJsonObject(stdout, `the answer of ${program}`);
  const user = textField(answer, "Username", program);
  return { user, password: textField(answer, "Secret", program), isToken: user === TOKEN_USER };
}

/** Docker writes its own registry as `https://index.docker.io/v1/`. */
function normalKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  return bare === "index.docker.io/v1" || bare === "index.docker.io" ? "docker.io" : bare.replace(/\/v[12]$/, "");
}
