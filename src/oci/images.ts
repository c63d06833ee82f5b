/** The images of the store: listing, finding, naming and removing them. */
import type { Checksum } from "../digest.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import { deleteRef, readCommit, type Repo, withRepoLock, writeRef } from "../ostree/index.ts";
import { dropUnusedLayers } from "./drop-unused-layers.ts";
import { type ImageRecord, imageRef, imageRefs, readRecord, recordOf } from "./image-record.ts";
import { formatRegistryReference, parseRegistryReference } from "./reference.ts";

/** An image of the store. */
export interface StoredImage extends ImageRecord {
  /** `HOST/NAME:TAG` */
  name: string;
  /** The merged tree, whose image can be mounted. */
  commit: Checksum;
  /** Bytes of its files, each once. */
  bytes: number;
}

/** Digits of an image's ID that are enough to mean it. */
const MIN_ID = 4;

/** Every name with its image, sorted by name. @throws AtomicError corrupt, invalid */
export function listImages(repo: Repo): StoredImage[] {
  return imageRefs(repo).map(({ name, commit }) => loadImage(repo, name, commit));
}

/**
 * The image that `text` means: a name, with `:latest` where it has no tag; the end of a name, such as `debian` for
 * `docker.io/library/debian:latest`; or the beginning of an ID.
 * @throws AtomicError not-found; usage when several are meant
 */
export function findImage(repo: Repo, text: string): StoredImage {
  const refs = imageRefs(repo);
  const names = candidates(text);
  const exact = refs.find(({ name }) => names.includes(name));
  if (exact !== undefined) return loadImage(repo, exact.name, exact.commit);
  const ends = refs.filter(({ name }) => names.some((wanted) => name.endsWith(`/${wanted}`)));
  const matches = ends.length > 0 ? ends : idPrefix(text) === undefined ? [] : withId(repo, refs, idPrefix(text)!);
  const different = new Set(matches.map(({ commit }) => commit));
  if (different.size > 1) {
    const found = matches.map(({ name }) => name).join(", ");
    throw new AtomicError("usage", `finding image ${text}: several are called so: ${found}`, { hint: "atomic images" });
  }
  const [match] = matches;
  if (match === undefined)
    throw new AtomicError("not-found", `finding image ${text}: not in ${repo.path}`, { hint: `atomic pull ${text}` });
  return loadImage(repo, match.name, match.commit);
}

/** The image that a commit is, whatever it is called by now; undefined when the commit is gone, or none. */
export function imageOfCommit(repo: Repo, commit: Checksum, name: string): StoredImage | undefined {
  try {
    const object = readCommit(repo, commit);
    const record = recordOf(object, commit);
    return record === undefined ? undefined : { name, commit, bytes: object.bytes, ...record };
  } catch (error) {
    if (isAtomicError(error, "not-found")) return undefined;
    throw error;
  }
}

/** Gives an image another name, taking it from whatever had it. @throws AtomicError not-found, usage, locked */
export async function tagImage(repo: Repo, text: string, name: string): Promise<StoredImage> {
  const full = fullName(name);
  return withRepoLock(repo, () => {
    const { commit } = findImage(repo, text);
    writeRef(repo, imageRef(full), commit);
    return loadImage(repo, full, commit);
  });
}

/**
 * Removes a name; an image without one is gone, and so are the layers that no other one uses. An ID removes all names.
 * @returns the names removed
 * @throws AtomicError not-found, usage, locked
 */
export async function removeImage(repo: Repo, text: string): Promise<string[]> {
  return withRepoLock(repo, () => {
    const { name, commit } = findImage(repo, text);
    const isNamed = candidates(text).some((wanted) => name === wanted || name.endsWith(`/${wanted}`));
    const same = imageRefs(repo).filter((other) => other.commit === commit);
    const names = isNamed ? [name] : same.map((other) => other.name);
    for (const each of names) deleteRef(repo, imageRef(each));
    dropUnusedLayers(repo);
    return names;
  });
}

/** `HOST/NAME:TAG` of what an operator typed; without a host it is this machine's own. @throws AtomicError usage */
export function fullName(text: string): string {
  const [first = ""] = text.split("/");
  const hasHost = text.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return formatRegistryReference(parseRegistryReference(hasHost ? text : `localhost/${text}`));
}

function loadImage(repo: Repo, name: string, commit: Checksum): StoredImage {
  const image = imageOfCommit(repo, commit, name);
  if (image !== undefined) return image;
  throw new AtomicError("corrupt", `reading image ${name}: commit ${commit} is no image`, {
    hint: `atomic rmi ${name}`,
  });
}

/** What a name may be in full, the most likely first. */
function candidates(text: string): string[] {
  if (!/^[A-Za-z0-9]/.test(text)) return [];
  const lastPart = text.slice(text.lastIndexOf("/") + 1);
  const tagged = /[:@]/.test(lastPart) ? text : `${text}:latest`;
  return [tagged, `localhost/${tagged}`, `docker.io/${tagged}`, `docker.io/library/${tagged}`];
}

function idPrefix(text: string): string | undefined {
  const hex = text.replace(/^sha256:/, "");
  return /^[0-9a-f]+$/.test(hex) && hex.length >= MIN_ID ? `sha256:${hex}` : undefined;
}

function withId(repo: Repo, refs: readonly { name: string; commit: Checksum }[], prefix: string) {
  return refs.filter(({ commit }) => {
    const record = readRecord(repo, commit);
    return record?.id.startsWith(prefix) === true || record?.manifestDigest.startsWith(prefix) === true;
  });
}
