/** Making a container of an image: from here on it has a name. */
import { AtomicError } from "../../errors.ts";
import type { StoredImage } from "../../oci/index.ts";
import type { RunOptions } from "../configure/run-options.ts";
import { parseSignal } from "../runtime/kill.ts";
import { identify } from "../runtime/process-identity.ts";
import { withIdMaps } from "./assign-ids.ts";
import { withLabels } from "./assign-labels.ts";
import type { Engine } from "./place.ts";
import { checkForUser } from "./user-limits.ts";
import { keepContainer, type NamedContainer } from "./record.ts";

export interface CreateRequest {
  image: StoredImage;
  options: RunOptions;
  command: readonly string[];
}

/** Makes a container, to be started. @throws AtomicError exists, usage (no such signal), no-space */
export function createNamed(engine: Engine, { image, options, command }: CreateRequest): NamedContainer {
  const id = crypto.getRandomValues(Buffer.alloc(32)).toString("hex");
  const { user, env, entrypoint, cmd, workingDir, stopSignal } = image.config.run;
  const creator = identify(process.pid);
  if (creator === undefined)
    throw new AtomicError("unsupported", "making a container: /proc does not show this process");
  checkForUser(engine, options);
  if (options.stopSignal !== undefined) parseSignal(options.stopSignal);
  const container: NamedContainer = {
    format: 1,
    id,
    name: options.name ?? defaultName(image.name, id),
    image: image.name,
    commit: image.commit,
    manifestDigest: image.manifestDigest,
    defaults: {
      env,
      entrypoint,
      cmd,
      ...(user === undefined ? {} : { user }),
      ...(workingDir === undefined ? {} : { workingDir }),
      ...(stopSignal === undefined ? {} : { stopSignal }),
    },
    options: userOf(engine, options),
    command: [...command],
    created: Math.floor(Date.now() / 1000),
    creator,
  };
  withIdMaps(engine, options.userNamespace, (idMaps) => {
    if (idMaps !== undefined) container.idMaps = idMaps;
    withLabels(engine, options, (labels) => {
      if (labels !== undefined) container.labels = labels;
      keepContainer(engine, container);
    });
  });
  return container;
}

/** Who keeps the user's own ID runs as that user, as podman has it. */
function userOf({ userIds }: Engine, options: RunOptions): RunOptions {
  if (options.userNamespace.kind !== "keep-id" || userIds === undefined) return options;
  const [uid, gid] = (["uid", "gid"] as const).map((kind) =>
    userIds[kind].find(({ containerID }) => containerID === 0),
  );
  return { user: `${uid?.hostID}:${gid?.hostID}`, ...options };
}

/** The image's last part and some of the ID: unique without looking. */
function defaultName(image: string, id: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1).replace(/[:@].*$/, "");
  return `${last}-${id.slice(0, 8)}`;
}
