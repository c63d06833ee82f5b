/**
 * Modules that the built program loads when it first uses them, not when it starts: what a compiler calls lazy or inline
 * requires. docs/decisions/0036-what-a-start-costs.md says what each would cost every verb.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { BunPlugin } from "bun";

const OURS = new RegExp(`^${join(resolve(import.meta.dirname, ".."), "src")}/.*\\.ts$`);

/** Node's modules that bring many others, streams foremost, as sources of ours import them. */
const DEAR = /(?<= from ")node:(?=(?:child_process|crypto|https?|net|stream(?:\/promises)?|tty|util|zlib)";)/g;

const OCLIF = /node_modules\/@oclif\/core\/lib\/.*\.js$/;
/** As the TypeScript compiler writes an import: `const errors_1 = __importStar(require("./errors"));`. */
const REQUIRE = /^(?:const|var) (\w+) = ((?:\w+\()?require\(["'][^"']+["']\)\)?);$/gm;
/** Command listens for errors of `process.stdout`, which costs as much as all else a verb's start does. */
const STDOUT = /^process\.stdout\.on\('error'[\s\S]*?^\}\);$/m;

const LAZY_REQUIRE = `const __lazy = (load) => {
    let loaded;
    const module = () => (loaded ??= load());
    return new Proxy(() => {}, {
        get: (_, name) => module()[name],
        apply: (_, self, args) => Reflect.apply(module(), self, args),
    });
};`;

export const lazyModules: BunPlugin = {
  name: "lazy-modules",
  setup(build) {
    // Not by `onResolve` alone: Bun resolves `node:` itself.
    build.onLoad({ filter: OURS }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(DEAR, "lazy:"),
      loader: "ts",
    }));
    build.onResolve({ filter: /^lazy:/ }, ({ path }) => ({ path: path.replace("lazy:", "node:"), namespace: "lazy" }));
    build.onLoad({ filter: /./, namespace: "lazy" }, async ({ path }) => ({
      contents: await lazyNode(path),
      loader: "js",
    }));
    build.onLoad({ filter: OCLIF }, ({ path }) => ({ contents: lazyOclif(path), loader: "js" }));
    // oclif's, for plugins written in TypeScript: ours are not, and the compiler is as large as all else together.
    build.onResolve({ filter: /^typescript$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    build.onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "module.exports = {};", loader: "js" }));
  },
};

/** A module with the functions, classes and tables of numbers that Node's has; others it cannot have lazily. */
async function lazyNode(path: string): Promise<string> {
  const real = (await import(path)) as Record<string, unknown>;
  const members = Object.entries(real).flatMap(([name, value]) => {
    if (name === "default") return [];
    if (typeof value === "object" && name === "constants") return [`export const ${name} = ${JSON.stringify(value)};`];
    if (typeof value !== "function") return [];
    if (!/^[A-Z]/.test(name)) return [`export const ${name} = (...args) => module().${name}(...args);`];
    const traps = [`get: (_, name) => module().${name}[name]`];
    traps.push(`construct: (_, args, target) => Reflect.construct(module().${name}, args, target)`);
    return [`export const ${name} = new Proxy(function () {}, { ${traps.join(", ")} });`];
  });
  const load = `let loaded;\nconst module = () => (loaded ??= process.getBuiltinModule(${JSON.stringify(path)}));`;
  return [load, ...members].join("\n");
}

/** A file of oclif, which is CommonJS: importing `Command` alone would run nearly all of it. */
function lazyOclif(path: string): string {
  const source = readFileSync(path, "utf8");
  let contents = source;
  if (path.endsWith("/lib/command.js")) {
    contents = source.replace(STDOUT, ""); // verbs write through src/commands/output.ts
    if (contents === source) throw new Error(`${path} is not what scripts/lazy-modules.ts expects`);
  }
  return `${LAZY_REQUIRE}\n${contents.replace(REQUIRE, "const $1 = __lazy(() => $2);")}`;
}
