import * as assert from "uvu/assert";
import { runOptions } from "../../../src/containers/configure/run-options.ts";
import { parseRunFlags } from "../../../src/containers/configure/run-arguments.ts";
import { expandLabel } from "../../../src/containers/labels/expand.ts";
import { findLabel, interpretLabel, SPC_WORDS } from "../../../src/containers/labels/interpret.ts";
import { privilegesOf } from "../../../src/containers/labels/privileges.ts";
import { labelVariables } from "../../../src/containers/labels/variables.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("container labels");

const VARIABLES = { IMAGE: "localhost/web:1", NAME: "web", EMPTY: "", TWO: "a  b", LOGDIR: "/var/log/web" };

const EXPANSIONS: [string, string[]][] = [
  ["docker run  IMAGE", ["docker", "run", "IMAGE"]],
  ["-v ${LOGDIR}:/var/log", ["-v", "/var/log/web:/var/log"]],
  ["-v $LOGDIR:/x", ["-v", "/var/log/web:/x"]],
  ["-e A=${NO:-d e} x", ["-e", "A=d", "e", "x"]],
  ['-e "A=${NO:-d e}" x', ["-e", "A=d e", "x"]],
  ["${EMPTY:-x}${EMPTY-y}z", ["xz"]],
  ["$TWO", ["a", "b"]],
  ['"$TWO"', ["a  b"]],
  ["pre${TWO}post", ["prea", "bpost"]],
  ["a ${NO} b $EMPTY c", ["a", "b", "c"]],
  ['a "${NO}" b', ["a", "", "b"]],
  ['\'$NAME\' \\$NAME "\\$NAME \\""', ["$NAME", "$NAME", '$NAME "']],
  ["tab\tand\nline", ["tab", "and", "line"]],
  ["", []],
];
for (const [label, words] of EXPANSIONS) {
  test(`splits ${JSON.stringify(label)}`, () => {
    assert.equal(expandLabel(label, VARIABLES), words);
  });
}

for (const label of [
  "a $(id -u)",
  "a `id`",
  "a; b",
  "a | b",
  "a > /etc/passwd",
  "a && b",
  'a "b',
  "a 'b",
  "${A:?x}",
  "${A:-$B}",
  "$",
  "${",
  "x".repeat(70_000),
]) {
  test(`refuses ${JSON.stringify(label.slice(0, 20))}, which only a shell could carry out`, () => {
    assert.throws(
      () => expandLabel(label, VARIABLES),
      (error: unknown) => isAtomicError(error, "invalid") && !error.message.includes("\n"),
    );
  });
}

test("knows the variables of the original, and those its manual only promised", () => {
  const variables = labelVariables({
    image: "localhost/web",
    name: "web",
    directory: "/root",
    options: ["--one"],
    environment: { DISPLAY: ":0", NAME: "not this" },
    host: "/host",
    loginUid: "4294967295\n",
  });
  assert.equal(
    [
      "NAME",
      "IMAGE",
      "PWD",
      "HOST",
      "OPT1",
      "OPT2",
      "SUDO_UID",
      "SUDO_GID",
      "CONFDIR",
      "LOGDIR",
      "DATADIR",
      "DISPLAY",
    ].map((name) => variables[name]),
    ["web", "localhost/web", "/root", "/host", "--one", "", "0", "0", "/etc/web", "/var/log/web", "/var/lib/web", ":0"],
  );
});

test("finds a label whatever the case of its name", () => {
  assert.is(findLabel({ run: "a", Run: "b" }, "RUN"), "a");
  assert.is(findLabel({ Install: "c" }, "INSTALL"), "c");
  assert.is(findLabel({}, "STOP"), undefined);
});

test("reads a command line of docker's", () => {
  const label =
    "/usr/bin/docker run -it --privileged -v /:/host --net=host -e HOST=/host --name NAME IMAGE sh -c 'echo $NAME'";
  const command = interpretLabel(label, VARIABLES, ["more"]);
  assert.is(command.kind, "run");
  if (command.kind !== "run") return;
  assert.equal(command.run, {
    flags: {
      interactive: true,
      tty: true,
      privileged: true,
      volume: ["/:/host"],
      network: "host",
      env: ["HOST=/host"],
      name: "web",
    },
    image: "localhost/web:1",
    command: ["sh", "-c", "echo $NAME", "more"],
  });
});

test("reads letters as docker does", () => {
  const { flags, rest } = parseRunFlags(["-tdeA=1", "-e=B=2", "-m512m", "--rm=false", "--", "-x"]);
  assert.equal(flags, { tty: true, detach: true, env: ["A=1", "B=2"], memory: "512m", rm: false });
  assert.equal(rest, ["-x"]);
});

test("reads how long to wait, which signal, and which program", () => {
  const words = (label: string) => {
    const { words: _, ...asked } = interpretLabel(label, VARIABLES);
    return asked;
  };
  assert.equal(words("docker stop -t 3 NAME"), { kind: "stop", names: ["web"], time: 3 });
  assert.equal(words("docker kill --signal=HUP NAME"), { kind: "kill", names: ["web"], signal: "HUP" });
  assert.equal(words("docker rm -f NAME"), { kind: "rm", names: ["web"] });
  assert.equal(words("docker exec -it NAME shutdown -h"), {
    kind: "exec",
    name: "web",
    command: ["shutdown", "-h"],
    terminal: true,
  });
});

test("knows the group of who logged in, and what RUN_OPTS_FILE holds", () => {
  const source = { image: "i", name: "n", directory: "/", options: [], environment: {}, host: "/host" };
  const passwd = "root:x:0:0::/root:/bin/sh\nada:x:1000:100::/home/ada:/bin/sh\n";
  const of = (loginUid: string) => {
    const { SUDO_UID, SUDO_GID } = labelVariables({ ...source, loginUid, passwd });
    return [SUDO_UID, SUDO_GID];
  };
  assert.equal(of("1000\n"), ["1000", "100"]);
  assert.equal(of("1001"), ["1001", "1001"]);
  assert.equal(of("4294967295"), ["0", "0"]);
  const variables = labelVariables({ ...source, runOptions: "-v /a:/a\n--net=host\n" });
  const { words } = interpretLabel("docker run ${RUN_OPTS} IMAGE", variables);
  assert.equal(words, ["docker", "run", "-v", "/a:/a", "--net=host", "i"]);
});

test("reads the command that stops a container", () => {
  assert.equal(interpretLabel("docker stop NAME", VARIABLES), {
    kind: "stop",
    words: ["docker", "stop", "web"],
    names: ["web"],
  });
});

for (const [label, message] of [
  ["docker run --gpus all IMAGE", /there is no option --gpus/],
  ["docker run -Q IMAGE", /there is no option -Q/],
  ["docker run --name", /--name: its value is missing/],
  ["docker run --rm=maybe IMAGE", /--rm: expected true or false/],
  ["docker run -it", /names no image/],
  ["/bin/sh -c x", /expected docker or podman, found "\/bin\/sh"/],
  ["docker build NAME", /expected run, exec, stop, kill or rm, found "build"/],
  ["docker stop --force NAME", /stop has no option --force/],
  ["docker stop --time=soon NAME", /--time: expected seconds, found "soon"/],
  ["docker stop -t 86401 NAME", /--time: expected seconds/],
  ["docker kill --all", /kill has no option --all/],
  ["docker exec --privileged NAME sh", /exec has no option --privileged/],
  ["docker exec -it NAME", /exec: expected a container and a program/],
  ["", /found ""/],
] as const) {
  test(`refuses the label ${JSON.stringify(label)}`, () => {
    assert.throws(
      () => interpretLabel(label, VARIABLES),
      (error: unknown) => isAtomicError(error) && message.test(error.message),
    );
  });
}

const asked = (words: string[]) => privilegesOf(runOptions(parseRunFlags(words).flags));

test("lists what a super-privileged container may do to the host", () => {
  assert.equal(asked([...SPC_WORDS]), [
    "every capability and device, and no system call filter (--privileged)",
    "the host's network (--network=host)",
    "the host's processes (--pid=host)",
    "the host's shared memory (--ipc=host)",
    "the host's / on /host",
    "the host's /run on /run",
    "the host's /etc/localtime on /etc/localtime, read-only",
  ]);
});

test("lists nothing for an ordinary container", () => {
  assert.equal(asked(["-it", "--rm", "-m", "64m", "--tmpfs", "/tmp", "--cap-drop=ALL", "--read-only"]), []);
  assert.equal(asked(["--cap-add=net_admin", "--device", "/dev/fuse"]), [
    "capability CAP_NET_ADMIN (--cap-add)",
    "the device /dev/fuse (--device)",
  ]);
});
