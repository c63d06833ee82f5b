import { readSync, writeSync } from "node:fs";
import * as assert from "uvu/assert";
import {
  close,
  isTerminal,
  makeRaw,
  newMount,
  O_DIRECTORY,
  O_PATH,
  open,
  openTerminal,
  setWindowSize,
  windowSize,
} from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/terminal", unmet({ root: true, mounts: true }));

const OPTIONS = ["newinstance", "ptmxmode=0666", "mode=0620", "max=2"];

test("makes terminals of a devpts that is mounted nowhere", () => {
  const root = newMount({ type: "devpts", options: OPTIONS, attributes: 0 });
  const { master, slave } = openTerminal(root);
  assert.ok(isTerminal(slave));
  assert.not(isTerminal(root));
  assert.not(isTerminal(9999));
  writeSync(slave, "a\n");
  const bytes = Buffer.alloc(9);
  assert.is(bytes.toString("utf8", 0, readSync(master, bytes)), "a\r\n");
  setWindowSize(master, { rows: 50, columns: 132 });
  assert.equal(windowSize(slave), { rows: 50, columns: 132 });
  const second = openTerminal(root);
  assert.is(refusal(() => openTerminal(root)).code, "no-space");
  for (const fd of [master, slave, second.master, second.slave, root]) close(fd);
});

test("passes on bytes as they are, and becomes what it was", () => {
  const root = newMount({ type: "devpts", options: OPTIONS, attributes: 0 });
  const { master, slave } = openTerminal(root);
  const shown = (text: string): string => {
    writeSync(slave, text);
    const bytes = Buffer.alloc(9);
    return bytes.toString("utf8", 0, readSync(master, bytes));
  };
  for (const keys of [false, true]) {
    const undo = makeRaw(slave, keys);
    assert.is(shown("a\n"), "a\n");
    if (keys) {
      writeSync(master, "b");
      assert.is(readSync(slave, Buffer.alloc(9)), 1);
    }
    undo();
    assert.is(shown("a\n"), "a\r\n");
  }
  for (const fd of [master, slave, root]) close(fd);
});

test("refuses a directory that is no devpts, and what is no terminal", () => {
  const root = open(tempDir(), O_PATH | O_DIRECTORY);
  assert.is(refusal(() => openTerminal(root)).code, "not-found");
  close(root);
  const dev = open("/dev", O_PATH | O_DIRECTORY);
  assert.is(refusal(() => openTerminal(dev)).code, "invalid");
  close(dev);
  const file = open("/dev/null", 0);
  assert.is(windowSize(file), undefined);
  assert.is(refusal(() => makeRaw(file, true)).code, "unsupported");
  close(file);
});

test("names the option a filesystem does not have", () => {
  const attempt = (type: string, options: string[]) => refusal(() => newMount({ type, options, attributes: 0 }));
  assert.match(attempt("devpts", ["nosuch=1"]).message, /devpts with nosuch=1/);
  assert.is(attempt("nosuchfs", []).code, "unsupported");
});
