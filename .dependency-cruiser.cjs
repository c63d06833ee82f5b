/** The layer order of CONTRIBUTING.md. A folder may import the folders listed for it, and the leaf files of src/. */
const LAYERS = {
  commands: ["deploy", "containers", "oci", "ostree", "bootloader", "linux"],
  deploy: ["containers", "oci", "ostree", "bootloader", "linux"],
  containers: ["oci", "ostree", "linux"],
  oci: ["ostree", "linux"],
  ostree: ["linux"],
  bootloader: ["linux"],
  linux: [],
};
const LEAF = "^src/[^/]+[.]ts$";

const layers = Object.entries(LAYERS).map(([folder, below]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} imports only ${[...below, "leaf files"].join(", ")}.`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: [LEAF, ...[folder, ...below].map((name) => `^src/${name}/`)] },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: "known-folder",
      comment: "A new folder needs its place in the table of CONTRIBUTING.md, and here.",
      severity: "error",
      from: { path: "^src/", pathNot: [LEAF, ...Object.keys(LAYERS).map((name) => `^src/${name}/`)] },
      to: {},
    },
    {
      name: "leaf",
      comment: "Leaf files import no folder; durable*.ts alone use src/linux, main.ts starts src/commands.",
      severity: "error",
      from: { path: LEAF, pathNot: ["^src/durable[a-z-]*[.]ts$", "^src/main[.]ts$"] },
      to: { path: "^src/[^/]+/" },
    },
    {
      name: "durable",
      comment: "durable*.ts use src/linux and no other folder.",
      severity: "error",
      from: { path: "^src/durable[a-z-]*[.]ts$" },
      to: { path: "^src/[^/]+/", pathNot: "^src/linux/index[.]ts$" },
    },
    {
      name: "main",
      comment: "main.ts starts src/commands and knows no other folder.",
      severity: "error",
      from: { path: "^src/main[.]ts$" },
      to: { path: "^src/[^/]+/", pathNot: "^src/commands/index[.]ts$" },
    },
    {
      name: "nobody-imports-main",
      severity: "error",
      from: {},
      to: { path: "^src/main[.]ts$" },
    },
    {
      name: "only-through-index",
      comment: "A folder is entered from outside only through its index.ts (tests of a file import the file).",
      severity: "error",
      from: { path: "^(?:src/([^/]+)/|src/[^/]+[.]ts$|bench/|scripts/)" },
      to: { path: "^src/[^/]+/", pathNot: ["^src/$1/", "^src/[^/]+/index[.]ts$"] },
    },
    {
      name: "no-own-index",
      comment: "Inside a folder siblings are imported directly.",
      severity: "error",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/$1/index[.]ts$" },
    },
    {
      name: "oclif-at-the-edge",
      comment: "Only src/commands and main.ts know oclif.",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/commands/", "^src/main[.]ts$"] },
      to: { path: "node_modules/@oclif/" },
    },
    {
      name: "product-imports-no-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
