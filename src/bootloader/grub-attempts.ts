/**
 * Boot attempts as GRUB counts them: one variable for each counted entry, an `x` for each attempt made.
 *
 * GRUB's script language cannot subtract, but it can append a letter and compare. The variable is named by the entry's
 * ORDER, which no other entry ever has, so a new entry starts at none and nobody has to reset anything.
 */
import type { BootCounter } from "./entry-name.ts";

const NAME = /^atomic_done_([1-9][0-9]{0,8})$/;

/** The variable that holds the attempts of the entry of this ORDER. */
export function attemptsVariable(order: number): string {
  return `atomic_done_${order}`;
}

/** The value after `count` attempts. */
export function attemptsValue(count: number): string {
  return "x".repeat(count);
}

/** The attempts made, by ORDER, as an environment block holds them. */
export function countedAttempts(variables: ReadonlyMap<string, string>): Map<number, number> {
  const counted = new Map<number, number>();
  for (const [name, value] of variables) {
    const order = NAME.exec(name)?.[1];
    if (order !== undefined && /^x*$/.test(value)) counted.set(Number(order), value.length);
  }
  return counted;
}

/** All attempts an entry has, made or left. */
export function allAttempts({ left, done }: BootCounter): number {
  return left + done;
}
