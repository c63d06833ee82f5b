/** Composing a host tree from what a YAML file says. */
export { compose, type ComposeOptions } from "./compose.ts";
export { loadComposeFile } from "./load.ts";
export { debianSources, machineAptSources } from "./sources.ts";
export { type ComposedTree, composeTree } from "./tree.ts";
