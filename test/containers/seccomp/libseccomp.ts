/** Filters made by libseccomp, through Debian's python3-seccomp. */
import { spawnSync } from "node:child_process";
import type { Seccomp } from "../../../src/containers/spec/seccomp.ts";

const PYTHON = "/usr/bin/python3";

/** Reads profiles as JSON lines and writes each filter as a line of hex. */
const SCRIPT = `
import json, sys, tempfile
import seccomp as s
OPS = {"NE": s.NE, "LT": s.LT, "LE": s.LE, "EQ": s.EQ, "GE": s.GE, "GT": s.GT, "MASKED_EQ": s.MASKED_EQ}
ARCHS = {"X86_64": s.Arch.X86_64, "X86": s.Arch.X86, "X32": s.Arch.X32, "AARCH64": s.Arch.AARCH64}
PLAIN = {"ALLOW": s.ALLOW, "KILL": s.KILL, "KILL_THREAD": s.KILL, "KILL_PROCESS": s.KILL_PROCESS, "TRAP": s.TRAP, "LOG": s.LOG, "NOTIFY": s.NOTIFY}
def action(name, errno):
    name = name[len("SCMP_ACT_"):]
    errno = 1 if errno is None else errno
    if name == "ERRNO": return s.ERRNO(errno)
    if name == "TRACE": return s.TRACE(errno)
    return PLAIN[name]
def arg(a):
    op = OPS[a["op"][len("SCMP_CMP_"):]]
    return s.Arg(a["index"], op, int(a["value"]), int(a.get("valueTwo", 0)))
for line in sys.stdin:
    p = json.loads(line)
    default = (p["defaultAction"], p.get("defaultErrnoRet"))
    f = s.SyscallFilter(action(*default))
    f.set_attr(s.Attr.ACT_BADARCH, s.KILL_PROCESS)
    wanted = [a[len("SCMP_ARCH_"):] for a in p["architectures"]]
    for a in wanted:
        if not f.exist_arch(ARCHS[a]): f.add_arch(ARCHS[a])
    if not f.exist_arch(ARCHS[wanted[0]]): raise Exception(wanted[0])
    if wanted[0] == "AARCH64": f.remove_arch(s.Arch.X86_64)
    for r in p.get("syscalls", []):
        if action(r["action"], r.get("errnoRet")) == action(*default): continue
        args = [arg(a) for a in r.get("args") or []]
        many = len({a["index"] for a in r.get("args") or []}) < len(args)
        for name in r["names"]:
            if s.resolve_syscall(s.Arch(), name) == -1: continue
            for group in [[a] for a in args] if many else [args]:
                f.add_rule(action(r["action"], r.get("errnoRet")), name, *group)
    with tempfile.TemporaryFile() as out:
        f.export_bpf(out)
        out.seek(0)
        print(out.read().hex(), flush=True)
`;

/** Why libseccomp cannot be asked here, as a reason to skip. */
export function libseccompMissing(): string | undefined {
  const { status } = spawnSync(PYTHON, ["-c", "import seccomp"]);
  return status === 0 ? undefined : "needs python3-seccomp";
}

/** libseccomp's filters for these profiles; the first architecture of each is the machine's. */
export function libseccompFilters(profiles: readonly Seccomp[]): Buffer[] {
  const input = profiles.map((profile) => JSON.stringify(profile, bigNumbers)).join("\n");
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", SCRIPT], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => Buffer.from(line, "hex"));
}

function bigNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
