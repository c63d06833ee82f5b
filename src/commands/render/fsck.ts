/** The outcome of checking a store. */
import type { RepairReport } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { counted } from "./counted.ts";
import { printable } from "./printable.ts";

/** Every defect, what was repaired, and the sum. */
export function renderFsck({ objects, bytes, defects, repaired }: RepairReport): string {
  const sum = `checked ${counted(objects, "object")}, ${formatBytes(bytes)}`;
  const outcome = [
    ...(repaired.length > 0 ? [`${counted(repaired.length, "defect")} repaired`] : []),
    defects.length === 0
      ? "all is well"
      : `${counted(defects.length, "defect")} ${repaired.length > 0 ? "left" : "found"}`,
  ];
  return [
    ...repaired.map(({ message }) => `repaired: ${printable(message)}`),
    ...defects.map(({ message }) => `defect: ${printable(message)}`),
    `${sum}: ${outcome.join(", ")}`,
  ].join("\n");
}
