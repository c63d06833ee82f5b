/** Programs of the host that are run around a container's life. Spec: OCI runtime, config.md, "POSIX-platform Hooks" */
import { AtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";
import type { HookStage, RuntimeConfig } from "../spec/config.ts";
import type { ContainerRecord } from "./record.ts";
import { type ContainerStatus, describe } from "./state.ts";

/** Stages whose hooks run in the namespaces of the caller. */
export const HOST_HOOK_STAGES = ["prestart", "createRuntime", "poststart", "poststop"] as const satisfies HookStage[];
export type HostHookStage = (typeof HOST_HOOK_STAGES)[number];

const MILLISECONDS = 1000;

/** @throws AtomicError unsupported for hooks that would run inside the container: leaving them out could be unsafe */
export function checkHooks({ hooks = {} }: RuntimeConfig): void {
  for (const stage of ["createContainer", "startContainer"] as const)
    if ((hooks[stage] ?? []).length > 0)
      throw new AtomicError("unsupported", `running ${stage} hooks: hooks inside the container are not supported`);
}

/**
 * Runs the hooks of a stage in order, each with the container's state on standard input and the environment it names.
 * @throws AtomicError child-failed, not-found: the hooks after it are not run
 */
export function runHooks(record: ContainerRecord, stage: HostHookStage, status: ContainerStatus): void {
  for (const { path, args, env = [], timeout } of record.config.hooks?.[stage] ?? []) {
    const variables = env.map((variable) => {
      const at = variable.indexOf("=");
      return at < 0 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
    });
    try {
      run([path, ...(args ?? []).slice(1)], {
        input: JSON.stringify(describe(record, status)),
        env: Object.fromEntries(variables) as Record<string, string>,
        cwd: record.bundle,
        ...(args?.[0] === undefined ? {} : { argv0: args[0] }),
        ...(timeout === undefined ? {} : { timeout: timeout * MILLISECONDS }),
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AtomicError("child-failed", `running a ${stage} hook of the container ${record.id}: ${why}`, { cause });
    }
  }
}
