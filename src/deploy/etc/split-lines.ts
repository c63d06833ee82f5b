/** Lines with their terminators, so that a missing last one is a difference like any other. */
export function splitLines(bytes: Buffer): string[] {
  return bytes.toString("utf8").match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
