/** `atomic-runtime exec`: another process in a container. */
import { writeFileSync } from "node:fs";
import { execInContainer, parseProcess, type Process, readRecord } from "../../containers/index.ts";
import { useTerminal } from "../containers/terminal-session.ts";
import { firstWord, oneId, parseVerb, preservedFds, readInput, type RuntimeOptions, text, usage } from "./options.ts";

const OPTIONS = {
  process: { type: "string", short: "p" },
  cwd: { type: "string" },
  env: { type: "string", short: "e", multiple: true },
  tty: { type: "boolean", short: "t" },
  user: { type: "string", short: "u" },
  "additional-gids": { type: "string", short: "g", multiple: true },
  detach: { type: "boolean", short: "d" },
  "pid-file": { type: "string" },
  "console-socket": { type: "string" },
  cap: { type: "string", short: "c", multiple: true },
  "no-new-privs": { type: "boolean" },
  apparmor: { type: "string" },
  "process-label": { type: "string" },
  "preserve-fds": { type: "string" },
} as const;
const MAX_ID = 0xffff_fffe;

/** @returns the process's exit status; 0 at once when it is detached */
export async function runExec(options: RuntimeOptions, args: readonly string[]): Promise<number> {
  const at = firstWord(args, OPTIONS);
  const { values } = parseVerb(args.slice(0, at), OPTIONS);
  const [name, ...command] = args.slice(at);
  const id = oneId(name === undefined ? [] : [name]);
  const words = command[0] === "--" ? command.slice(1) : command;
  const base = readRecord(options.state, id).config.process;
  const process = execProcess(base, values, words);
  const socket = text(values["console-socket"]);
  const detached = values["detach"] === true;
  const { pid, warnings, ended, terminal } = execInContainer({
    state: options.state,
    id,
    process,
    descriptors: [0, 1, 2, ...preservedFds(text(values["preserve-fds"]))],
    detached,
    ...(socket === undefined ? {} : { consoleSocket: socket }),
  });
  for (const warning of warnings) globalThis.process.stderr.write(`atomic-runtime: warning: ${warning}\n`);
  const pidFile = text(values["pid-file"]);
  if (pidFile !== undefined && pid !== undefined) writeFileSync(pidFile, String(pid));
  if (detached) return 0;
  return terminal === undefined ? ended : useTerminal(terminal, true, ended);
}

/** What to run: a process from a file, or the container's own, changed as the options say. */
function execProcess(
  own: Process | undefined,
  values: Readonly<Record<string, unknown>>,
  words: readonly string[],
): Process {
  const file = text(values["process"]);
  if (file !== undefined) {
    if (words.length > 0) throw usage("--process: it names the program already");
    return parseProcess(readInput(file));
  }
  if (words[0] === undefined || words[0] === "") throw usage("expected the program to run");
  const { capabilities, ...base } = own ?? { user: { uid: 0, gid: 0 }, cwd: "/" };
  const added = list(values["cap"]);
  const more = (names: readonly string[] = []) => [...new Set([...names, ...added])];
  const { bounding, effective, permitted, inheritable, ambient } = capabilities ?? {};
  return {
    ...base,
    args: [...words],
    env: [...(base.env ?? []), ...list(values["env"])],
    cwd: text(values["cwd"]) ?? base.cwd,
    terminal: values["tty"] === true,
    user: userOf(base.user, text(values["user"]), list(values["additional-gids"])),
    capabilities: {
      bounding: more(bounding),
      effective: more(effective),
      permitted: more(permitted),
      ...(inheritable === undefined ? {} : { inheritable }),
      ...(ambient === undefined ? {} : { ambient }),
    },
    ...(values["no-new-privs"] === true ? { noNewPrivileges: true } : {}),
    ...labels(values),
  };
}

function labels(values: Readonly<Record<string, unknown>>): Pick<Process, "apparmorProfile" | "selinuxLabel"> {
  const [apparmorProfile, selinuxLabel] = [text(values["apparmor"]), text(values["process-label"])];
  return {
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
    ...(selinuxLabel === undefined ? {} : { selinuxLabel }),
  };
}

/** `UID[:GID]`, nothing but decimal: what is not understood must not become root. */
function userOf(own: Process["user"], wanted: string | undefined, groups: readonly string[]): Process["user"] {
  const additional = groups.flatMap((group) => group.split(",")).map((group) => numberOf("--additional-gids", group));
  const gids = additional.length === 0 ? {} : { additionalGids: [...(own.additionalGids ?? []), ...additional] };
  if (wanted === undefined) return { ...own, ...gids };
  const [uid = "", gid, ...rest] = wanted.split(":");
  if (rest.length > 0) throw usage(`--user ${wanted}: expected UID[:GID]`);
  return { ...own, uid: numberOf("--user", uid), gid: gid === undefined ? own.gid : numberOf("--user", gid), ...gids };
}

function numberOf(option: string, value: string): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= MAX_ID)) throw usage(`${option} ${value}: expected a number up to ${MAX_ID}`);
  return number;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
