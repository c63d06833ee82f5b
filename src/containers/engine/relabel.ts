/** `:z` and `:Z` of a volume: its files get the label under which the container may use them. */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { fromText, toBytes } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import {
  close,
  fstat,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  open,
  S_IFDIR,
  S_IFMT,
  setXattr,
  visitPostOrder,
} from "../../linux/index.ts";
import type { Volume } from "../configure/volumes.ts";
import { sharedLabel } from "../configure/selinux-labels.ts";

const NAME = fromText("security.selinux");
/** What the host needs with the labels it has. */
const SYSTEM = [
  "/bin /boot /dev /efi /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /sysroot /tmp /usr",
  "/var /var/cache /var/home /var/lib /var/log /var/roothome /var/tmp",
].flatMap((paths) => paths.split(" "));

/**
 * Gives the files of a volume the label of its container, or for a shared one that of all. Nothing is followed, and what
 * is mounted in it stays as it is.
 * @param label of the container's files; without one nothing is done
 * @throws AtomicError usage for a directory the host needs; unsupported where files have no labels; conflict
 */
export function relabelVolume({ kind, source, relabel }: Volume, label: string | undefined): void {
  if (kind !== "bind" || relabel === undefined || label === undefined) return;
  const path = realpathSync(source!);
  if (path === "/" || SYSTEM.includes(path) || path === homedir() || SYSTEM.some((one) => one.startsWith(`${path}/`))) {
    throw new AtomicError("usage", `labelling ${source} for a container: the host needs the labels it has`, {
      hint: `atomic run --security-opt label=disable -v ${source}:…`,
    });
  }
  const xattr = { name: NAME, value: fromText(`${relabel === "shared" ? sharedLabel(label) : label}\0`) };
  const fd = open(path, O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  try {
    setXattr(fd, xattr);
    if ((fstat(fd).mode & S_IFMT) !== S_IFDIR) return;
    visitPostOrder(path, ({ dirFd, name }) => {
      setXattr(Buffer.concat([Buffer.from(`/proc/self/fd/${dirFd}/`), toBytes(name)]), xattr);
    });
  } finally {
    close(fd);
  }
}
