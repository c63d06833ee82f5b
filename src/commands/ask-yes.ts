import { closeSync, openSync, readSync } from "node:fs";
import { isTerminal } from "../linux/index.ts";
import { writeStderr } from "./output.ts";

const MAX_ANSWER = 256;

/** Asks on the terminal; true for the word `yes`. Without a terminal nobody can answer, which is no. */
export function askYes(question: string): boolean {
  if (!isTerminal(0) || !isTerminal(2)) return false;
  writeStderr(`${question} Type yes: `);
  const terminal = openSync("/dev/tty", "r");
  try {
    const answer = Buffer.alloc(MAX_ANSWER);
    return answer.toString("utf8", 0, readSync(terminal, answer)).trim() === "yes";
  } finally {
    closeSync(terminal);
  }
}
