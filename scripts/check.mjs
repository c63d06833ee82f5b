/**
 * `npm run check`: types, format, lint, layer order, dead code. Prints the output of what fails, and as its last line
 * `N passed, N failed`.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./bun.mjs";
import { installNpmPackages } from "./install.mjs";

const CHECKS = [
  ["types", "tsc", "--incremental", "--tsBuildInfoFile", "node_modules/.cache/types.tsbuildinfo"],
  ["format", "prettier", "--check", "--cache", "--log-level", "warn", "."],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  [
    "layers",
    "depcruise",
    "--config",
    ".dependency-cruiser.cjs",
    "--output-type",
    "err-long",
    "src",
    "test",
    "bench",
    "scripts",
  ],
  ["dead code", "knip", "--no-progress"],
];
const JOBS = 2;

installNpmPackages();
let failed = 0;
const queue = CHECKS.values();
await Promise.all(
  Array.from({ length: JOBS }, async () => {
    for (const [name, tool, ...args] of queue) {
      const { status, output } = await runTool(tool, args);
      console.log(status === 0 ? `ok    ${name}` : `FAIL  ${name}\n${output.trimEnd().replace(/^/gm, "    ")}`);
      if (status !== 0) failed += 1;
    }
  }),
);
console.log(`${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function runTool(tool, args) {
  return new Promise((done, reject) => {
    const options = { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] };
    const child = spawn(join(ROOT, "node_modules/.bin", tool), args, options);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (status) => done({ status, output }));
  });
}
