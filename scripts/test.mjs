/** `npm test [-- FILE|DIRECTORY…]`: installs, builds, and runs the tests; test/run.ts says which. */
import { bunPath } from "./bun.mjs";
import { installDebianPackages, installNpmPackages } from "./install.mjs";
import { run } from "./run.mjs";

const args = process.argv.slice(2);
const long = ["crash", "interop", "vm"].filter((name) => args.some((arg) => arg.startsWith(`test/${name}`)));
installNpmPackages();
installDebianPackages("test", ...long);
run(bunPath(), ["scripts/build.ts"]);
run(bunPath(), ["test/run.ts", ...args]);
