/** What the store calls an image that comes from a file. */
import { basename } from "node:path";
import { isAtomicError } from "../errors.ts";
import { type FileReference, formatRegistryReference, parseRegistryReference } from "./reference.ts";

/**
 * The name the image itself carries where that is a whole one, else `localhost/FILE:TAG`.
 * @param own what the file calls the image: a name, a tag, or nothing
 */
export function localName({ path, tag }: FileReference, own: string | undefined): string {
  if (own?.includes("/") === true) {
    const whole = tryFormat(own);
    if (whole !== undefined) return whole;
  }
  const file = basename(path)
    .replace(/\.tar$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const repository = `localhost/${file === "" ? "image" : file}`;
  return tryFormat(`${repository}:${own ?? tag ?? "latest"}`) ?? `${repository}:latest`;
}

function tryFormat(text: string): string | undefined {
  try {
    return formatRegistryReference(parseRegistryReference(text));
  } catch (error) {
    if (isAtomicError(error, "usage")) return undefined;
    throw error;
  }
}
