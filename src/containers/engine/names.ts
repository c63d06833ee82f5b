/** What a container is called, and what it calls others. */
import type { NamedContainer } from "./record.ts";

/** Its host name. */
export function hostnameOf({ options, id }: NamedContainer): string {
  return options.hostname ?? id.slice(0, 12);
}

/** What was asked to be in its /etc/hosts. */
export function hostLines({ options }: NamedContainer): string[] {
  return options.hosts.map(({ name, address }) => `${address}\t${name}`);
}
