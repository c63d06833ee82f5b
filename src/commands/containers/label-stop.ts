/** Ending a container the way LABEL STOP of its image says. */
import {
  createNamed,
  type Engine,
  findLabel,
  interpretLabel,
  type LabelCommand,
  type NamedContainer,
  removeContainer,
  runOptions,
  stopContainer,
} from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";
import { imageOfCommit, type StoredImage } from "../../oci/index.ts";
import { execSession } from "./exec-session.ts";
import { agree, hostVariables } from "./label-run.ts";
import { startSession } from "./start-session.ts";

/** What a label asks for, and the image it is of. */
export interface LabelledStop {
  asked: LabelCommand;
  image: StoredImage;
}

/**
 * Reads LABEL STOP of a container's image. @param words of the operator, which are added
 * @returns undefined when there is none
 * @throws AtomicError invalid, unsupported, also when it is about another container
 */
export function labelledStop(
  engine: Engine,
  { name, image: named, commit }: NamedContainer,
  words: readonly string[],
): LabelledStop | undefined {
  const image = imageOfCommit(engine.repo, commit, named);
  const label = image === undefined ? undefined : findLabel(image.config.labels, "STOP");
  if (image === undefined || label === undefined) return undefined;
  const asked = interpretLabel(label, hostVariables(image, name), words);
  const others = (asked.kind === "run" ? [] : asked.kind === "exec" ? [asked.name] : asked.names).filter(
    (one) => one !== name,
  );
  if (others.length > 0)
    throw new AtomicError("unsupported", `stopping container ${name}: LABEL STOP names another, ${others[0]}`, {
      hint: `atomic stop --ignore ${name}`,
    });
  return { asked, image };
}

/**
 * Does it. @param seconds before it is killed, where the label does not say
 * @returns an exit status
 * @throws AtomicError as the verbs the label names
 */
export async function stopByLabel(
  engine: Engine,
  container: NamedContainer,
  { asked, image }: LabelledStop,
  { seconds, yes }: { seconds: number; yes: boolean },
): Promise<number> {
  switch (asked.kind) {
    case "stop":
      return stopped(await stopContainer(engine, container, { seconds: asked.time ?? seconds }));
    case "kill":
      return stopped(await stopContainer(engine, container, { seconds, signal: asked.signal ?? "KILL" }));
    case "rm":
      await removeContainer(engine, container, { force: true });
      return 0;
    case "exec": {
      const { command, terminal } = asked;
      return execSession(engine, container, { command, terminal, env: [], interactive: terminal, detached: false });
    }
    case "run": {
      if (asked.run.image !== image.name) {
        throw new AtomicError("unsupported", `stopping container ${container.name}: LABEL STOP names another image`, {
          hint: `atomic stop --ignore ${container.name}`,
        });
      }
      agree(engine, image, { flags: asked.run.flags, byLabel: true }, { yes });
      const options = runOptions(asked.run.flags);
      const helper = createNamed(engine, { image, options, command: asked.run.command });
      return startSession(engine, helper, { ...options, discard: true });
    }
  }
  function stopped(ran: boolean): number {
    if (ran) return 0;
    throw new AtomicError("nothing-to-do", `stopping container ${container.name}: it does not run`);
  }
}
