/** Running commands in a guest, through the service `vm-shell` on its second serial port. */
import { connect, type Socket } from "node:net";
import type { PowerCycle } from "./power-cycle.ts";

export interface Answer {
  status: number;
  /** Standard output and error, without the last line end. */
  output: string;
}

/** Runs a command by the guest's `sh`. @throws Error after so many seconds */
export type GuestShell = (command: string, seconds: number) => Promise<Answer>;

/** Seconds from power-on to a shell, several times what it takes. */
const SHELL_SECONDS = 600;
const KNOCK_MS = 1000;

/** The guest's shell, once it answers. @throws Error when it never does */
export async function openGuestShell(cycle: PowerCycle): Promise<GuestShell> {
  const socket = await dial(cycle, cycle.shellPath);
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text.replaceAll("\r", "")));
  const hear = (pattern: RegExp, what: string, seconds: number): Promise<RegExpExecArray> =>
    cycle.wait(what, seconds, () => pattern.exec(heard) ?? undefined);

  const knock = setInterval(() => socket.write("echo @@here\n"), KNOCK_MS); // what is sent before the shell reads is lost
  try {
    await hear(/^@@here$/m, "a shell in the guest", SHELL_SECONDS);
  } finally {
    clearInterval(knock);
  }
  let count = 0;
  return async (command, seconds) => {
    const mark = `@@${++count}`;
    const encoded = Buffer.from(command).toString("base64"); // one line, whatever the command
    const run = `sh -c "$(echo ${encoded} | base64 -d)" 2>&1 </dev/null`;
    heard = "";
    socket.write(`echo; echo ${mark}; ${run}; printf '\\n${mark} %d\\n' $?\n`);
    const [, output = "", status] = await hear(
      new RegExp(`^${mark}\\n([^]*)\\n${mark} (\\d+)$`, "m"),
      command,
      seconds,
    );
    return { status: Number(status), output: output.replace(/\n$/, "") };
  };
}

/** A connection to one of QEMU's sockets. */
function dial(cycle: PowerCycle, path: string): Promise<Socket> {
  return cycle.wait(`QEMU to listen on ${path}`, 10, () => tryConnect(path));
}

function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
}
