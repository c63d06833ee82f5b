/** The files of this host that say how registries are reached. */
import { join } from "node:path";
import { listFiles } from "../list-files.ts";
import { readFileIfExists } from "../../linux/index.ts";
import { type AuthFile, parseAuthFile } from "./auth-file.ts";
import { joinRegistriesConf, parseRegistriesConf, type RegistriesConf } from "./registries-conf.ts";

const MAX_FILE = 1024 * 1024;

/** Where these files are; of the running host by default. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The credentials, in the order in which they are looked for. An unreadable file counts; one that is not there does not.
 * @throws AtomicError invalid
 */
export function readAuthFiles(env: Environment = process.env): AuthFile[] {
  return authPaths(env).flatMap((path) => {
    const bytes = readFileIfExists(path, MAX_FILE, { follow: true });
    return bytes === undefined || bytes.length === 0 ? [] : [parseAuthFile(bytes, path)];
  });
}

/** What registries.conf says, with its drop-ins. @throws AtomicError invalid, unsupported */
export function readRegistriesConf(env: Environment = process.env): RegistriesConf {
  const own = env["CONTAINERS_REGISTRIES_CONF"];
  const paths = own === undefined ? registriesPaths() : [own];
  return joinRegistriesConf(
    paths.flatMap((path) => {
      const bytes = readFileIfExists(path, MAX_FILE, { follow: true });
      return bytes === undefined ? [] : [parseRegistriesConf(bytes.toString("utf8"), path)];
    }),
  );
}

function registriesPaths(): string[] {
  const main = "/etc/containers/registries.conf";
  const drops = listFiles(`${main}.d`, ".conf");
  return [main, ...drops];
}

function authPaths(env: Environment): string[] {
  const given = env["REGISTRY_AUTH_FILE"];
  if (given !== undefined && given !== "") return [given];
  const home = env["HOME"];
  const runtime = env["XDG_RUNTIME_DIR"] ?? `/run/containers/${process.getuid?.() ?? 0}`;
  const config = env["XDG_CONFIG_HOME"] ?? (home === undefined ? undefined : join(home, ".config"));
  return [
    join(runtime, "containers/auth.json"),
    `/run/containers/${process.getuid?.() ?? 0}/auth.json`,
    ...(config === undefined ? [] : [join(config, "containers/auth.json")]),
    ...(home === undefined ? [] : [join(env["DOCKER_CONFIG"] ?? join(home, ".docker"), "config.json")]),
    "/run/ostree/auth.json",
    "/etc/ostree/auth.json",
    "/usr/lib/ostree/auth.json",
  ];
}
