/** What a profile says to each system call of one architecture. */
import type { Seccomp, SeccompArg, SeccompRule } from "../spec/seccomp.ts";
import { compareStrictness, returnValue } from "./action.ts";
import { muxedCall } from "./muxed-call.ts";
import type { FilterArch } from "./syscalls/table.ts";

/** The answer to one system call: that of the first tests that all hold, else `otherwise`. */
export interface Decision {
  tests: readonly Answer[];
  otherwise: number;
}
interface Answer {
  /** All must hold. */
  args: readonly SeccompArg[];
  result: number;
}

/**
 * The decisions that differ from the default, by system call number.
 *
 * Where several rules match a call, the strictest decides, as between several filters in the kernel.
 * A name that `table` lacks is left out.
 * @throws AtomicError invalid for an errno that is none
 */
export function decide(profile: Seccomp, arch: FilterArch, table: ReadonlyMap<string, number>): Map<number, Decision> {
  const fallback = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const found = new Map<number, Answer[]>();
  const add = (number: number, answers: Answer[]) => {
    const before = found.get(number);
    found.set(number, before === undefined ? answers : [...before, ...answers]);
  };
  for (const rule of profile.syscalls ?? []) {
    const result = returnValue(rule.action, rule.errnoRet);
    if (result === fallback) continue;
    const answers = alternatives(rule).map((args) => ({ args, result }));
    for (const name of rule.names) {
      const number = table.get(name);
      if (number !== undefined) add(number, answers);
      const muxed = arch === "SCMP_ARCH_X86" ? muxedCall(name, rule) : undefined;
      if (muxed !== undefined) add(table.get(muxed.via)!, [{ args: [muxed.arg], result }]);
    }
  }
  return new Map([...found].map(([number, answers]) => [number, decisionOf(answers, fallback)]));
}

function decisionOf(answers: Answer[], fallback: number): Decision {
  const strictFirst =
    answers.length === 1 ? answers : answers.toSorted((a, b) => compareStrictness(a.result, b.result));
  const always = strictFirst.findIndex(({ args }) => args.length === 0);
  return {
    tests: always === -1 ? strictFirst : strictFirst.slice(0, always),
    otherwise: strictFirst[always]?.result ?? fallback,
  };
}

/** Several tests of one argument are alternatives, as runc and crun have it; profiles are written for them. */
function alternatives({ args = [] }: SeccompRule): readonly (readonly SeccompArg[])[] {
  const indexes = new Set(args.map(({ index }) => index));
  return indexes.size === args.length ? [args] : args.map((arg) => [arg]);
}
