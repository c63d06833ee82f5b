/** The variables a label command may use. */
import type { Variables } from "./expand.ts";

export interface VariableSource {
  /** The image as the operator named it. */
  image: string;
  /** The container's name. */
  name: string;
  directory: string;
  /** `--opt1` to `--opt3`. */
  options: readonly (string | undefined)[];
  /** The caller's environment: the last resort, so that `$DISPLAY` works. */
  environment: Variables;
  /** Where the container sees the host; empty for one that does not. */
  host: string;
  /** /proc/self/loginuid, if it can be read. */
  loginUid?: string;
  /** /etc/passwd of the host, for the group of who logged in. */
  passwd?: string;
  /** What the file that LABEL RUN_OPTS_FILE names holds. */
  runOptions?: string;
}

/** `loginuid` of a process nobody logged in for. */
const NO_LOGIN = 4_294_967_295;

/**
 * NAME, IMAGE, PWD, HOST, OPT1 to OPT3, RUN_OPTS, SUDO_UID and SUDO_GID, CONFDIR, LOGDIR and DATADIR; then the environment.
 * The three directories are on the host: `/etc/NAME`, `/var/log/NAME`, `/var/lib/NAME`.
 */
export function labelVariables(source: VariableSource): Variables {
  const { image, name, directory, options, environment, host } = source;
  const login = Number((source.loginUid ?? "").trim() || NO_LOGIN);
  const user = Number.isInteger(login) && login < NO_LOGIN ? String(login) : "0";
  return {
    ...environment,
    NAME: name,
    IMAGE: image,
    PWD: directory,
    HOST: host,
    OPT1: options[0] ?? "",
    OPT2: options[1] ?? "",
    OPT3: options[2] ?? "",
    RUN_OPTS: source.runOptions ?? "",
    SUDO_UID: environment["SUDO_UID"] ?? user,
    SUDO_GID: environment["SUDO_GID"] ?? groupOf(user, source.passwd ?? ""),
    CONFDIR: `/etc/${name}`,
    LOGDIR: `/var/log/${name}`,
    DATADIR: `/var/lib/${name}`,
  };
}

/** The first group of a user; one without an entry has the group of the same number, as user private groups have it. */
function groupOf(user: string, passwd: string): string {
  const row = passwd.split("\n").find((line) => line.split(":")[2] === user);
  return /^\d+$/.exec(row?.split(":")[3] ?? "")?.[0] ?? user;
}
