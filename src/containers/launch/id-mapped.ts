/** Bind mounts whose files show other owners: a mount carries the ID maps of a user namespace made for it alone. */
import {
  type Address,
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  AT_FDCWD,
  CLONE_NEWUSER,
  MOUNT_ATTR_IDMAP,
  O_CLOEXEC,
  O_RDONLY,
  offsetFrom,
  SIGCHLD,
  type Slot,
  slotAt,
} from "../../linux/index.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { closeFd, emptyPath, makePipe } from "./calls.ts";
import type { LaunchContext } from "./context.ts";
import { pathOfProcess, writeIdMaps } from "./namespaces.ts";

/** On the host's side, where that is allowed: maps the owners in the detached mount `tree`. */
export function mapOwners(context: Pick<LaunchContext, "asm">, tree: Slot, maps: IdMaps, recursive: boolean): void {
  const { asm } = context;
  const namespace = openUserNamespace(context, maps);
  // struct mount_attr: set, clear, propagation, user namespace
  const attributes: Address = asm.words([MOUNT_ATTR_IDMAP, 0, 0, 0]);
  asm.compute(namespace, { store: slotAt(offsetFrom(attributes, 24)) });
  asm.call("mount_setattr", [tree, emptyPath(asm), AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes, 32]);
  closeFd(asm, namespace);
}

/** A user namespace with these maps. It exists through its descriptor; the process it is made with ends at once. */
function openUserNamespace(context: Pick<LaunchContext, "asm">, maps: IdMaps): Slot {
  const { asm } = context;
  const [pid, namespace, holder, made] = [asm.slot(), asm.slot(), asm.label("holder"), asm.label("made")];
  const { read, write } = makePipe(asm);
  asm.call("clone", [CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0], { store: pid, onZero: holder });
  asm.jump(made);
  asm.place(holder);
  closeFd(asm, write);
  // Ends when the other side is closed, and so when the launch program fails.
  asm.call("read", [read, asm.bytes(Buffer.alloc(8)), 1], { onError: "ignore" });
  asm.call("exit_group", [0]);
  asm.place(made);
  writeIdMaps(asm, pid, maps);
  asm.call("openat", [AT_FDCWD, pathOfProcess(asm, pid, "ns/user"), O_RDONLY | O_CLOEXEC, 0], { store: namespace });
  for (const fd of [read, write]) closeFd(asm, fd);
  asm.call("wait4", [pid, 0, 0, 0]);
  return namespace;
}
