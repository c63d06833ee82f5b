/**
 * Builds the relocatable `dist/`: `bin/atomic`, one executable, and `lib/atomic/` with what cannot be inside it.
 * docs/decisions/0001-native-modules.md says why it is cut this way. Does nothing when dist/ is newer than every source.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { NATIVE_FILES } from "../src/native.ts";
import { lazyModules } from "./lazy-modules.ts";

const ROOT = resolve(import.meta.dirname, "..");
const EXECUTABLE = join(ROOT, "dist/bin/atomic");
/** The same program under the name of an OCI runtime. */
const RUNTIME = join(ROOT, "dist/bin/atomic-runtime");
/** How many times as often as usual code must run to be compiled, until a verb expects long work (src/bun.ts). */
const JIT_POLICY = 32;
/** Files that a native module reads from beside itself. */
const COMPANIONS: Partial<Record<string, string>> = { "blake3_js.js": "blake3_js_bg.wasm" };

if (isUpToDate()) {
  console.log("dist/ is up to date");
} else {
  const started = Date.now();
  copyNativeFiles(join(ROOT, "dist/lib/atomic"));
  await compile();
  rmSync(RUNTIME, { force: true });
  symlinkSync(basename(EXECUTABLE), RUNTIME);
  utimesSync(EXECUTABLE, new Date(), new Date(started)); // a source saved meanwhile is newer
  console.log(`built dist/ in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function isUpToDate(): boolean {
  if (!existsSync(EXECUTABLE)) return false;
  const built = statSync(EXECUTABLE).mtimeMs;
  const src = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).map((name) => join("src", name));
  const sources = [...src, "package.json", "package-lock.json", "scripts/build.ts", "scripts/lazy-modules.ts"];
  return sources.every((source) => statSync(join(ROOT, source)).mtimeMs < built);
}

/** `main.ts`, and every `*-worker.ts`: a worker is started from a file of its own. */
function entrypoints(): string[] {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  return [
    join(ROOT, "src/main.ts"),
    ...names.filter((name) => name.endsWith("-worker.ts")).map((name) => join(ROOT, "src", name)),
  ];
}

async function compile(): Promise<void> {
  // The name is in the executable, and so in the stack of every bug report.
  const unfinished = join(ROOT, "dist/new", basename(EXECUTABLE));
  for (const path of [EXECUTABLE, unfinished]) mkdirSync(dirname(path), { recursive: true });
  await Bun.build({
    entrypoints: entrypoints(),
    // A program run by root must not be configured by the directory it happens to be in.
    compile: { outfile: unfinished, autoloadDotenv: false, autoloadBunfig: false, jitPolicy: JIT_POLICY },
    // Not minified: with bytecode that gains no time, and it would make the stack of every bug report unreadable.
    bytecode: true,
    define: { ATOMIC_BUILT: "true", "process.env.NODE_ENV": '"production"' },
    // Each dynamic import is a file of its own, so that a verb loads only what it uses; docs/decisions/0036-*.md.
    splitting: true,
    // As a CommonJS module, `import.meta.url` would name the build tree and workers would be loaded from it.
    format: "esm",
    root: join(ROOT, "src"),
    target: "bun",
    plugins: [lazyModules],
  });
  renameSync(unfinished, EXECUTABLE); // replaces one that is running, too
  rmSync(dirname(unfinished), { recursive: true });
}

function copyNativeFiles(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const require = createRequire(import.meta.url);
  for (const { built, checkout } of Object.values(NATIVE_FILES)) {
    const source = require.resolve(checkout);
    install(source, join(directory, built));
    const companion = COMPANIONS[basename(source)];
    if (companion !== undefined) install(join(dirname(source), companion), join(directory, companion));
  }
}

function install(source: string, target: string): void {
  copyFileSync(source, `${target}.new`);
  renameSync(`${target}.new`, target);
}
