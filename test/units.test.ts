import * as assert from "uvu/assert";
import { formatBytes, formatDuration } from "../src/units.ts";
import { suite } from "./support/suite.ts";

const test = suite("units");

for (const [bytes, text] of [
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [34 * 1024 ** 2, "34.0 MiB"],
  [1.5 * 1024 ** 3, "1.5 GiB"],
  [5000 * 1024 ** 4, "5000.0 TiB"],
] as const) {
  test(`formats ${bytes} bytes as ${text}`, () => assert.is(formatBytes(bytes), text));
}

for (const [seconds, text] of [
  [0.4, "0s"],
  [59, "59s"],
  [185, "3m05s"],
  [4800, "1h20m"],
] as const) {
  test(`formats ${seconds} seconds as ${text}`, () => assert.is(formatDuration(seconds), text));
}
