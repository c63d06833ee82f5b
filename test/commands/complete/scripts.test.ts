import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { cli } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("commands/complete/scripts");
const bin = tempDir();

/** How each shell is asked to complete `atomic repo l`, printing one value a line. */
const ASK = {
  bash: `source <(atomic completion bash)
    COMP_WORDS=(atomic repo l) COMP_CWORD=2; _atomic atomic l repo; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `source <(atomic completion zsh)
    _describe() { print -l -- "\${(@P)4%%:*}" }
    words=(atomic repo l) CURRENT=3; _atomic`,
  fish: `atomic completion fish | source; complete -C "atomic repo l" | string replace -r '\\t.*' ''`,
};

test.before(() => {
  const main = resolve(import.meta.dirname, "../../../src/main.ts");
  writeFileSync(join(bin, "atomic"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(bin, "atomic"), 0o755);
});

for (const [shell, ask] of Object.entries(ASK)) {
  const missing = unmet({ programs: [shell] });
  const run = test.skipUnless(missing === undefined, missing ?? "");

  run(`${shell} can parse its script`, () => {
    const { status, stderr } = spawnSync(shell, ["-n"], { input: cli(["completion", shell]).stdout, encoding: "utf8" });
    assert.equal({ status, stderr }, { status: 0, stderr: "" });
  });

  run(`${shell} completes verbs`, () => {
    const flags = shell === "zsh" ? ["-fc", `autoload -U compinit; compinit -D -u; ${ask}`] : ["-c", ask];
    const { stdout } = spawnSync(shell, flags, {
      encoding: "utf8",
      env: { PATH: bin + delimiter + process.env["PATH"], HOME: bin },
    });
    assert.is(stdout, "log\nls\n");
  });
}
