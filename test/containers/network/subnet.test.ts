import fc from "fast-check";
import * as assert from "uvu/assert";
import { formatSubnet, gatewayOf, nextAddress, overlaps, parseSubnet } from "../../../src/containers/network/subnet.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("containers/network/subnet");

test("reads a subnet back as it is written", () => {
  const subnets = fc
    .integer({ min: 8, max: 29 })
    .chain((prefix) =>
      fc.integer({ min: 0, max: 2 ** prefix - 1 }).map((network) => ({ first: network * 2 ** (32 - prefix), prefix })),
    );
  fc.assert(fc.property(subnets, (subnet) => assert.equal(parseSubnet(formatSubnet(subnet)), subnet)));
});

for (const text of [
  "",
  "10.0.0.0",
  "10.0.0.1/24",
  "10.0.0.0/7",
  "10.0.0.0/30",
  "10.0.0.0/024",
  "10.0.0/24",
  "::/64",
  "a/24",
]) {
  test(`refuses '${text}'`, () => {
    assert.throws(
      () => parseSubnet(text),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  });
}

test("gives out every address but the network's, the gateway's and the broadcast's, the last given one last", () => {
  const subnet = parseSubnet("10.1.2.8/29");
  assert.is(gatewayOf(subnet), "10.1.2.9");
  const taken = new Set<string>();
  let last: string | undefined;
  for (let next = nextAddress(subnet, taken, last); next !== undefined; next = nextAddress(subnet, taken, last)) {
    taken.add(next);
    last = next;
  }
  assert.equal([...taken], ["10.1.2.10", "10.1.2.11", "10.1.2.12", "10.1.2.13", "10.1.2.14"]);
  taken.delete("10.1.2.10");
  taken.delete("10.1.2.14");
  assert.is(nextAddress(subnet, taken, "10.1.2.13"), "10.1.2.14");
  assert.is(nextAddress(subnet, taken, "10.1.2.14"), "10.1.2.10");
});

test("knows which subnets share addresses", () => {
  const of = (a: string, b: string) => overlaps(parseSubnet(a), parseSubnet(b));
  assert.ok(of("10.0.0.0/8", "10.90.0.0/16") && of("10.90.0.0/16", "10.0.0.0/8") && of("10.1.0.0/24", "10.1.0.0/24"));
  assert.not(of("10.1.0.0/24", "10.1.1.0/24") || of("10.1.1.0/24", "10.1.0.0/24"));
});
