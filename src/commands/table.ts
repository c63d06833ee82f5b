/**
 * Every verb: its one-line summary and the module that holds it.
 *
 * Modules are imported only when their verb runs: a start-up loads oclif and one use case, not the whole program.
 */
import type { BaseCommand } from "./base.ts";

/** A command class: concrete, with the static properties `BaseCommand` lists. */
export type VerbClass = typeof BaseCommand & (new (...args: ConstructorParameters<typeof BaseCommand>) => BaseCommand);

export interface Verb {
  summary: string;
  load(): Promise<{ default: VerbClass }>;
}

/** The words that group verbs. */
export const TOPICS: Record<string, string> = {
};

/** The verbs, by the words that call them. */
export const VERBS: Record<string, Verb> = {
  completion: { summary: "Print a completion script for bash, zsh or fish", load: () => import("./completion.ts") },
};
