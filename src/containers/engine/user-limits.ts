/** What ordinary users' containers cannot have, and what root's do not need. */
import { AtomicError } from "../../errors.ts";
import type { RawRunFlags } from "../configure/run-flags.ts";
import type { RunOptions } from "../configure/run-options.ts";
import { hasPasta } from "../network/pasta.ts";
import type { Engine } from "./place.ts";

/** @throws AtomicError unsupported, naming the option */
export function checkForUser({ userIds }: Engine, { privileged, namespaces, publish }: RunOptions): void {
  const { network } = namespaces;
  if (userIds === undefined) {
    if (network.kind !== "pasta") return;
    throw refused("--network=pasta", "root's containers have bridges", "atomic run --network=bridge IMAGE");
  }
  if (privileged) throw refused("--privileged", "an ordinary user has no privileges to give", "sudo atomic run IMAGE");
  const open = publish.find(({ hostPort }) => hostPort === undefined);
  if (open !== undefined) {
    const port = open.containerPort;
    throw refused(
      `--publish=${port}`,
      "which port of the host leads there is not said",
      `atomic run -p 8080:${port} IMAGE`,
    );
  }
  if (network.kind === "network") {
    const why = "an ordinary user has no bridges";
    throw refused(`--network=${network.name}`, why, "atomic run --network=pasta IMAGE");
  }
}

/**
 * Options with the network that a user's container gets without a word: pasta, or none where that is not installed.
 * @throws AtomicError unsupported for ports without it
 */
export function withUsersNetwork({ userIds }: Engine, flags: RawRunFlags, warn: (text: string) => void): RawRunFlags {
  if (userIds === undefined || flags.network !== undefined) return flags;
  if (hasPasta()) return { ...flags, network: "pasta" };
  if ((flags.publish ?? []).length > 0)
    throw refused("--publish", "pasta is not installed, which ordinary users need", "apt-get install passt");
  warn("the container has no network: pasta (passt) is not installed");
  return { ...flags, network: "none" };
}

function refused(option: string, why: string, hint: string): AtomicError {
  return new AtomicError("unsupported", `running with ${option}: ${why}`, { hint });
}
