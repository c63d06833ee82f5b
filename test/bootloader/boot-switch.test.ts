/** Boot switches on a real directory, stopped at every operation and looked at with a loader's eyes. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import * as assert from "uvu/assert";
import {
  applyBootSwitch,
  collectKernels,
  getField,
  getFields,
  installedEntries,
  installKernel,
  planBootSwitch,
  readBootDirectory,
  sortEntries,
} from "../../src/bootloader/index.ts";
import type { BootEntry } from "../../src/bootloader/index.ts";
import { checksumOf } from "../../src/digest.ts";
import { createDurable } from "../../src/durable.ts";
import { Stopped } from "../../src/durable-step.ts";
import type { Durable } from "../../src/durable.ts";
import type { DurableOptions, Operation } from "../../src/durable-step.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/boot-switch");

/** In memory where possible: waiting for the disk thousands of times would prove nothing. */
const scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "atomic-test-"));
test.after(() => rmSync(scratch, { recursive: true }));
let made = 0;
const newDirectory = (): string => {
  const path = join(scratch, String(made++));
  mkdirSync(path);
  return path;
};

interface Deployment {
  id: string;
  title: string;
  kernel: string;
  tries?: number;
}
const deployment = (id: string, kernel = id): Deployment => ({
  id,
  title: `Host ${id}`,
  kernel,
});
const A = deployment("a");
const B = { ...deployment("b"), tries: 3 };
const C = deployment("c", "a");

const FOREIGN: Record<string, string> = {
  "arch.conf": "# mine\ntitle Arch\nsort-key zz\nlinux /vmlinuz-arch\noptions  root=/dev/sda1\n",
  "broken.conf": "title nothing to start\n",
  "notes.txt": "\0\u0001",
  "Atomic-9-x.conf": "linux /other\n",
};

function newBootDirectory(): string {
  const boot = newDirectory();
  mkdirSync(join(boot, "loader/entries"), { recursive: true });
  for (const [name, text] of Object.entries(FOREIGN)) writeFileSync(join(boot, "loader/entries", name), text);
  mkdirSync(join(boot, "atomic/not-ours"), { recursive: true });
  return boot;
}

function source(content: string): string {
  const path = join(newDirectory(), "source");
  writeFileSync(path, content);
  return path;
}
const SOURCES = Object.fromEntries(
  ["a", "b"].map((id) => [id, [source(`kernel ${id}`), source(`initramfs ${id}`)] as const]),
);

/** Gives the boot directory's name other bytes, and leaves the file it was linked to alone. */
function damageFile(path: string, content: string): void {
  rmSync(path);
  writeFileSync(path, content);
}

/** All that deploying does to the boot directory. */
function switchTo(disk: Durable, boot: string, wanted: readonly Deployment[]): void {
  const entries = wanted.map(({ kernel: name, ...rest }): BootEntry => {
    const [kernel, initramfs] = SOURCES[name]!;
    const { linux, initrd } = installKernel(disk, boot, {
      stateroot: "host",
      kernel,
      initramfs,
    });
    return { ...rest, linux, initrd, kargs: [`atomic=host/${rest.id}.0`] };
  });
  applyBootSwitch(disk, boot, planBootSwitch(readBootDirectory(boot), entries, "/boot"));
  collectKernels(boot, [], disk);
}

/** The ids of our entries as a loader lists them. @throws when one cannot start or a foreign file changed */
function loaderView(boot: string): string[] {
  for (const [name, text] of Object.entries(FOREIGN)) {
    assert.is(readFileSync(join(boot, "loader/entries", name), "utf8"), text);
  }
  assert.ok(existsSync(join(boot, "atomic/not-ours")));
  const listed = sortEntries(readBootDirectory(boot).flatMap(({ loaderEntry }) => loaderEntry ?? []));
  return listed.flatMap(({ entry }) => {
    const id = /^atomic=host\/(.*)\.0$/.exec(getField(entry, "options") ?? "")?.[1];
    if (id === undefined) return [];
    const files = [getField(entry, "linux")!, ...getFields(entry, "initrd")].map((path) => path.replace("/boot/", ""));
    const bytes = Buffer.concat(files.map((path) => readFileSync(join(boot, path))));
    assert.is(basename(dirname(files[0]!)), `host-${checksumOf(bytes)}`);
    return [id];
  });
}

const kernels = (boot: string): string[] => readdirSync(join(boot, "atomic")).toSorted();
const idsOf = (deployments: readonly Deployment[]) => deployments.map(({ id }) => id);

/** Runs `options` for operation 1, 2, … on a copy of `start` until one run is not interrupted; gives each result. */
function* interrupted(start: string, wanted: readonly Deployment[], options: (operation: number) => DurableOptions) {
  for (let operation = 1; ; operation++) {
    const boot = newDirectory();
    cpSync(start, boot, { recursive: true });
    try {
      switchTo(createDurable(options(operation)), boot, wanted);
      return;
    } catch (error) {
      yield { boot, error };
    }
  }
}

/** A boot directory that came to these deployments one by one, the last of them first. */
function started(...deployments: Deployment[]): string {
  const boot = newBootDirectory();
  for (const at of [...deployments.keys()].reverse()) switchTo(createDurable(), boot, deployments.slice(at));
  return boot;
}

interface Scenario {
  from: Deployment[];
  to: Deployment[];
  damage?: (boot: string) => void;
}
const retitled = (list: Deployment[]) =>
  list.map((each, index) => ({
    ...each,
    title: `${each.title} (atomic:${index})`,
  }));
const SCENARIOS: Record<string, Scenario> = {
  "the first deployment": { from: [], to: [A] },
  "an upgrade": { from: [A], to: [B, A] },
  "an upgrade that drops the oldest": { from: [B, A], to: [C, B] },
  "a rollback": { from: [B, A], to: [A, B] },
  "a rollback over two": { from: [C, B, A], to: [A, C, B] },
  "a rollback that changes every title": {
    from: retitled([C, B, A]),
    to: retitled([A, C, B]),
  },
  "removing the default and the next": { from: [C, B, A], to: [A] },
  "removing another": { from: [C, B, A], to: [C, A] },
  "replacing all": { from: [B], to: [A] },
  "repairing a kernel that no entry can start": {
    from: [A],
    to: [B, A],
    damage: (boot) => {
      switchTo(createDurable(), boot, [B, A]);
      for (const name of readdirSync(join(boot, "loader/entries"))) {
        if (name.startsWith("atomic-2-b")) writeFileSync(join(boot, "loader/entries", name), "");
      }
      const unused = kernels(boot).map((name) => join(boot, "atomic", name, "vmlinuz"));
      for (const path of unused)
        if (existsSync(path) && readFileSync(path, "utf8") === "kernel b") damageFile(path, "ker");
    },
  },
};

for (const [what, { from, to, damage }] of Object.entries(SCENARIOS)) {
  const prepare = (): string => {
    const boot = started(...from);
    damage?.(boot);
    return boot;
  };

  for (const [how, options] of Object.entries({
    "stopped at any operation": (operation: number) => ({ stopAt: operation }),
    "failing at any operation": (operation: number) => ({
      failAt: { operation, errno: "ENOSPC" },
    }),
  })) {
    test(`${what}, ${how}, starts the old or the new default and can be repeated`, () => {
      const start = prepare();
      const finished = newDirectory();
      cpSync(start, finished, { recursive: true });
      switchTo(createDurable(), finished, to);
      assert.equal(loaderView(finished), idsOf(to));

      let committed = false;
      for (const { boot, error } of interrupted(start, to, options)) {
        assert.ok(error instanceof Stopped || isAtomicError(error, "no-space"), String(error));
        const [id] = loaderView(boot);
        if (id === to[0]!.id) committed = true;
        else assert.is(id, committed ? to[0]!.id : from[0]?.id);

        switchTo(createDurable(), boot, to);
        assert.equal(loaderView(boot), idsOf(to));
        assert.equal(kernels(boot), kernels(finished));
        const names = readdirSync(join(boot, "loader/entries"));
        assert.equal(names.length, Object.keys(FOREIGN).length + to.length, names.join(" "));
      }
      assert.ok(committed);
    });
  }
}

function record(from: readonly Deployment[], to: readonly Deployment[]): { boot: string; operations: Operation[] } {
  const boot = started(...from);
  const operations: Operation[] = [];
  switchTo(createDurable({ record: (operation) => operations.push(operation) }), boot, to);
  return { boot, operations };
}

test("what an entry names is on the disk before the entry, and the entry before anything goes", () => {
  const { boot, operations } = record([B, A], [C, B]);
  const kinds = operations.map(({ kind, path }) => `${kind} ${String(path).slice(boot.length + 1)}`);
  const entries = kinds.slice(kinds.indexOf("barrier loader/entries"));
  assert.equal(entries, [
    "barrier loader/entries",
    "create loader/entries/atomic-unfinished.tmp",
    "write loader/entries/atomic-unfinished.tmp",
    "fsync loader/entries/atomic-unfinished.tmp",
    "rename-noreplace loader/entries/atomic-unfinished.tmp",
    "fsync-directory loader/entries",
    "unlink loader/entries/atomic-1-a.conf",
    "fsync-directory loader/entries",
  ]);
});

test("a switch to what is there writes nothing", () => {
  const { operations } = record([B, A], [B, A]);
  const changes = operations.filter(({ kind }) => !kind.startsWith("fsync"));
  assert.equal(changes, []);
});

test("a kernel shares its bytes with the file it came from where it can", () => {
  const boot = started(A);
  const path = join(boot, "atomic", kernels(boot)[0]!, "vmlinuz");
  assert.is(statSync(path).ino, statSync(SOURCES["a"]![0]).ino);
});

test("a kernel is installed once and shared", () => {
  const boot = started(C, A);
  assert.is(kernels(boot).length, 2);
  const [c, a] = installedEntries(readBootDirectory(boot), "/boot");
  assert.equal([c?.id, a?.id], ["c", "a"]);
  assert.is(c?.linux, a?.linux);
});

for (const [what, damage] of Object.entries({
  "a flipped byte": (path: string) => damageFile(path, "kernel X"),
  "a lost tail": (path: string) => damageFile(path, "ke"),
})) {
  test(`a present kernel with ${what} is replaced`, () => {
    const boot = started(A);
    const path = join(boot, "atomic", kernels(boot)[0]!, "vmlinuz");
    damage(path);
    switchTo(createDurable(), boot, [A]);
    assert.is(readFileSync(path, "utf8"), "kernel a");
    assert.equal(loaderView(boot), ["a"]);
  });
}

test("a symlink in a kernel's place is not followed", () => {
  const boot = newBootDirectory();
  const [kernel] = SOURCES["a"]!;
  const outside = join(newDirectory(), "outside");
  writeFileSync(outside, "kernel a");
  const { directory } = installKernel(createDurable(), newBootDirectory(), {
    stateroot: "host",
    kernel,
  });
  mkdirSync(join(boot, directory));
  symlinkSync(outside, join(boot, directory, "vmlinuz"));
  assert.throws(
    () => installKernel(createDurable(), boot, { stateroot: "host", kernel }),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});

for (const stateroot of ["", "..", "a/b", ".a", "a\0", "a".repeat(101)]) {
  test(`no kernel is installed for the stateroot ${JSON.stringify(stateroot).slice(0, 20)}`, () => {
    const boot = newBootDirectory();
    assert.throws(
      () =>
        installKernel(createDurable(), boot, {
          stateroot,
          kernel: SOURCES["a"]![0],
        }),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
    assert.equal(kernels(boot), ["not-ours"]);
  });
}

test("collecting keeps kernels that an entry or the caller names", () => {
  const boot = started(A);
  const [kernel] = SOURCES["b"]!;
  const staged = installKernel(createDurable(), boot, {
    stateroot: "host",
    kernel,
  }).directory;
  const foreign = installKernel(createDurable(), boot, {
    stateroot: "other",
    kernel,
  }).directory;
  writeFileSync(join(boot, "loader/entries/mine.conf"), `linux /${foreign}/vmlinuz\n`);
  assert.equal(collectKernels(boot, [staged], createDurable()), []);
  assert.equal(collectKernels(boot, [], createDurable()), [staged]);
  assert.ok(existsSync(join(boot, foreign)));
  assert.equal(loaderView(boot), ["a"]);
});

test("a boot directory without entries has none; a symlink in its place is refused", () => {
  const boot = newDirectory();
  assert.equal(readBootDirectory(boot), []);
  mkdirSync(join(boot, "loader"));
  symlinkSync(newDirectory(), join(boot, "loader/entries"));
  assert.throws(() => readBootDirectory(boot));
});

test("says why a loader would not list a file", () => {
  const problems = readBootDirectory(newBootDirectory()).map(({ fileName, problem }) => [fileName, problem]);
  assert.equal(problems, [
    ["Atomic-9-x.conf", undefined],
    ["arch.conf", undefined],
    ["broken.conf", "reading a boot entry: none of linux, efi, uki, uki-url is set"],
    ["notes.txt", 'reading boot entry name "notes.txt": expected NAME.conf'],
  ]);
});
