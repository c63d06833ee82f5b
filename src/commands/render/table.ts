/**
 * Aligned columns.
 */
import { stripVTControlCharacters } from "node:util";
import type { Style } from "./style.ts";

/** One column: its heading, and whether its cells are numbers (aligned right). */
export interface Column {
  name: string;
  right?: boolean;
}

/** A heading line and one line per row, two spaces between columns; no heading when every name is empty. */
export function table(columns: Column[], rows: string[][], style: Style): string {
  const headed = columns.some((column) => column.name !== "");
  const heading = columns.map((column) => column.name.toUpperCase());
  const widths = columns.map((_, i) => Math.max(...[...rows, headed ? heading : []].map((row) => width(row[i] ?? ""))));
  const line = (row: string[]): string =>
    columns
      .map(({ right }, i) => {
        const cell = row[i] ?? "";
        const space = " ".repeat((widths[i] ?? 0) - width(cell));
        return right === true ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [...(headed ? [style.bold(line(heading))] : []), ...rows.map(line)].join("\n");
}

/** Columns a cell takes: code points, since what varies in width (file names) stands in the last column. */
function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}

/** One `name: value` line per fact that is known, values aligned. */
export function facts(known: [name: string, value: string | undefined][], style: Style): string {
  const rows = known.filter(([, value]) => value !== undefined && value !== "");
  const widest = Math.max(...rows.map(([name]) => width(name)));
  return rows
    .map(([name, value]) => `${style.bold(`${name}:`)}${" ".repeat(widest - width(name) + 2)}${value}`)
    .join("\n");
}
