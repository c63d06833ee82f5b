/** The host: what the layers above may use of it. */
export { compose, type ComposeOptions } from "./compose.ts";
export { loadComposeFile } from "./compose-load.ts";
export { type ComposedTree, composeTree } from "./compose-tree.ts";
