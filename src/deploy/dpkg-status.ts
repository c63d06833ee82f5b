/** The package list of dpkg. Spec: deb822(5), dpkg(1) */

/** Name (with its architecture where several are installed) → version, of the packages that are installed. */
export type Packages = Map<string, string>;

/** Reads the text of dpkg's `status` file; what is not installed is left out. */
export function parseDpkgStatus(text: string): Packages {
  const packages: Packages = new Map();
  for (const paragraph of text.split(/\n{2,}/)) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: *(.*)$`, "m").exec(paragraph)?.[1];
    const [name, version, status] = [field("Package"), field("Version"), field("Status")];
    if (name === undefined || version === undefined || (status !== undefined && !status.endsWith(" installed")))
      continue;
    const foreign = packages.has(name) ? `:${field("Architecture") ?? ""}` : "";
    packages.set(name + foreign, version);
  }
  return packages;
}
