/** The flags of every verb that makes a deployment. */
import { boolean, integer, string } from "@oclif/core/flags";

export const staterootFlag = string({ summary: "the stateroot; the booted one's if left out", helpValue: "NAME" });
export const deploymentFlag = string({
  summary: "index or id of the deployment; the booted one if left out",
  helpValue: "INDEX|ID",
});
export const reasonFlag = string({ summary: "why, for the history", helpValue: "TEXT" });
export const dryRunFlag = boolean({ summary: "only say what would be done" });

export const makeFlags = {
  stateroot: staterootFlag,
  stage: boolean({
    summary: "change what boots only at shutdown, with /etc merged once more; the default on a booted host",
    allowNo: true,
  }),
  retain: integer({ summary: "keep at least N deployments", helpValue: "N", min: 1 }),
  reason: reasonFlag,
  "dry-run": dryRunFlag,
};

interface MakeFlags {
  stateroot: string | undefined;
  stage: boolean | undefined;
  retain: number | undefined;
  reason: string | undefined;
  "dry-run": boolean;
}

/** The options those flags stand for. */
export function makeOptions(flags: MakeFlags) {
  const { stateroot, stage, retain, reason, "dry-run": dryRun } = flags;
  return { dryRun, ...defined({ stage, stateroot, retain, reason }) };
}

/** `values` without the undefined ones. */
export function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
