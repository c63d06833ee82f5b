/** `npm run bench [-- OPTION…]`: installs, builds, and compares with the peers; bench/run.ts has its options. */
import { bunPath } from "./bun.mjs";
import { installDebianPackages, installNpmPackages } from "./install.mjs";
import { run } from "./run.mjs";

installNpmPackages();
installDebianPackages("bench");
run(bunPath(), ["scripts/build.ts"]);
run(bunPath(), ["bench/run.ts", ...process.argv.slice(2)]);
