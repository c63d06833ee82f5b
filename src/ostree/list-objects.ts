/** Every object a store holds, by directory listing. */
import { type Checksum } from "../digest.ts";
import { namesIn } from "../linux/index.ts";
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
