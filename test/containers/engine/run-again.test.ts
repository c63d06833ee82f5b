import * as assert from "uvu/assert";
import { boxSuite } from "./box-suite.ts";

const { test, fixture, atomic } = boxSuite("running a name again", { labelled: { other: { note: "another image" } } });

test("runs words in a container of that name, started before if need be, and starts it without", () => {
  const box = (...words: string[]) => atomic("run", "--net=none", "--name=box", "box", ...words);
  assert.is(atomic("run", "-d", "--net=none", "--name=box", "box", "sleep", "1000").status, 0);
  assert.is(box("echo", "in it").stdout, "in it\n");
  const again = box();
  assert.is(again.status, 77);
  assert.match(again.stdout, /it is running/);
  atomic("stop", "-t=0", "box");
  assert.is(box("sh", "-c", "echo $0 started").stdout, "sh started\n");
  assert.equal(
    fixture()
      .list()
      .map(({ status }) => status),
    ["running"],
  );
  assert.match(atomic("run", "--name=box", "other").stderr, /made of another image, localhost\/box/);
});
