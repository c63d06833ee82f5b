/** Debian's docker-registry on the loopback. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, listening } from "./listening.ts";
import { tempDir } from "./temp.ts";

export interface RegistryOptions {
  /** PEM files for HTTPS; plain HTTP if left out. */
  tls?: { certificate: string; key: string; clientCas?: string };
  /** What htpasswd wrote; everybody may do everything if left out. */
  htpasswd?: string;
}
export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  host: string;
  close(): void;
}

/** Starts a registry with nothing in it, which ends with the test process at the latest. */
export async function dockerRegistry({ tls, htpasswd }: RegistryOptions = {}): Promise<DockerRegistry> {
  const dir = tempDir();
  const port = await freePort();
  mkdirSync(join(dir, "data"));
  if (htpasswd !== undefined) writeFileSync(join(dir, "htpasswd"), htpasswd);
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, "data") }, delete: { enabled: true } },
    http: {
      addr: `127.0.0.1:${port}`,
      ...(tls === undefined
        ? {}
        : {
            tls: {
              certificate: tls.certificate,
              key: tls.key,
              ...(tls.clientCas === undefined ? {} : { clientcas: [tls.clientCas] }),
            },
          }),
    },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: "test", path: join(dir, "htpasswd") } } }),
  };
  // JSON is YAML.
  writeFileSync(join(dir, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(dir, "config.yml")], {
    stdio: "ignore",
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
  child.unref();
  const close = () => void child.kill("SIGKILL");
  process.on("exit", close);
  await listening("docker-registry", port, () => child.exitCode);
  return { host: `127.0.0.1:${port}`, close };
}
