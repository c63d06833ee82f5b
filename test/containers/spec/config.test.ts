import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { parseConfig, parseProcess } from "../../../src/containers/spec/config.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";

const test = suite("container configuration");

const PROCESS = { user: { uid: 0, gid: 0 }, cwd: "/", args: ["sh"] };
const config = (fields: object) => JSON.stringify({ ociVersion: "1.2.0", ...fields });
const ofProcess = (fields: object) => config({ process: { ...PROCESS, ...fields } });
const ofLinux = (linux: object) => config({ linux });

test("reads the least a configuration may say", () => {
  assert.equal(parseConfig(config({})), { ociVersion: "1.2.0" });
});

test("keeps what it knows and leaves out what it does not", () => {
  const text = ofProcess({ terminal: false, env: ["A=b=c"], future: 1, user: { uid: 5, gid: 6, username: "x" } });
  assert.equal(parseConfig(text).process, {
    terminal: false,
    env: ["A=b=c"],
    cwd: "/",
    args: ["sh"],
    user: { uid: 5, gid: 6 },
  });
});

test("takes null for a missing key, as Go programs write it", () => {
  assert.equal(parseConfig(config({ mounts: null, linux: { devices: null } })), { ociVersion: "1.2.0", linux: {} });
});

test("takes an empty namespace path for a new namespace", () => {
  const { linux } = parseConfig(
    ofLinux({
      namespaces: [
        { type: "pid", path: "" },
        { type: "network", path: "/n" },
      ],
    }),
  );
  assert.equal(linux?.namespaces, [{ type: "pid" }, { type: "network", path: "/n" }]);
});

test("keeps 64-bit numbers exact where a filter compares them", () => {
  const text = ofLinux({
    seccomp: {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [
        { names: ["x"], action: "SCMP_ACT_ERRNO", args: [{ index: 0, value: 0, valueTwo: 5, op: "SCMP_CMP_EQ" }] },
      ],
    },
  }).replace('"value":0', '"value":18446744073709551614');
  assert.is(parseConfig(text).linux?.seccomp?.syscalls?.[0]?.args?.[0]?.value, 18446744073709551614n);
});

test("takes the highest number of a limit", () => {
  const text = ofProcess({ rlimits: [{ type: "RLIMIT_CORE", soft: 1, hard: 7 }] }).replace(
    '"hard":7',
    '"hard":18446744073709551615',
  );
  assert.equal(parseConfig(text).process?.rlimits, [{ type: "RLIMIT_CORE", soft: 1, hard: 2 ** 64 }]);
});

test("reads a process of its own file", () => {
  assert.equal(parseProcess(JSON.stringify(PROCESS)), PROCESS);
});

const HOSTILE: { what: string; text: string; message: RegExp; code?: "unsupported" }[] = [
  { what: "text that is not JSON", text: "{", message: /not JSON/ },
  { what: "a list", text: "[]", message: /: expected an object, found \[\]$/ },
  { what: "too many bytes", text: `"${"x".repeat(4 << 20)}"`, message: /at most 4194304 bytes/ },
  { what: "nesting without end", text: "[".repeat(1_000_000), message: /not JSON/ },
  { what: "no version", text: "{}", message: /: ociVersion: missing$/ },
  { what: "a version that is none", text: '{"ociVersion":"1.2"}', message: /ociVersion: expected a version/ },
  { what: "another major version", text: '{"ociVersion":"2.0.0"}', message: /found 2[.]0[.]0$/, code: "unsupported" },
  { what: "an empty root", text: config({ root: { path: "" } }), message: /root[.]path: expected text/ },
  { what: "NUL in a root", text: config({ root: { path: "a\0b" } }), message: /root[.]path: .* without NUL/ },
  { what: "a relative cwd", text: ofProcess({ cwd: "tmp" }), message: /process[.]cwd: .* absolute path, found "tmp"/ },
  { what: "no program", text: ofProcess({ args: [] }), message: /process[.]args\[0\]/ },
  { what: "an empty program", text: ofProcess({ args: [""] }), message: /process[.]args\[0\]/ },
  { what: "NUL in an argument", text: ofProcess({ args: ["sh", "a\0"] }), message: /process[.]args\[1\]/ },
  { what: "a variable without name", text: ofProcess({ env: ["=x"] }), message: /process[.]env\[0\]/ },
  { what: "a number as ID text", text: ofProcess({ user: { uid: "0", gid: 0 } }), message: /process[.]user[.]uid/ },
  { what: "a negative ID", text: ofProcess({ user: { uid: -1, gid: 0 } }), message: /process[.]user[.]uid/ },
  { what: "the ID that means none", text: ofProcess({ user: { uid: 4294967295, gid: 0 } }), message: /user[.]uid/ },
  { what: "half an ID", text: ofProcess({ user: { uid: 0, gid: 0.5 } }), message: /process[.]user[.]gid/ },
  { what: "an unknown limit", text: ofProcess({ rlimits: [{ type: "RLIMIT_X", soft: 0, hard: 0 }] }), message: /type/ },
  {
    what: "a limit twice",
    text: ofProcess({ rlimits: Array(2).fill({ type: "RLIMIT_CPU", soft: 0, hard: 0 }) }),
    message: /process[.]rlimits\[1\]: RLIMIT_CPU is there twice/,
  },
  {
    what: "a soft limit above the hard one",
    text: ofProcess({ rlimits: [{ type: "RLIMIT_CPU", soft: 2, hard: 1 }] }),
    message: /2 above 1/,
  },
  { what: "a strange capability", text: ofProcess({ capabilities: { bounding: ["kill"] } }), message: /bounding\[0\]/ },
  { what: "an unknown namespace", text: ofLinux({ namespaces: [{ type: "mnt" }] }), message: /namespaces\[0\][.]type/ },
  {
    what: "a namespace twice",
    text: ofLinux({ namespaces: [{ type: "pid" }, { type: "pid" }] }),
    message: /linux[.]namespaces\[1\]: namespace pid is there twice/,
  },
  { what: "a relative namespace path", text: ofLinux({ namespaces: [{ type: "pid", path: "x" }] }), message: /path/ },
  {
    what: "IDs mapped twice",
    text: ofLinux({ uidMappings: [0, 5].map((n) => ({ containerID: n, hostID: n + 100, size: 6 })) }),
    message: /linux[.]uidMappings: containerID 5 is mapped twice/,
  },
  {
    what: "a map beyond the last ID",
    text: ofLinux({ gidMappings: [{ containerID: 0, hostID: 4294967294, size: 2 }] }),
    message: /goes beyond/,
  },
  { what: "a hostname without namespace", text: config({ hostname: "x" }), message: /hostname: needs a uts namespace/ },
  {
    what: "an unknown device type",
    text: ofLinux({ devices: [{ type: "x", path: "/dev/x" }] }),
    message: /devices\[0\]/,
  },
  { what: "a relative masked path", text: ofLinux({ maskedPaths: ["proc"] }), message: /maskedPaths\[0\]/ },
  {
    what: "a path in a cgroup file's name",
    text: ofLinux({ resources: { unified: { "../memory.max": "1" } } }),
    message: /resources[.]unified: expected a file of cgroup v2/,
  },
  { what: "a strange CPU list", text: ofLinux({ resources: { cpu: { cpus: "0,\n1" } } }), message: /cpu[.]cpus/ },
  {
    what: "an unknown device access",
    text: ofLinux({ resources: { devices: [{ allow: true, access: "x" }] } }),
    message: /access/,
  },
  {
    what: "an unknown seccomp action",
    text: ofLinux({ seccomp: { defaultAction: "ALLOW" } }),
    message: /defaultAction/,
  },
  {
    what: "an unknown seccomp operator",
    text: ofLinux({
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["x"], action: "SCMP_ACT_ERRNO", args: [{ index: 0, value: 0, op: "EQ" }] }],
      },
    }),
    message: /syscalls\[0\][.]args\[0\][.]op/,
  },
  {
    what: "a rule without names",
    text: ofLinux({ seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [], action: "SCMP_ACT_LOG" }] } }),
    message: /names/,
  },
  {
    what: "Intel RDT",
    text: ofLinux({ intelRdt: {} }),
    message: /linux[.]intelRdt: not supported/,
    code: "unsupported",
  },
  {
    what: "an unknown hook path",
    text: config({ hooks: { poststop: [{ path: "x" }] } }),
    message: /hooks[.]poststop\[0\]/,
  },
];
for (const { what, text, message, code = "invalid" } of HOSTILE) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => parseConfig(text),
      (error: unknown) => isAtomicError(error, code) && message.test(error.message) && !error.message.includes("\n"),
    );
  });
}

test("does not take a prototype's keys for its own", () => {
  const parsed = parseConfig('{"ociVersion":"1.0.0","annotations":{"__proto__":"x"},"__proto__":{"hostname":"y"}}');
  assert.is(parsed.hostname, undefined);
  assert.equal(Object.keys(parsed.annotations ?? {}), ["__proto__"]);
});

for (const runtime of ["crun", "runc"]) {
  const reason = unmet({ programs: [runtime] });
  test.skipUnless(reason === undefined, reason ?? "")(`reads what ${runtime} spec writes`, () => {
    const directory = mkdtempSync(join(tmpdir(), "atomic-spec-"));
    try {
      assert.is(spawnSync(runtime, ["spec"], { cwd: directory }).status, 0);
      const text = readFileSync(join(directory, "config.json"), "utf8");
      // Nothing it writes is lost.
      assert.equal(parseConfig(text), JSON.parse(text));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
