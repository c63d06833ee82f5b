/** OSTree repositories of mode archive, written object by object, so that each can be wrong. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { encodeOstreeCommit, type OstreeCommit } from "../../src/ostree/libostree/commit.ts";
import { encodeDirmeta } from "../../src/ostree/libostree/dirmeta.ts";
import { encodeOstreeDirtree } from "../../src/ostree/libostree/dirtree.ts";
import { archivePrefix, contentPrefix, type FileHeader } from "../../src/ostree/libostree/file-header.ts";
import { type Sha256, sha256Of } from "../../src/ostree/libostree/sha256.ts";
import { bytes } from "./tree-builder.ts";

const OWNER = { uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };
const PLAIN: FileHeader = { kind: "file", ...OWNER, mode: 0o644 };

export interface FakeRepo {
  path: string;
  /** Stores a metadata object, or what claims to be the one called `name`. */
  put(content: Buffer, type: string, name?: Sha256): Sha256;
  /** Stores a file; `announced` is the size its header tells, `stored` what is compressed in place of the content. */
  file(content: Buffer, wrong?: { announced?: number; stored?: Buffer; cut?: number }): Sha256;
  dirtree(files: Record<string, Sha256>, directories?: Record<string, Sha256>): Sha256;
  commit(tree: Sha256, more?: Partial<OstreeCommit>): Sha256;
}

/** An empty repository in the new directory `path`. */
export function fakeRepo(path: string): FakeRepo {
  const write = (name: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  };
  const put = (content: Buffer, type: string, name = sha256Of(content)): Sha256 => {
    write(`objects/${name.slice(0, 2)}/${name.slice(2)}.${type}`, content);
    return name;
  };
  write("config", "[core]\nrepo_version=1\nmode=archive-z2\n");
  const meta = put(encodeDirmeta({ ...OWNER, mode: 0o755 }), "dirmeta");
  return {
    path,
    put,
    file(content, { announced = content.length, stored = content, cut = 0 } = {}) {
      const name = sha256Of(Buffer.concat([contentPrefix(PLAIN), content]));
      const whole = Buffer.concat([archivePrefix(PLAIN, announced), deflateRawSync(stored)]);
      return put(whole.subarray(0, whole.length - cut), "filez", name);
    },
    dirtree: (files, directories = {}) =>
      put(
        encodeOstreeDirtree({
          files: new Map(Object.entries(files).map(([name, file]) => [bytes(name), file])),
          directories: new Map(Object.entries(directories).map(([name, tree]) => [bytes(name), { tree, meta }])),
        }),
        "dirtree",
      ),
    commit: (tree, more = {}) =>
      put(
        encodeOstreeCommit({ metadata: new Map(), subject: "", body: "", timestamp: 1, tree, meta, ...more }),
        "commit",
      ),
  };
}
