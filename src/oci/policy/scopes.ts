/** Which rule is for which image. Spec: containers-policy.json(5), "Supported transports and their scopes" */
import type { ImageReference } from "../reference.ts";
import type { Policy } from "./policy-file.ts";
import type { Requirement } from "./requirement.ts";

/** The requirements for an image: those of the narrowest scope that is configured. */
export function requirementsFor({ transports, default: fallback }: Policy, reference: ImageReference): Requirement[] {
  const rules = transports.get(reference.transport);
  const scope = [...scopesOf(reference), ""].find((each) => rules?.has(each));
  return (scope === undefined ? undefined : rules?.get(scope)) ?? fallback;
}

/** The scopes an image is in, from the image itself to the widest. Paths are absolute and without symlinks. */
export function scopesOf(reference: ImageReference): string[] {
  switch (reference.transport) {
    case "docker": {
      const { host, path, tag, digest } = reference;
      const name = `${host}/${path}`;
      return [digest === undefined ? `${name}:${tag}` : `${name}@${digest}`, ...parents(name), ...wildcards(host)];
    }
    case "oci":
    case "oci-archive":
      return [`${reference.path}:${reference.tag ?? ""}`, ...parents(reference.path)];
    case "docker-archive":
      return [];
  }
}

/** `a/b/c`, `a/b`, `a`; of an absolute path all but the root. */
function parents(name: string): string[] {
  const parts = name.split("/");
  return parts.map((_, i) => parts.slice(0, parts.length - i).join("/")).filter((each) => each !== "");
}

/** `*.b.c`, `*.c` of `a.b.c:80`. */
function wildcards(host: string): string[] {
  const labels = host.replace(/:[0-9]+$/, "").split(".");
  return labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join(".")}`);
}
