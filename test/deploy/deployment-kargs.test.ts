import * as assert from "uvu/assert";
import { parseStateroot } from "../../src/deploy/deployment-id.ts";
import { checkOperatorKargs, deploymentKargs, withoutDeploymentKargs } from "../../src/deploy/deployment-kargs.ts";
import { checksumOf } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/deployment-kargs");
const [commit, image] = [checksumOf(Buffer.from("a")), checksumOf(Buffer.from("b"))];
const own = deploymentKargs({ stateroot: parseStateroot("default"), commit, serial: 3 }, image);

test("names the image and the deployment", () =>
  assert.equal(own, [`atomic.image=${image}`, `atomic=default/${commit}.3`]));

test("takes its own arguments off again, and no others", () => {
  const others = ["root=LABEL=x", "atomic.verity=require", "atomicity=1", "--", "single"];
  assert.equal(withoutDeploymentKargs([...others.slice(0, 3), ...own, ...others.slice(3)]), others);
});

for (const karg of ["quiet", "atomic.verity=require", 'atomic.verity="require"', "atomic.debug", "atomicity=1"]) {
  test(`lets an operator set ${karg}`, () => checkOperatorKargs(["ro", karg]));
}
for (const karg of ["atomic=x", "atomic", "atomic.image=x", '"atomic.image=x"', "atomic.verity=off", "atomic.later"]) {
  test(`keeps an operator from setting ${karg}`, () =>
    assert.throws(
      () => checkOperatorKargs(["ro", karg]),
      (error: unknown) => isAtomicError(error, "usage") && error.message.includes(karg),
    ));
}
