import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { tempDir } from "../../support/temp.ts";
import { boxSuite } from "./box-suite.ts";

const scratch = tempDir();
const RUN = "docker run -d --net=none --name ${NAME} ${IMAGE} sleep 1000";
const once = (word: string) =>
  `docker run --rm --net=none -v ${scratch}:/out --name \${NAME}-${word} \${IMAGE} touch /out/${word}`;

const { test, fixture, atomic } = boxSuite("LABEL STOP and RUN_OPTS_FILE", {
  labelled: {
    hup: {
      RUN: "docker run -d --net=none --name NAME IMAGE sh -c 'trap \"exit 9\" HUP; while :; do sleep 1; done'",
      STOP: "docker kill -s HUP NAME",
    },
    told: { RUN, STOP: "docker exec NAME sh -c 'echo bye > /told'" },
    helped: { RUN, STOP: once("stopped") },
    murderous: { RUN, STOP: "docker rm -f other" },
    tuned: {
      RUN_OPTS_FILE: `${scratch}/\${NAME}.opts`,
      RUN: "docker run --rm --net=none ${RUN_OPTS} --name NAME IMAGE sh -c 'echo $TUNED'",
    },
    relative: { RUN_OPTS_FILE: "etc/opts", RUN },
  },
});

test("ends a container as LABEL STOP says: by a signal, a program in it, or a container beside it", () => {
  assert.is(atomic("run", "hup").status, 0);
  assert.is(atomic("stop", "--display", "hup").stdout, "docker kill -s HUP hup\n");
  assert.is(atomic("stop", "hup").status, 0);
  assert.equal(fixture().list(), [{ name: "hup", status: "exited", exitCode: 9 }]);
  assert.is(atomic("run", "told").status, 0);
  assert.is(atomic("stop", "told").status, 0);
  assert.is(atomic("exec", "told", "cat", "/told").stdout, "bye\n");
  assert.is(atomic("stop", "--ignore", "-t=0", "told").status, 0);
  assert.is(atomic("run", "helped").status, 0);
  assert.match(atomic("stop", "helped").stderr, /asks for:\n {2}the host's .* on \/out/);
  assert.not(existsSync(join(scratch, "stopped")));
  assert.is(atomic("stop", "-y", "helped").status, 0);
  assert.ok(existsSync(join(scratch, "stopped")));
});

test("does not let LABEL STOP touch another container, nor words without it", () => {
  assert.is(atomic("run", "murderous").status, 0);
  assert.match(atomic("stop", "murderous").stderr, /LABEL STOP names another, other/);
  assert.is(atomic("stop", "-t=0", "--ignore", "murderous").status, 0);
  assert.is(atomic("run", "-d", "--net=none", "--name=plain", "box", "sleep", "1000").status, 0);
  const { status, stderr } = atomic("stop", "plain", "now");
  assert.is(status, 2);
  assert.match(stderr, /there is no LABEL STOP to add now to/);
});

test("takes more options from the file that LABEL RUN_OPTS_FILE names", () => {
  assert.is(atomic("run", "tuned").stdout, "\n");
  writeFileSync(join(scratch, "tuned.opts"), "-e\nTUNED=yes\n");
  assert.is(
    atomic("run", "--display", "tuned").stdout,
    "docker run --rm --net=none -e TUNED=yes --name tuned localhost/tuned:latest sh -c 'echo $TUNED'\n",
  );
  assert.match(atomic("run", "relative").stderr, /RUN_OPTS_FILE .*: expected an absolute path, found etc\/opts/);
});
