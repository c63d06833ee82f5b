/** Hooks around a container's life; those that run on the host. Spec: OCI runtime, config.md, "POSIX-platform Hooks" */
import { AtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";
import type { HookStage, RuntimeConfig } from "../spec/config.ts";
import type { ContainerRecord } from "./record.ts";
import { type ContainerStatus, describe } from "./state.ts";

/** Stages whose hooks run in the namespaces of the caller. */
export type HostHookStage = Exclude<HookStage, "createContainer" | "startContainer">;

const MILLISECONDS = 1000;

/** Whether there are hooks of these stages. */
export function hasHooks({ hooks = {} }: RuntimeConfig, ...stages: readonly HookStage[]): boolean {
  return stages.some((stage) => (hooks[stage] ?? []).length > 0);
}

/**
 * Runs the hooks of a stage in order, each with the container's state on standard input and the environment it names.
 * @throws AtomicError child-failed, not-found: the hooks after it are not run
 */
export function runHooks(record: ContainerRecord, stage: HostHookStage, status: ContainerStatus): void {
  for (const hook of hooksOf(record, stage)) runHook(record, { stage, hook, status });
}

/** Runs the hooks of a container that is gone. @returns what went wrong, which stops nothing */
export function runPoststop(record: ContainerRecord): string[] {
  return hooksOf(record, "poststop").flatMap((hook) => {
    try {
      runHook(record, { stage: "poststop", hook, status: "stopped" });
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

type Hook = ReturnType<typeof hooksOf>[number];

function hooksOf({ config }: ContainerRecord, stage: HostHookStage) {
  return config.hooks?.[stage] ?? [];
}

interface HookCall {
  stage: HostHookStage;
  hook: Hook;
  status: ContainerStatus;
}

function runHook(record: ContainerRecord, { stage, hook, status }: HookCall): void {
  const { path, args, env = [], timeout } = hook;
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
