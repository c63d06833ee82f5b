/** Everything observable below a directory, one line an inode, for comparing before with after. */
import { compareBytes, toBytes, toText, type ByteString } from "../../src/bytes.ts";
import { checksumOf } from "../../src/digest.ts";
import {
  close,
  fstat,
  listXattrs,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  AT_FDCWD,
  readDirectory,
  readlinkAt,
  readFile,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  type Stat,
  statAt,
} from "../../src/linux/index.ts";

/**
 * Lines `path mode uid gid size rdev mtime xattrs content`; hard links show as one content with the same group number.
 * @param skip paths (relative, as printed) to leave out with all below them
 */
export function listing(path: string | Buffer, { skip = [] as string[], times = true } = {}): string[] {
  const lines: string[] = [];
  const groups = new Map<string, number>();
  const enter = (fd: number, prefix: ByteString): void => {
    for (const { name } of [...readDirectory(fd)].sort((a, b) => compareBytes(a.name, b.name))) {
      const shown = `${prefix}/${name}` as ByteString;
      if (skip.includes(toText(shown))) continue;
      const stat = statAt(fd, toBytes(name));
      lines.push(describe(fd, name, shown, stat));
      if ((stat.mode & S_IFMT) !== S_IFDIR) continue;
      const child = openAt(fd, toBytes(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      enter(child, shown);
      close(child);
    }
  };
  const describe = (fd: number, name: ByteString, shown: ByteString, stat: Stat): string => {
    const type = stat.mode & S_IFMT;
    const where = Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), toBytes(name)]);
    const xattrs = listXattrs(where).map((x) => `${toText(x.name)}=${toText(x.value)}`);
    const content =
      type === S_IFREG
        ? checksumOf(readFile(where, 2 ** 32))
        : type === S_IFLNK
          ? toText(readlinkAt(fd, toBytes(name)))
          : "";
    const key = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1 && type !== S_IFDIR && !groups.has(key)) groups.set(key, groups.size + 1);
    const size = type === S_IFDIR ? 0 : stat.size;
    const time = times ? `${stat.mtime}.${stat.mtimeNsec}` : "";
    return [
      toText(shown),
      stat.mode.toString(8),
      stat.uid,
      stat.gid,
      size,
      stat.rdev,
      time,
      xattrs.join(","),
      content,
      groups.get(key) ?? "",
    ].join(" ");
  };
  const fd = openAt(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  const root = fstat(fd);
  lines.push(`/ ${root.mode.toString(8)} ${root.uid} ${root.gid}`);
  enter(fd, "" as ByteString);
  close(fd);
  return lines;
}
