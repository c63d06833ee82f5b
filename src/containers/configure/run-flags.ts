/** The options of `run`: one table for our own command line and for the command lines in labels. */

export interface RunFlag {
  /** One letter, as `-e`. */
  char?: string;
  /** Another name for the same. */
  alias?: string;
  /** What it takes: nothing, one value (the last counts), or a value each time. */
  kind: "flag" | "value" | "list";
  summary: string;
}

type Names = Pick<RunFlag, "char" | "alias">;
const flag = (summary: string, more: Names = {}) => ({ kind: "flag" as const, summary, ...more });
const value = (summary: string, more: Names = {}) => ({ kind: "value" as const, summary, ...more });
const list = (summary: string, more: Names = {}) => ({ kind: "list" as const, summary, ...more });

export const RUN_FLAGS = {
  interactive: flag("keep standard input open", { char: "i" }),
  tty: flag("give it a terminal", { char: "t" }),
  detach: flag("leave it running in the background", { char: "d" }),
  rm: flag("remove it when it has ended"),
  unit: flag("with -d: as a unit of systemd, atomic-NAME.service, which starts it again and logs to the journal"),
  name: value("the container's name"),
  env: list("set a variable: KEY=VALUE, or KEY to pass it on", { char: "e" }),
  volume: list("mount SOURCE:DESTINATION[:OPTIONS]", { char: "v" }),
  mount: list("mount type=bind|tmpfs,src=…,dst=…[,ro]"),
  tmpfs: list("mount memory on DESTINATION[:OPTIONS]"),
  publish: list("publish a port: [IP:][HOST:]CONTAINER[/PROTOCOL]", { char: "p" }),
  memory: value("at most so much memory: 64m, 2g", { char: "m" }),
  "memory-swap": value("at most so much memory and swap together; -1 for no limit"),
  "memory-reservation": value("memory to keep when it runs short"),
  cpus: value("at most the time of so many CPUs: 1.5"),
  "cpu-shares": value("share of CPU time, usually 1024", { char: "c" }),
  "cpuset-cpus": value("the CPUs it may use: 0-3,7"),
  "pids-limit": value("at most so many processes; -1 for no limit"),
  network: value("bridge, the name of a network, none, host, container:NAME or ns:PATH; pasta for ordinary users", {
    alias: "net",
  }),
  "network-alias": list("another name of it on its network"),
  dns: list("ask this name server"),
  "dns-search": list("search names in this domain"),
  pid: value("host or container:NAME"),
  ipc: value("host or container:NAME"),
  uts: value("host"),
  userns: value("host, auto or auto:size=N for IDs of its own; an ordinary user's: keep-id or nomap"),
  uidmap: list("IDs of its own: CONTAINER:HOST:SIZE"),
  gidmap: list("the same for groups"),
  cgroupns: value("host or private"),
  privileged: flag("every capability and device, no filter"),
  "cap-add": list("add a capability"),
  "cap-drop": list("drop a capability; ALL for all"),
  "security-opt": list(
    "no-new-privileges, seccomp=FILE|unconfined, label=disable|KEY:VALUE, apparmor=…, mask=…, unmask=ALL",
  ),
  user: value("USER[:GROUP] it runs as, names or numbers", { char: "u" }),
  "group-add": list("another group it belongs to"),
  workdir: value("its working directory", { char: "w" }),
  entrypoint: value("the program instead of the image's"),
  "read-only": flag("mount its root read-only"),
  device: list("give it a device: HOST[:CONTAINER][:rwm]"),
  hostname: value("its host name", { char: "h" }),
  init: flag("a small first process that reaps others"),
  restart: value("no, on-failure[:MAX], always or unless-stopped"),
  "stop-signal": value("the signal that asks it to end"),
  "shm-size": value("size of /dev/shm, 64m if left out"),
  ulimit: list("a resource limit: NAME=SOFT[:HARD]"),
  sysctl: list("a kernel setting of its namespaces: NAME=VALUE"),
  "add-host": list("a line of /etc/hosts: NAME:ADDRESS"),
  "oom-score-adj": value("how early it dies when memory runs out, -1000 to 1000"),
  label: list("remember KEY=VALUE with it", { char: "l" }),
} as const satisfies Readonly<Record<string, RunFlag>>;

export type RunFlagName = keyof typeof RUN_FLAGS;

/** Options as given: text, lists and switches that nobody has looked into. */
export type RawRunFlags = {
  [Name in RunFlagName]?: (typeof RUN_FLAGS)[Name]["kind"] extends "flag"
    ? boolean
    : (typeof RUN_FLAGS)[Name]["kind"] extends "list"
      ? string[]
      : string;
};
