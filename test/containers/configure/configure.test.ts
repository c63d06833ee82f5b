import * as assert from "uvu/assert";
import { configure, type ConfigureRequest } from "../../../src/containers/configure/configure.ts";
import { parseRunFlags } from "../../../src/containers/configure/run-arguments.ts";
import { runOptions } from "../../../src/containers/configure/run-options.ts";
import { resolveUser } from "../../../src/containers/configure/user.ts";
import { DEFAULT_CAPABILITIES } from "../../../src/containers/limits/capabilities.ts";
import { parseConfig, type RuntimeConfig } from "../../../src/containers/spec/config.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("container configuration of run");

const PASSWD = "root:x:0:0:root:/root:/bin/sh\n# x\nweb:x:33:33::/srv:/bin/false\nodd:x:7:8::relative:\n";
const GROUP = "root:x:0:\nweb:x:33:\nadm:x:4:web,root\nssl:x:101:web\n";
const readFile = (path: string) => ({ "/etc/passwd": PASSWD, "/etc/group": GROUP })[path];

function request(words: readonly string[], more: Partial<ConfigureRequest> = {}): ConfigureRequest {
  const { flags, rest } = parseRunFlags(words);
  return {
    options: runOptions(flags),
    image: { env: ["PATH=/image", "LANG=C"], entrypoint: [], cmd: ["serve"] },
    command: rest,
    id: "0123456789abcdef",
    rootfs: "/root-of-it",
    host: {
      machine: "x64",
      capabilities: { bounding: (1n << 41n) - 1n, last: 40 },
      cpuNames: ["cpu0"],
      canLimitPids: true,
      environment: { HOSTVAR: "h" },
      devices: (path) => [{ type: "c", path, major: 10, minor: 229 }],
    },
    readFile,
    namespacePath: (container, type) => `/proc/7/ns/${container}-${type}`,
    files: [],
    ...more,
  };
}
const config = (words: readonly string[], more?: Partial<ConfigureRequest>): RuntimeConfig =>
  configure(request(words, more));

test("makes a configuration that its own parser takes", () => {
  for (const words of [
    [],
    ["--privileged", "-it"],
    ["-m", "64m", "--cpus=0.5", "--device=/dev/fuse", "-v", "/a:/b:ro"],
  ]) {
    const made = config(words);
    assert.equal(parseConfig(JSON.stringify(made)), made);
  }
});

test("confines an ordinary container", () => {
  const { process, linux } = config([]);
  assert.equal(process?.capabilities, {
    bounding: [...DEFAULT_CAPABILITIES],
    effective: [...DEFAULT_CAPABILITIES],
    permitted: [...DEFAULT_CAPABILITIES],
    inheritable: [],
    ambient: [],
  });
  assert.equal(
    linux?.namespaces?.map(({ type }) => type),
    ["mount", "network", "pid", "ipc", "uts", "cgroup"],
  );
  assert.ok(linux?.maskedPaths?.includes("/proc/kcore"));
  assert.ok(linux?.readonlyPaths?.includes("/proc/sys"));
  assert.is(linux?.seccomp?.defaultAction, "SCMP_ACT_ERRNO");
  assert.is(linux?.resources?.pids?.limit, 2048);
  assert.equal(linux?.resources?.devices?.[0], { allow: false, access: "rwm" });
});

test("shares the host where that is asked for", () => {
  const { linux, hostname } = config(["--net=host", "--pid=container:db", "--ipc=host", "--uts=host"]);
  assert.equal(linux?.namespaces, [{ type: "mount" }, { type: "pid", path: "/proc/7/ns/db-pid" }, { type: "cgroup" }]);
  assert.is(hostname, undefined);
  assert.equal(linux?.sysctl, {});
});

test("gives a privileged container all that the host has to give", () => {
  const host = { ...request([]).host, capabilities: { bounding: 0b11n, last: 40 } };
  const { process, linux } = config(["--privileged"], { host });
  assert.equal(process?.capabilities?.bounding, ["CAP_CHOWN", "CAP_DAC_OVERRIDE"]);
  assert.is(linux?.seccomp, undefined);
  assert.equal(linux?.maskedPaths, []);
  assert.equal(linux?.resources?.devices, [{ allow: true, access: "rwm" }]);
  assert.is(linux?.devices?.length, 1);
});

test("adds and drops capabilities", () => {
  assert.equal(config(["--cap-drop=all", "--cap-add=net_admin"]).process?.capabilities?.bounding, ["CAP_NET_ADMIN"]);
});

test("gives another user than root nothing to start with", () => {
  const { process } = config(["--user=web"]);
  assert.equal(process?.user, { uid: 33, gid: 33, additionalGids: [4, 101] });
  assert.equal(process?.capabilities?.effective, []);
  assert.ok(process?.env?.includes("HOME=/srv"));
});

test("builds the environment from nothing", () => {
  assert.equal(config(["-e", "HOSTVAR", "-e", "ABSENT", "-e", "LANG=de"]).process?.env, [
    "PATH=/image",
    "container=oci",
    "HOME=/root",
    "HOSTNAME=0123456789ab",
    "LANG=de",
    "HOSTVAR=h",
  ]);
});

test("runs what the operator says, with the image's entrypoint before it", () => {
  const image = { env: [], entrypoint: ["tini", "--"], cmd: ["serve"] };
  assert.equal(config([], { image }).process?.args, ["tini", "--", "serve"]);
  assert.equal(config(["sh"], { image }).process?.args, ["tini", "--", "sh"]);
  assert.equal(config(["--entrypoint=sh", "-c"].slice(0, 1), { image }).process?.args, ["sh"]);
  assert.equal(config(["--entrypoint=", "sh"], { image }).process?.args, ["sh"]);
  assert.throws(
    () => config([], { image: { env: [], entrypoint: [], cmd: [] } }),
    (error: unknown) => isAtomicError(error, "usage"),
  );
});

test("lets a volume take the place of what is usually there", () => {
  const mounts = config(["--tmpfs=/dev/shm:size=1m", "-v=/a:/b/c", "-v=/a:/b"]).mounts ?? [];
  assert.is(mounts.filter(({ destination }) => destination === "/dev/shm").length, 1);
  assert.equal(
    mounts.slice(-3).map(({ destination }) => destination),
    ["/b", "/b/c", "/dev/shm"],
  );
  assert.equal(mounts.find(({ destination }) => destination === "/b")?.options, ["rbind", "rprivate"]);
});

const USERS: [string, object][] = [
  ["33", { uid: 33, gid: 33, additionalGids: [4, 101], home: "/srv" }],
  ["5000", { uid: 5000, gid: 0, additionalGids: [], home: "/" }],
  ["web:adm", { uid: 33, gid: 4, additionalGids: [], home: "/srv" }],
  ["web:9", { uid: 33, gid: 9, additionalGids: [], home: "/srv" }],
  ["odd", { uid: 7, gid: 8, additionalGids: [], home: "/" }],
];
for (const [user, expected] of USERS) {
  test(`finds the user ${user} in the container's own files`, () => {
    assert.equal(resolveUser(user, [], readFile), expected);
  });
}
for (const user of ["nobody", "web:nogroup", "4294967295", "99999999999", "-1", "0x0", " 0", "0 ", "1e3", "+1"]) {
  test(`does not take ${JSON.stringify(user)} for a user`, () => {
    assert.throws(
      () => resolveUser(user, [], readFile),
      (error: unknown) => isAtomicError(error),
    );
  });
}

for (const [words, message] of [
  [["-p", "80:80", "--net=host"], /it needs a network of containers/],
  [["--network=slirp4netns"], /--network=slirp4netns/],
  [["--network=../x"], /--network: expected bridge/],
  [["--dns=example.org"], /--dns: expected an IP address/],
  [["--dns-search=a b"], /--dns-search: expected a domain/],
  [["--network-alias=a b"], /--network-alias: expected a host name/],
  [["--restart=always"], /--restart=always: you wait for its end/],
  [["--restart=always", "-d", "--rm"], /it is removed at its end/],
  [["--restart=sometimes", "-d"], /--restart: expected no/],
  [["--restart=on-failure:0", "-d"], /--restart: expected a whole number/],
  [["--restart=always:3", "-d"], /--restart: expected no/],
  [["--unit"], /--unit: you wait for its end/],
  [["--unit", "-d", "-t"], /--unit: nobody is there to type/],
  [["--init", "--pid=host"], /there is a first process already/],
  [["--userns=container:x"], /--userns=container:x/],
  [["-m", "lots"], /--memory: expected a size/],
  [["-m", "0"], /--memory/],
  [["--memory-swap=1g"], /it needs --memory/],
  [["--cpus=-1"], /--cpus/],
  [["--pids-limit=x"], /--pids-limit/],
  [["--name=../x"], /the container's name/],
  [["--hostname=a b"], /--hostname/],
  [["--workdir=tmp"], /--workdir/],
  [["-v", "relative:/x"], /absolute path of a directory or file of the host, found "relative"/],
  [["-v", "/x:/y/../z"], /absolute path in the container/],
  [["-v", "/x:/"], /other than \//],
  [["-v", "/x:/y:evil"], /there is no option "evil"/],
  [["--mount", "type=volume,src=x,dst=/y"], /type=bind or type=tmpfs/],
  [["--tmpfs", "/x:size=1m,lowerdir=/"], /lowerdir/],
  [["--device", "fuse"], /--device/],
  [["--cap-add=everything"], /no capability "everything"/],
  [["--security-opt=nonsense"], /--security-opt/],
  [["--ulimit=nofile=9:1"], /--ulimit/],
  [["--sysctl=kernel.core_pattern=x"], /belongs to the whole host/],
  [["--net=host", "--sysctl=net.ipv4.ip_forward=1"], /network namespace, which the container shares/],
  [["--add-host=x:y z"], /--add-host/],
] as const) {
  test(`refuses ${words.join(" ")}`, () => {
    assert.throws(
      () => config(words),
      (error: unknown) => isAtomicError(error) && message.test(error.message) && !error.message.includes("\n"),
    );
  });
}
