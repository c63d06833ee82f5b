/** `npm start [-- OPTION…]`: installs, builds, and runs the demonstration; scripts/demo.ts has its options. */
import { bunPath } from "./bun.mjs";
import { installDebianPackages, installNpmPackages } from "./install.mjs";
import { run } from "./run.mjs";

const args = process.argv.slice(2);
installNpmPackages();
if (args.includes("--debian")) installDebianPackages("debian");
run(bunPath(), ["scripts/build.ts"]);
run(bunPath(), ["scripts/demo.ts", ...args]);
