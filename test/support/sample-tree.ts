/** A small directory that has one of everything an OS tree can hold. Needs root. */
import { createDurable } from "../../src/durable.ts";
import { fromText } from "../../src/bytes.ts";
import { S_IFBLK, S_IFCHR, S_IFIFO } from "../../src/linux/index.ts";

/** Bytes that are not UTF-8. */
const STRANGE_NAME = Buffer.from([0x6e, 0xff, 0xfe, 0x6d, 0x0a]);

/** Fills the new directory `path`; equal calls give equal trees. */
export function makeSampleTree(path: string): void {
  const disk = createDurable();
  const at = (...parts: (string | Buffer)[]) =>
    Buffer.concat([path, ...parts].flatMap((part) => [Buffer.from(part), Buffer.from("/")]).slice(0, -1));
  const file = (name: Buffer, content: string | Buffer, mode = 0o644) => {
    const out = disk.create(name, mode);
    out.write(Buffer.from(content));
    out.close();
  };
  disk.mkdir(path, 0o755);
  for (const name of ["bin", "etc", "lib", "empty-dir", "dev"]) disk.mkdir(at(name), 0o755);
  file(at("bin", "tool"), "#!/bin/sh\necho tool\n", 0o4755);
  disk.link(at("bin", "tool"), at("bin", "again"));
  disk.link(at("bin", "tool"), at("lib", "tool-in-lib"));
  file(at("etc", "hostname"), "demo\n");
  file(at("etc", "same-bytes"), "demo\n", 0o600);
  file(at("etc", "empty"), "");
  file(at("etc", STRANGE_NAME), "odd name\n");
  file(at("lib", "large"), Buffer.alloc(3 * 1024 * 1024 + 17, "large file "));
  disk.symlink(STRANGE_NAME, at("etc", "link-to-strange"));
  disk.symlink("../bin/tool", at("lib", "link"));
  disk.mknod(at("dev", "null"), S_IFCHR | 0o666, (1 << 8) | 3);
  disk.mknod(at("dev", "disk"), S_IFBLK | 0o660, (8 << 8) | 1);
  disk.mknod(at("dev", "whiteout"), S_IFCHR, 0);
  disk.mknod(at("dev", "pipe"), S_IFIFO | 0o640, 0);
  const xattrs = [
    {
      name: fromText("security.capability"),
      value: Buffer.from("0100000200040000000000000000000000000000", "hex").toString("latin1") as never,
    },
    { name: fromText("user.note"), value: fromText("kept \0 whole") },
  ];
  disk.setMetadata(at("lib", "large"), { uid: 1000, gid: 70000, xattrs });
  disk.setMetadata(at("empty-dir"), { mode: 0o1777 });
  const old = [at("etc", "hostname"), at("etc", "link-to-strange"), at("dev", "pipe"), at("lib", "large"), at("etc")];
  for (const name of old) disk.setMetadata(name, { mtime: -86400 * 365, mtimeNsec: 123_456_789 });
  const rest = [
    at("bin", "tool"),
    at("etc", "same-bytes"),
    at("etc", "empty"),
    at("etc", STRANGE_NAME),
    at("lib", "link"),
    at("dev", "null"),
    at("dev", "disk"),
    at("dev", "whiteout"),
    at("bin"),
    at("lib"),
    at("empty-dir"),
    at("dev"),
    at(),
  ];
  for (const name of rest) disk.setMetadata(name, { mtime: 1_700_000_000, mtimeNsec: 5 });
}
