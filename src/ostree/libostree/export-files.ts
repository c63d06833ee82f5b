/** Writing the files of a tree as content objects of OSTree. */
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { createDeflateRaw, deflateRaw } from "node:zlib";
import { createHasher } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import type { ProgressTask } from "../../progress.ts";
import { objectFile, readObject } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import type { RegularNode, SymlinkNode } from "../tree.ts";
import type { ExportTarget } from "./export-target.ts";
import { fileChunks } from "./file-chunks.ts";
import { archivePrefix, contentPrefix } from "./file-header.ts";
import { forEachParallel } from "../../parallel.ts";
import { createSha256, type Sha256, sha256Of } from "./sha256.ts";

/** Larger content is read twice and compressed in pieces. Bytes. */
const WHOLE = 16 * 1024 * 1024;
/** Files under way at a time: zlib has threads of its own. */
const PARALLEL = 4;
/** What ostree uses. */
const LEVEL = 6;
const NOTHING = Buffer.alloc(0);
const compress = promisify(deflateRaw);

/**
 * Writes what `target` lacks of `nodes`; returns the name of each.
 * @throws AtomicError not-found, corrupt (in the store), no-space
 */
export async function exportFiles(
  repo: Repo,
  target: ExportTarget,
  { nodes, task }: { nodes: ReadonlySet<RegularNode | SymlinkNode>; task: ProgressTask },
): Promise<Map<RegularNode | SymlinkNode, Sha256>> {
  const alike = new Map<string, (RegularNode | SymlinkNode)[]>();
  for (const node of nodes) {
    const content = node.kind === "file" ? node.checksum : "";
    const key = `${sha256Of(contentPrefix(node))}${content}`;
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  const names = new Map<RegularNode | SymlinkNode, Sha256>();
  await forEachParallel(alike.values(), PARALLEL, async (group) => {
    const [node] = group;
    const name = await exportFile(repo, target, node!);
    for (const each of group) names.set(each, name);
    task.advance(group.length);
  });
  return names;
}

async function exportFile(repo: Repo, target: ExportTarget, node: RegularNode | SymlinkNode): Promise<Sha256> {
  if (node.kind === "symlink" || node.size <= WHOLE) {
    const hasContent = node.kind === "file" && node.size > 0;
    const content = hasContent ? readObject(repo, node.checksum, "file", node.size) : NOTHING;
    const name = sha256Of(Buffer.concat([contentPrefix(node), content]));
    if (target.has(name, "filez")) return name;
    const compressed = node.kind === "symlink" ? NOTHING : await compress(content, { level: LEVEL });
    // Another file may have become the same object meanwhile.
    if (!target.has(name, "filez"))
      target.add(name, "filez", Buffer.concat([archivePrefix(node, content.length), compressed]));
    return name;
  }
  const path = objectFile(repo, node.checksum, "file");
  const name = measure(node, path);
  if (target.has(name, "filez")) return name;
  const file = target.begin(name, "filez");
  try {
    file.write(archivePrefix(node, node.size));
    for await (const chunk of Readable.from(fileChunks(path), { objectMode: false }).pipe(
      createDeflateRaw({ level: LEVEL }),
    ))
      file.write(chunk as Buffer);
  } finally {
    file.close();
  }
  return name;
}

/** The name of a large file in OSTree. @throws AtomicError corrupt when its bytes are not those of the object */
function measure(node: RegularNode, path: string): Sha256 {
  const sha256 = createSha256();
  const blake3 = createHasher();
  sha256.update(contentPrefix(node));
  for (const chunk of fileChunks(path)) {
    sha256.update(chunk);
    blake3.update(chunk);
  }
  const found = blake3.digest();
  if (found !== node.checksum)
    throw new AtomicError("corrupt", `exporting ${path}: expected ${node.checksum}, found ${found}`);
  return sha256.digest();
}
