/** Images of Debian's static busybox, as OCI layouts. */
import { readFileSync } from "node:fs";
import { writeLayout } from "../oci/layout-builder.ts";
import { BUSYBOX } from "./busybox.ts";

const DIRECTORIES = ["bin", "dev", "etc", "proc", "sys", "tmp"];
const PASSWD = "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/tmp:/bin/sh\n";

/** Writes the layout of an image with busybox and `programs` in /bin, a user `web`, and `labels`. */
export function writeBusyboxImage(
  layout: string,
  programs: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): void {
  const layer = [
    ...DIRECTORIES.map((name) => ({ name, flag: "5", mode: 0o755 })),
    { name: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...programs.map((name) => ({ name: `bin/${name}`, flag: "2", target: "busybox" })),
    { name: "etc/passwd", content: PASSWD, mode: 0o644 },
  ];
  writeLayout(layout, { layers: [layer], tag: "latest", run: { Env: ["PATH=/bin"], Cmd: ["sh"], Labels: labels } });
}
