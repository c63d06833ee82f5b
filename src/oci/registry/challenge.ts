/** What a server answers to a request without the right credentials. Spec: RFC 9110 §11.6.1 */

/** How to be let in. */
export type Challenge = { scheme: "basic" } | { scheme: "bearer"; realm: string; parameters: Record<string, string> };

const PARAMETER = /([A-Za-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** The challenge of a `WWW-Authenticate` header that we can meet; bearer before basic. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const bearer = /(?:^|,\s*)bearer\s+(.*)/i.exec(header ?? "");
  if (bearer !== null) {
    const parameters: Record<string, string> = {};
    for (const [, name, quoted, plain] of bearer[1]!.matchAll(PARAMETER))
      parameters[name!.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain!;
    const { realm, ...others } = parameters;
    if (realm !== undefined) return { scheme: "bearer", realm, parameters: others };
  }
  return /(?:^|,\s*)basic\b/i.test(header ?? "") ? { scheme: "basic" } : undefined;
}
