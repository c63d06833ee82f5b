/** SELinux and AppArmor on this host: whether they are there, and the contexts the policy has for containers. */
import { existsSync, readFileSync } from "node:fs";

/** Whether processes and files have SELinux labels: the kernel shows it where libselinux expects selinuxfs. */
export function hasSelinux(root = ""): boolean {
  return existsSync(`${root}/sys/fs/selinux/enforce`);
}

/** Whether programs can be confined by AppArmor profiles. */
export function hasAppArmor(root = ""): boolean {
  return textOf(`${root}/sys/module/apparmor/parameters/enabled`).startsWith("Y");
}

/** `USER:ROLE:TYPE:LEVEL` for the processes and the files of containers. */
export interface SelinuxContexts {
  process: string;
  file: string;
}

const DEFAULT_POLICY = "targeted";
const FALLBACK: SelinuxContexts = {
  process: "system_u:system_r:container_t:s0",
  file: "system_u:object_r:container_file_t:s0",
};

/**
 * What the policy in force says about containers; undefined on a host without SELinux.
 * @param root a directory in the place of `/`
 */
export function readSelinux(root = ""): SelinuxContexts | undefined {
  if (!hasSelinux(root)) return undefined;
  const policy = settings(textOf(`${root}/etc/selinux/config`)).get("SELINUXTYPE") ?? DEFAULT_POLICY;
  // It becomes a part of a path.
  const name = /^[A-Za-z0-9_-]+$/.test(policy) ? policy : DEFAULT_POLICY;
  const contexts = settings(textOf(`${root}/etc/selinux/${name}/contexts/lxc_contexts`));
  const [process, file] = [contexts.get("process"), contexts.get("file")];
  return { process: complete(process) ?? FALLBACK.process, file: complete(file) ?? FALLBACK.file };
}

function complete(context: string | undefined): string | undefined {
  return context !== undefined && /^[^:\s]+:[^:\s]+:[^:\s]+:\S+$/.test(context) ? context : undefined;
}

/** Lines `KEY = VALUE`, values with or without quotes. */
function settings(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => /^\s*([A-Za-z_]+)\s*=\s*"?([^"#]*?)"?\s*$/.exec(line));
  return new Map(lines.flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!] as const])));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
