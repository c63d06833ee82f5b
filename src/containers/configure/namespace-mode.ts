/** `--pid`, `--ipc`, `--uts`, `--cgroupns`: whose namespace a container is in. */
import { AtomicError } from "../../errors.ts";

export type SharedNamespace = "network" | "pid" | "ipc" | "uts" | "cgroup";
export type NamespaceMode =
  | { kind: "private" }
  | { kind: "host" }
  | { kind: "container"; name: string }
  | { kind: "path"; path: string }
  | { kind: "pasta" }
  | { kind: "network"; name: string };

/** @param shareable it may be another container's @throws AtomicError usage */
export function namespaceMode(option: string, text: string | undefined, shareable: boolean): NamespaceMode {
  if (text === undefined || text === "" || text === "private") return { kind: "private" };
  if (text === "host") return { kind: "host" };
  if (shareable && text.startsWith("container:")) return { kind: "container", name: text.slice("container:".length) };
  if (shareable && text.startsWith("/")) return { kind: "path", path: text };
  const expected = shareable ? "host, private or container:NAME" : "host or private";
  throw new AtomicError("usage", `reading ${option}: expected ${expected}, found ${JSON.stringify(text)}`);
}
