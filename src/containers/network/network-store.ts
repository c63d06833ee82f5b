/**
 * Networks on disk, one JSON file each:
 *
 *     <definitions>/NAME.json    bridge and subnet; stays
 *     <state>/NAME.json          who is on it; gone with the reboot, as its interfaces are
 *     <state>/NAME.hosts         the `/etc/hosts` of its containers
 *
 * docs/formats.md describes them.
 */
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { withFileLock } from "../../ostree/index.ts";
import { hostsFile } from "./hosts-file.ts";
import type { Lease, Network } from "./network.ts";
import { formatSubnet, parseSubnet } from "./subnet.ts";

export interface NetworkStore {
  definitions: string;
  state: string;
}

interface Definition {
  name: string;
  bridge: string;
  subnet: string;
  subnet6?: string;
}

const DEFAULT_RUN = "/run/atomic";
const DEFINITIONS = "/var/lib/atomic/networks";

/** The networks of this host. @param run the state directory; another than the usual one has definitions of its own */
export function networkStore(run = DEFAULT_RUN): NetworkStore {
  const state = join(run, "networks");
  return { definitions: run === DEFAULT_RUN ? DEFINITIONS : join(run, "network-definitions"), state };
}

/** The network of `--network bridge`, there without being created. */
export const DEFAULT_NETWORK: Definition = { name: "bridge", bridge: "atomic0", subnet: "10.90.0.0/16" };

/** Milliseconds. Among a hundred that start at once, whoever has the lock may wait long for a CPU. */
const PATIENCE = 120_000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Runs `work` as the only one that changes networks. @throws AtomicError locked, permission */
export async function withNetworkLock<T>(store: NetworkStore, work: () => T | Promise<T>): Promise<T> {
  mkdirSync(store.state, { recursive: true, mode: 0o755 });
  return withFileLock(join(store.state, "lock"), work, PATIENCE);
}

/** Every network, by name. @throws AtomicError corrupt */
export function readNetworks(store: NetworkStore): Network[] {
  const names = namesIn(store.definitions).filter((name) => name !== DEFAULT_NETWORK.name);
  return [DEFAULT_NETWORK.name, ...names].map((name) => readNetwork(store, name));
}

/** One network. @throws AtomicError not-found, usage (no name of a network), corrupt */
export function readNetwork(store: NetworkStore, name: string): Network {
  if (!NAME.test(name)) {
    throw new AtomicError("usage", `naming a network '${name}': expected letters, digits, '_', '.' and '-'`, {
      hint: "atomic network list",
    });
  }
  const stored = readJson(join(store.definitions, `${name}.json`)) as Definition | undefined;
  const definition = stored ?? (name === DEFAULT_NETWORK.name ? DEFAULT_NETWORK : undefined);
  if (definition === undefined) {
    throw new AtomicError("not-found", `finding network ${name}: there is none`, { hint: "atomic network list" });
  }
  const state = readJson(join(store.state, `${name}.json`)) as { leases: Lease[]; last?: string } | undefined;
  const { bridge, subnet, subnet6 } = definition;
  const addresses = {
    subnet: parseSubnet(subnet),
    ...(subnet6 === undefined ? {} : { subnet6: parseSubnet(subnet6) }),
  };
  return { name, bridge, ...addresses, leases: [], ...state };
}

/** Writes the definition of a network, for good. */
export function defineNetwork(store: NetworkStore, { name, bridge, subnet, subnet6 }: Network): void {
  mkdirSync(store.definitions, { recursive: true, mode: 0o755 });
  const addresses = {
    subnet: formatSubnet(subnet),
    ...(subnet6 === undefined ? {} : { subnet6: formatSubnet(subnet6) }),
  };
  replace(join(store.definitions, `${name}.json`), json({ name, bridge, ...addresses }));
}

/** Forgets a network. */
export function forgetNetwork(store: NetworkStore, name: string): void {
  for (const path of [join(store.definitions, `${name}.json`), statePath(store, name), hostsPath(store, name)]) {
    rmSync(path, { force: true });
  }
}

/** Writes who is on a network, and what its containers call each other. */
export function writeLeases(store: NetworkStore, network: Network): void {
  const { name, leases, last } = network;
  replace(statePath(store, name), json({ leases, ...(last === undefined ? {} : { last }) }));
  overwrite(hostsPath(store, name), Buffer.from(hostsFile(network)));
  for (const { container, hosts } of leases) {
    if (hosts !== undefined) overwrite(hostsPath(store, name, container), Buffer.from(hostsFile(network, hosts)));
  }
}

/** Makes the `/etc/hosts` that a container will have, if there is none yet. @throws AtomicError not-found, usage, locked */
export async function makeHosts(store: NetworkStore, name: string, container?: string): Promise<void> {
  readNetwork(store, name);
  const path = hostsPath(store, name, container);
  if (existsSync(path)) return;
  await withNetworkLock(store, () => {
    if (!existsSync(path)) overwrite(path, Buffer.from(hostsFile(readNetwork(store, name))));
  });
}

/** Removes the files of a container that has left. */
export function forgetLease(store: NetworkStore, name: string, { container, hosts }: Lease): void {
  if (hosts !== undefined) rmSync(hostsPath(store, name, container), { force: true });
}

/** The `/etc/hosts` that all containers of a network share, or that of the one that has its own. */
export function hostsPath({ state }: NetworkStore, name: string, container?: string): string {
  return join(state, container === undefined ? `${name}.hosts` : `${name}.${container}.hosts`);
}

function statePath({ state }: NetworkStore, name: string): string {
  return join(state, `${name}.json`);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .flatMap((file) => /^(.+)[.]json$/.exec(file)?.[1] ?? [])
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AtomicError("corrupt", `reading ${path}: not JSON`, { hint: `rm ${path}`, cause });
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Containers have this very file mounted: it gets new content in place, and is cut off only then. */
function overwrite(path: string, bytes: Buffer): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  try {
    writeSync(fd, bytes, 0, bytes.length, 0);
    ftruncateSync(fd, bytes.length);
  } finally {
    closeSync(fd);
  }
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o644 });
  renameSync(`${path}.tmp`, path);
}
