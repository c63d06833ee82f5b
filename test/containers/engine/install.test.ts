import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { tempDir } from "../../support/temp.ts";
import { boxSuite } from "./box-suite.ts";

const scratch = tempDir();
const RUN = "docker run -d --net=none --name ${NAME} ${IMAGE} sleep 1000";
const once = (word: string) =>
  `docker run --rm --net=none -v ${scratch}:/out --name \${NAME}-${word} \${IMAGE} touch /out/${word}`;

const { test, fixture, atomic } = boxSuite("images that are installed", {
  labelled: {
    service: { RUN, INSTALL: once("installed"), UNINSTALL: once("uninstalled") },
    failing: { INSTALL: "docker run --rm --net=none IMAGE sh -c 'exit 3'" },
  },
});

test("runs an image with LABEL INSTALL only once it was installed, until it is uninstalled", () => {
  const refused = atomic("run", "-y", "service");
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /it wants to be installed first[^]*atomic install/);
  assert.is(atomic("install", "-y", "service").status, 0);
  assert.ok(existsSync(join(scratch, "installed")));
  const record = JSON.parse(readFileSync(join(fixture().sysroot, "atomic/containers/.installed.json"), "utf8")) as {
    images: Record<string, { image: string; name: string }>;
  };
  assert.equal(
    Object.entries(record.images).map(([digest, { image, name }]) => [digest.slice(0, 7), image, name]),
    [["sha256:", "localhost/service:latest", "service-installed"]],
  );
  assert.is(atomic("run", "-y", "service").stdout, "service\n");
  assert.is(atomic("uninstall", "-y", "service").status, 0);
  assert.ok(existsSync(join(scratch, "uninstalled")));
  assert.match(atomic("run", "-y", "--replace", "service").stderr, /it wants to be installed first/);
  assert.is(atomic("run", "-y", "--replace", "--ignore", "service").status, 0);
});

test("does not take an image for installed whose LABEL INSTALL failed, and uninstalls one without LABEL UNINSTALL", () => {
  assert.is(atomic("install", "failing").status, 3);
  assert.is(atomic("run", "failing").status, 1);
  assert.match(atomic("uninstall", "failing").stderr, /LABEL UNINSTALL of .*: the image has none/);
});
