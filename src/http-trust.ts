/** Whom TLS trusts. */
import { getCACertificates, rootCertificates } from "node:tls";

/**
 * The certificate authorities of the system, or those built in where it has none, and those of NODE_EXTRA_CA_CERTS.
 * Passed explicitly: Bun 1.4's `node:https` ignores that variable otherwise.
 */
export function trustedCertificates(): string[] {
  const system = getCACertificates("system");
  return [...(system.length > 0 ? system : rootCertificates), ...getCACertificates("extra")];
}
