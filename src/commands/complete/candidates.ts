/** What may be typed for each kind of value. */
import { resolve } from "node:path";
import { createDurable } from "../../durable.ts";
import { listRefs, openRepo } from "../../ostree/index.ts";
import { repoPath } from "../repo/base.ts";

/** Something the shell itself completes. */
export type ShellCompletion = ":directory" | ":file";

export interface Candidate {
  value: string;
  description: string;
}

/** The host and store a command line addresses. */
export interface Place {
  sysroot: string;
  repo: string | undefined;
}

/** What a value with this placeholder may be: the allowed values, or what the host has of that kind. */
export async function candidatesOf(
  kind: string | readonly string[],
  place: Place,
): Promise<Candidate[] | ShellCompletion> {
  if (typeof kind !== "string") return kind.map((value) => ({ value, description: "" }));
  if (kind === "DIR") return ":directory";
  if (kind === "FILE") return ":file";
  if (["REV", "REF", "SPEC", "FROM", "TO"].includes(kind)) return refs(place);
  if (kind.startsWith("INDEX")) return deployments(place);
  return [];
}

async function deployments({ sysroot }: Place): Promise<Candidate[]> {
  const { hostStatus, openSysroot } = await import("../../deploy/index.ts");
  return hostStatus(openSysroot(sysroot, createDurable())).deployments.map(({ index, version, commit, origin }) => ({
    value: String(index),
    description: `${version ?? commit.slice(0, 12)} ${origin}`,
  }));
}

function refs(place: Place): Candidate[] {
  const repo = openRepo(resolve(repoPath(place)), createDurable());
  return listRefs(repo).map(({ ref, commit }) => ({ value: ref, description: commit?.slice(0, 12) ?? "" }));
}
