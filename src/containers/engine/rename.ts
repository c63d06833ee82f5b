/** Another name for a container. */
import { AtomicError, isAtomicError } from "../../errors.ts";
import { checkContainerName } from "../configure/run-options.ts";
import { renameLease } from "../network/connect.ts";
import { lockContainer } from "./lock.ts";
import { dataDirectory, type Engine } from "./place.ts";
import type { NamedContainer } from "./record.ts";
import { isRunning, namedStatus } from "./status.ts";
import { unitName } from "./unit.ts";

/** Renames a container, whether it runs or not. @throws AtomicError usage, exists, not-found */
export async function renameContainer(engine: Engine, container: NamedContainer, to: string): Promise<void> {
  const { name, id, options } = container;
  const [from, target] = [dataDirectory(engine, name), dataDirectory(engine, checkContainerName(to))];
  const unlock = lockContainer(engine, container);
  try {
    if (options.unit === true && isRunning(namedStatus(engine, container))) {
      throw new AtomicError("conflict", `renaming container ${name}: it runs as ${unitName(container)}`, {
        hint: `atomic stop ${name}`,
      });
    }
    engine.repo.disk.renameNoReplace(from, target);
    engine.repo.disk.fsyncDirectory(engine.data);
    if (options.namespaces.network.kind === "network") await renameLease(engine.networks, id, { from: name, to });
  } catch (error) {
    if (!isAtomicError(error, "exists")) throw error;
    throw new AtomicError("exists", `renaming container ${name}: there is one called ${to}`, {
      hint: `atomic rm ${to}`,
    });
  } finally {
    unlock();
  }
}
