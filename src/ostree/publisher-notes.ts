/** What the publisher of a commit says about it, to those who think of an upgrade. */
import type { Commit } from "./commit-object.ts";

/** The metadata key of notes that do not fit in a subject; of an image, the annotation or label. */
export const NOTES_KEY = "atomic.notes";

/** The subject of a commit, and its notes where it has any. */
export function publisherSays({ subject, metadata }: Pick<Commit, "subject" | "metadata">): {
  subject: string;
  notes?: string;
} {
  const notes = metadata[NOTES_KEY];
  return { subject, ...(notes === undefined ? {} : { notes }) };
}
