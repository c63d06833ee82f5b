/** `npm run build`: installs npm's packages if needed, then builds dist/ if a source is newer. */
import { bunPath } from "./bun.mjs";
import { installNpmPackages } from "./install.mjs";
import { run } from "./run.mjs";

installNpmPackages();
run(bunPath(), ["scripts/build.ts"]);
