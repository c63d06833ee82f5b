/** The completion scripts: each asks `atomic __complete` and shows the answer the way of its shell. */
import bash from "./atomic.bash" with { type: "text" };
import fish from "./atomic.fish" with { type: "text" };
import zsh from "./atomic.zsh" with { type: "text" };

/** The script of each shell. */
export const SCRIPTS = { bash, zsh, fish };

export type Shell = keyof typeof SCRIPTS;
