/** The outcome of checking a host. */
import type { VerifyReport } from "../../deploy/index.ts";
import { short } from "./commits.ts";
import { counted } from "./counted.ts";
import { printable } from "./printable.ts";

/** Every defect with what mends it, and the sum. */
export function renderVerified({ deployments, signatures, defects }: VerifyReport): string {
  const lines = defects.flatMap(({ id, what, hint }) => [
    `defect: ${id === "" ? "" : `deployment ${short(id)}: `}${printable(what)}`,
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
  ]);
  const vouched = signatures
    .filter(({ signature }) => signature !== "unsigned")
    .map(({ id, signature }) => `deployment ${short(id)}: ${printable(signature)}`);
  const outcome = defects.length === 0 ? "all is well" : `${counted(defects.length, "defect")} found`;
  return [...vouched, ...lines, `checked ${counted(deployments, "deployment")}: ${outcome}`].join("\n");
}
