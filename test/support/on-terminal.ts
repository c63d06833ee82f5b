/** A person at a terminal, played by Python: nothing of ours makes the terminal or reads it. */
import { spawnSync } from "node:child_process";

export const PYTHON = "/usr/bin/python3";

/** Waits until all of the text is shown, then acts. */
export interface Step {
  shows: string;
  types?: string;
  /** Rows and columns. */
  resize?: [number, number];
  /** A signal for the program, by number. */
  signal?: number;
}

const PERSON = `
import fcntl, json, os, pty, select, struct, sys, termios
argv, steps, size = json.loads(sys.argv[1])
def resize(fd, size): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
ready, go = os.pipe()
pid, fd = pty.fork()
if pid == 0:
    os.read(ready, 1)
    os.execvp(argv[0], argv)
resize(fd, size)
os.write(go, b"+")
shown, seen = b"", 0
while True:
    if not select.select([fd], [], [], 30)[0]: sys.exit("still waiting; shown: %r" % shown)
    try: more = os.read(fd, 4096)
    except OSError: break
    if not more: break
    shown += more
    while steps and (at := shown.find(steps[0]["shows"].encode(), seen)) >= 0:
        step = steps.pop(0)
        seen = at + len(step["shows"].encode())
        if "resize" in step: resize(fd, step["resize"])
        if "signal" in step: os.kill(pid, step["signal"])
        if "types" in step: os.write(fd, step["types"].encode())
status = os.waitpid(pid, 0)[1]
json.dump([shown.decode(), os.waitstatus_to_exitcode(status), termios.tcgetattr(fd)[3] & termios.ECHO != 0, steps], sys.stdout)
`;

export interface Seen {
  shown: string;
  /** Its exit status; below zero the signal that killed it. */
  status: number;
  /** Whether the terminal shows what is typed again, as it did at the start. */
  echo: boolean;
}

/** Runs a program on a terminal of 24 rows and 80 columns, as `steps` say. @throws Error when a step never comes */
export function onTerminal(argv: readonly string[], steps: readonly Step[], env: Record<string, string>): Seen {
  const play = JSON.stringify([argv, steps, [24, 80]]);
  const path = process.env["PATH"] ?? "";
  const { stdout, stderr } = spawnSync(PYTHON, ["-c", PERSON, play], { encoding: "utf8", env: { PATH: path, ...env } });
  if (stdout === "") throw new Error(stderr);
  const [shown, status, echo, left] = JSON.parse(stdout) as [string, number, boolean, Step[]];
  if (left.length > 0) throw new Error(`never shown: ${left[0]!.shows}\n${shown}`);
  return { shown, status, echo };
}
