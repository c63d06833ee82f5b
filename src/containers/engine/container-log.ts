/** What a container in the background printed, wherever that is kept. */
import { followJournal, readJournal } from "./journal.ts";
import { followLog, type LogFrame, readLog } from "./logs.ts";
import { dataDirectory, type Engine } from "./place.ts";
import type { NamedContainer } from "./record.ts";
import { isRunning, namedStatus } from "./status.ts";

/** All there is, oldest first. @throws AtomicError as `readJournal` */
export function readContainerLog(engine: Engine, container: NamedContainer): LogFrame[] {
  if (container.options.unit === true) return readJournal(container);
  return readLog(dataDirectory(engine, container.name));
}

/** All there is, then what comes until the container ends. @throws AtomicError as `readJournal` */
export function followContainerLog(engine: Engine, container: NamedContainer): AsyncGenerator<LogFrame[]> {
  const isOver = () => !isRunning(namedStatus(engine, container));
  if (container.options.unit === true) return followJournal(container, isOver);
  return followLog(dataDirectory(engine, container.name), isOver);
}
