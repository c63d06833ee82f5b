/** Every object a store holds, by directory listing. */
import { type Checksum } from "../digest.ts";
import { close, isKernelError, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, open, readDirectory } from "../linux/index.ts";
import { OBJECT_TYPES, type ObjectType } from "./object-path.ts";
import type { Repo } from "./repo.ts";

const NAME = new RegExp(`^([0-9a-f]{62})\\.(${OBJECT_TYPES.join("|")})$`);

/** Names and types of all objects, in no particular order. Foreign names are ignored. */
export function* listObjects(repo: Repo): Generator<{ checksum: Checksum; type: ObjectType }> {
  for (let i = 0; i < 256; i++) {
    const prefix = i.toString(16).padStart(2, "0");
    for (const name of namesIn(`${repo.path}/objects/${prefix}`)) {
      const match = NAME.exec(name);
      if (match !== null) yield { checksum: `${prefix}${match[1]!}` as Checksum, type: match[2] as ObjectType };
    }
  }
}

function namesIn(path: string): string[] {
  let fd: number;
  try {
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
  try {
    return readDirectory(fd).map(({ name }) => name);
  } finally {
    close(fd);
  }
}
