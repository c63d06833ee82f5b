import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { makeBundle } from "../../support/bundle.ts";
import { type CliResult, runtimeCli } from "../../support/cli.ts";
import { containersUnmet } from "../../support/containers.ts";
import { unmet } from "../../support/needs.ts";
import { PYTHON } from "../../support/on-terminal.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("atomic-runtime: terminals", containersUnmet() ?? unmet({ files: [PYTHON] }));

const directory = tempDir();
const state = join(directory, "state");
const runtime = (...argv: string[]): CliResult => runtimeCli(["--root", state, ...argv]);
const ids: string[] = [];
test.after(() => {
  for (const id of ids) runtime("delete", "--force", id);
});

/** Takes a terminal as a container engine does, types, and shows all that comes out. */
const ENGINE = `
import array, os, socket, sys, termios
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
connection = server.accept()[0]
message, controls, flags, address = connection.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", controls[0][2])[0]
print(len(controls), message != b"", os.isatty(fd), flush=True)
os.write(fd, sys.argv[2].encode())
while True:
    try: shown = os.read(fd, 4096)
    except OSError: break
    sys.stdout.write(shown.decode())
`;

async function engine(name: string, types: string): Promise<{ socket: string; shown: Promise<string> }> {
  const socket = join(directory, name);
  const child = spawn(PYTHON, ["-c", ENGINE, socket, types], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const shown = new Promise<string>((done) => child.on("close", () => done(text)));
  while (!existsSync(socket)) await new Promise((done) => setTimeout(done, 10));
  return { socket, shown };
}

function newId(): string {
  ids.push(`atomic-test-console-${process.pid}-${ids.length}`);
  return ids.at(-1)!;
}

test("sends the terminal of a container to the engine's socket", async () => {
  const { socket, shown } = await engine("create", "typed\n");
  const process = { terminal: true, consoleSize: { height: 40, width: 100 } };
  const bundle = makeBundle({ args: ["sh", "-c", "tty; stty size; read line; echo got $line"], process });
  const [id, pidFile] = [newId(), join(directory, "pid")];
  assert.equal(runtime("create", "--bundle", bundle, "--console-socket", socket, "--pid-file", pidFile, id), {
    status: 0,
    stdout: "",
    stderr: "",
  });
  // The seventh field: the terminal that controls it.
  const fields = readFileSync(`/proc/${readFileSync(pidFile, "utf8")}/stat`, "latin1")
    .split(") ")[1]!
    .split(" ");
  assert.is.not(fields[4], "0");
  assert.is(runtime("start", id).status, 0);
  assert.is(await shown, "1 True True\ntyped\r\n/dev/pts/0\r\n40 100\r\ngot typed\r\n");
});

test("sends the terminal of another process in it", async () => {
  const id = newId();
  assert.is(runtime("create", "--bundle", makeBundle(), id).status, 0);
  assert.is(runtime("start", id).status, 0);
  const { socket, shown } = await engine("exec", "");
  const file = join(directory, "process.json");
  const args = ["/bin/sh", "-c", "tty; stat -c %u $(tty)"];
  const process = { terminal: true, user: { uid: 5, gid: 6 }, cwd: "/", args, env: ["PATH=/bin"] };
  writeFileSync(file, JSON.stringify(process));
  assert.is(runtime("exec", "-d", "--process", file, "--console-socket", socket, id).status, 0);
  assert.is(await shown, "1 True True\n/dev/pts/0\r\n5\r\n");
});

test("says so when there is nobody to take a terminal, or no terminal to take", () => {
  const terminal = makeBundle({ process: { terminal: true } });
  for (const [argv, message] of [
    [["create", "--bundle", terminal], /nobody is there to use it/],
    [["create", "--bundle", makeBundle(), "--console-socket", "/no/such"], /process.terminal/],
    [["create", "--bundle", terminal, "--console-socket", "/no/such"], /sending the terminal to \/no\/such: .*ENOENT/],
    [["create", "--bundle", terminal, "--console-socket", `/${"x".repeat(107)}`], /a socket's path is shorter/],
  ] as const) {
    const { status, stderr } = runtime(...argv, newId());
    assert.match(stderr, message);
    assert.ok(status === 1 || status === 2);
  }
});
