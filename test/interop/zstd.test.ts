/** Frames of Debian's `zstd`, which compresses initramfs images: taken apart and made again, and predicted. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { frameLength } from "../../src/ostree/delta/zstd/frame-layout.ts";
import { recordFrame } from "../../src/ostree/delta/zstd/recorded-frame.ts";
import { predictFrame } from "../../src/ostree/delta/zstd/choose-compressor.ts";
import { packZstd, unpackPlain } from "../../src/ostree/delta/zstd/zstd-file.ts";
import { run } from "../../src/spawn.ts";
import { peer } from "../support/peers.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const zstd = peer("zstd");
const test = suite("interop/zstd", zstd.missing);
const dir = tempDir();
const MAX = 64 * 1024 * 1024;
/** The compressor of version 1.5.5 chooses otherwise than those before, which are the ones that are predicted. */
const OLD = /v1\.([0-4]\.|5\.[0-4]\b)/;
const program = readFileSync(process.execPath);

/** What the command makes of `content` that it reads from a pipe, as update-initramfs does. */
function compress(content: Uint8Array, ...options: string[]): Uint8Array {
  const [source, target] = [join(dir, "source"), join(dir, "target")];
  writeFileSync(source, content);
  run(["sh", "-c", 'cat "$1" | "$0" -q -c $3 >"$2"', zstd.argv[0]!, source, target, options.join(" ")]);
  return readFileSync(target);
}

const isOld = (): boolean => OLD.test(run([...zstd.argv, "--version"]).stdout.toString("utf8"));
const CODE = program.subarray(30_000_000, 30_700_000);

for (const options of [
  ...Array.from({ length: 19 }, (_, i) => [`-${i + 1}`]),
  ["--ultra", "-22"],
  ["-19", "--long=27"],
  ["--fast=3"],
  ["-5", "--no-check", "--single-thread"],
]) {
  test(`makes again what \`zstd ${options.join(" ")}\` made`, () => {
    const frame = compress(CODE, ...options);
    assert.ok(Buffer.from(packZstd(unpackPlain(frame, MAX)!)).equals(frame));
  });
}

for (const [level, mebibytes] of [
  [5, 1],
  [6, 1],
  [7, 1],
  [8, 9],
  [9, 1],
  [10, 1],
  [11, 1],
  [12, 1],
] as const) {
  test(`predicts every sequence of \`zstd -${level}\` in ${mebibytes} MiB`, () => {
    const frame = compress(program.subarray(0, mebibytes * 1024 * 1024), `-${level}`);
    assert.is(frameLength(frame), frame.length);
    const predicted = predictFrame(recordFrame(frame, MAX));
    if (!isOld()) return assert.is(predicted, undefined);
    // One number: all are right.
    assert.ok(predicted !== undefined && predicted.sequences.length <= 4, `${predicted?.sequences.length} bytes`);
  });
}
