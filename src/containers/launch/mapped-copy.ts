/** A second mount of what is mounted somewhere, in which files have the owners a user namespace knows. */
import {
  AT_FDCWD,
  createAssembler,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  OPEN_TREE_CLONE,
  type Program,
} from "../../linux/index.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { attach, openHost } from "./calls.ts";
import { mapOwners } from "./id-mapped.ts";
import { reportFailure } from "./report.ts";

interface MappedCopy {
  source: string;
  /** A directory to mount it on. */
  target: string;
  maps: IdMaps;
}

/** A program that mounts `source` on `target`, once more. */
export function compileMappedCopy({ source, target, maps }: MappedCopy): Program {
  const asm = createAssembler();
  const fail = asm.label("fail");
  asm.failTo(fail);
  asm.step(`opening ${source}`);
  const tree = asm.slot();
  asm.call("open_tree", [AT_FDCWD, asm.text(source), OPEN_TREE_CLONE | O_CLOEXEC], { store: tree });
  asm.step(`mapping the owners in ${source}`);
  mapOwners({ asm }, tree, maps, false);
  asm.step(`mounting ${target}`);
  attach(asm, tree, openHost(asm, target, O_PATH | O_DIRECTORY));
  asm.call("exit_group", [0]);
  asm.place(fail);
  reportFailure(asm, 3);
  return asm.finish();
}
