/**
 * Image configurations: the layers' diffIDs, and how a container of the image is meant to run.
 * Spec: https://github.com/opencontainers/image-spec/blob/main/config.md
 */
import { AtomicError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";
import { asObject, mapField, optionalText, parseJsonObject, textField, textsField } from "./json.ts";
import { parsePlatform, type Platform } from "./platform.ts";

/** The most bytes of a configuration. */
export const MAX_CONFIG = 4 * 1024 * 1024;

export interface ImageConfig {
  platform: Platform;
  /** Seconds since the epoch; absent when the image does not say. */
  created?: number;
  /** Digests of the uncompressed layers, from the lowest to the highest. */
  diffIds: Digest[];
  /** What containers run with; empty lists and absent texts where the image says nothing. */
  run: RunConfig;
  labels: Record<string, string>;
}
export interface RunConfig {
  /** `USER[:GROUP]`, names or numbers. */
  user?: string;
  /** `NAME=VALUE` */
  env: string[];
  entrypoint: string[];
  cmd: string[];
  workingDir?: string;
  /** `PORT[/PROTOCOL]` */
  exposedPorts: string[];
  /** Absolute paths. */
  volumes: string[];
  /** Such as SIGTERM. */
  stopSignal?: string;
}

/** Reads a configuration. @throws AtomicError invalid */
export function parseImageConfig(bytes: Uint8Array, what: string): ImageConfig {
  if (bytes.length > MAX_CONFIG) throw new AtomicError("invalid", `reading ${what}: more than ${MAX_CONFIG} bytes`);
  const document = parseJsonObject(bytes, what);
  const rootfs = asObject(document["rootfs"], `${what}: rootfs`);
  if (textField(rootfs, "type", `${what}: rootfs`) !== "layers")
    throw new AtomicError("invalid", `reading ${what}: expected a root filesystem of layers`);
  const created = Date.parse(optionalText(document, "created", what) ?? "") / 1000;
  const config = asObject(document["config"] ?? {}, `${what}: config`);
  return {
    platform: parsePlatform(document, what),
    ...(created >= 0 ? { created: Math.floor(created) } : {}),
    diffIds: textsField(rootfs, "diff_ids", what).map((text) => parseDigest(text, `${what}: diff_ids`)),
    run: {
      ...textOf("user", "User"),
      env: textsField(config, "Env", what),
      entrypoint: textsField(config, "Entrypoint", what),
      cmd: textsField(config, "Cmd", what),
      ...textOf("workingDir", "WorkingDir"),
      exposedPorts: keysOf("ExposedPorts"),
      volumes: keysOf("Volumes"),
      ...textOf("stopSignal", "StopSignal"),
    },
    labels: mapField(config, "Labels", what),
  };

  function textOf<K extends string>(name: K, key: string): { [P in K]?: string } {
    const value = optionalText(config, key, what);
    return (value === undefined || value === "" ? {} : { [name]: value }) as { [P in K]?: string };
  }
  function keysOf(key: string): string[] {
    return Object.keys(asObject(config[key] ?? {}, `${what}: ${key}`));
  }
}

/** The version that an image's labels tell. */
export function versionOf({ labels }: ImageConfig): { version?: string } {
  const version = labels["org.opencontainers.image.version"] ?? labels["version"];
  return version === undefined ? {} : { version };
}
