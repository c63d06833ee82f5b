/**
 * Assembles images/tools without a builder of containers: `bun scripts/tools-image.ts DIRECTORY [PACKAGE…]` writes an OCI
 * layout, to be pulled with `atomic pull oci:DIRECTORY --name tools`.
 *
 * The Containerfile is read, not carried out: release, packages, labels and command come from it; packages named on the
 * command line take the place of its own. Debian's mmdebstrap installs them. Needs root.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { debianSources, machineAptSources } from "../src/deploy/index.ts";
import { run } from "../src/spawn.ts";

const CONTAINERFILE = resolve(import.meta.dirname, "../images/tools/Containerfile");
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const OCI = "application/vnd.oci.image";
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

interface Containerfile {
  suite: string;
  packages: string[];
  labels: Record<string, string>;
  cmd: string[];
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const [directory, ...packages] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: bun scripts/tools-image.ts DIRECTORY [PACKAGE…]");
assemble(resolve(directory), packages);

function assemble(layout: string, only: readonly string[]): void {
  const file = parseContainerfile(readFileSync(CONTAINERFILE, "utf8"));
  const scratch = mkdtempSync(join(process.env["TMPDIR"] ?? tmpdir(), "atomic-tools-"));
  try {
    const archive = join(scratch, "layer.tar");
    install(file.suite, only.length > 0 ? only : file.packages, archive);
    const diffId = sha256(archive);
    run(["gzip", "-n", "-1", archive]);
    mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
    const layer = addFile(layout, `${archive}.gz`, `${OCI}.layer.v1.tar+gzip`);
    const config = addDocument(layout, `${OCI}.config.v1+json`, {
      architecture: ARCHITECTURES[process.arch],
      os: "linux",
      config: { Cmd: file.cmd, Labels: file.labels },
      rootfs: { type: "layers", diff_ids: [diffId] },
    });
    const manifest = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers: [layer] };
    const named = { "org.opencontainers.image.ref.name": "latest" };
    const listed = { ...addDocument(layout, manifest.mediaType, manifest), annotations: named };
    writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [listed] }));
    writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The few instructions the Containerfile of tools has, one of each. */
function parseContainerfile(text: string): Containerfile {
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n");
  const instruction = (name: string): string => {
    const line = lines.find((one) => one.startsWith(`${name} `));
    if (line === undefined) throw new Error(`${CONTAINERFILE}: it has no ${name}`);
    return line.slice(name.length + 1).trim();
  };
  const suite = /^debian:([a-z]+)(-slim)?$/.exec(instruction("FROM"))?.[1];
  if (suite === undefined) throw new Error(`${CONTAINERFILE}: expected FROM debian:SUITE`);
  const installed = /apt-get install ((?:\S+ *)+)/.exec(instruction("RUN"))?.[1] ?? "";
  const labels = [...instruction("LABEL").matchAll(/([A-Za-z.]+)="([^"]*)"/g)];
  return {
    suite,
    packages: installed.split(/\s+/).filter((word) => /^[a-z0-9]/.test(word)),
    labels: Object.fromEntries(labels.map(([, key, value]) => [key, value])) as Record<string, string>,
    cmd: JSON.parse(instruction("CMD")) as string[],
  };
}

/** Without /dev: every container has its own, and no image may bring devices. */
function install(suite: string, names: readonly string[], archive: string): void {
  const base = {
    suite,
    components: ["main"],
    updates: false,
    keyring: KEYRING,
    mirror: undefined,
    securityMirror: undefined,
  };
  const options = ['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Check-Valid-Until "false"'];
  const where = [suite, archive, ...debianSources(base, machineAptSources())];
  const argv = ["mmdebstrap", "--mode=root", "--variant=apt", "--skip=output/dev", ...options];
  run([...argv, `--include=${names.join(",")}`, ...where], { package: "mmdebstrap" });
}

function addFile(layout: string, path: string, mediaType: string): Descriptor {
  const [digest, { size }] = [sha256(path), statSync(path)];
  const blob = join(layout, "blobs", digest.replace(":", "/"));
  run(["mv", "--", path, blob]);
  return { mediaType, digest, size };
}

function addDocument(layout: string, mediaType: string, document: object): Descriptor {
  const path = join(layout, "blobs/unnamed");
  writeFileSync(path, JSON.stringify(document));
  const [digest, { size }] = [sha256(path), statSync(path)];
  renameSync(path, join(layout, "blobs", digest.replace(":", "/")));
  return { mediaType, digest, size };
}

function sha256(path: string): string {
  return `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
}
