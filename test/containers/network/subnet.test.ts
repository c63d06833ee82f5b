import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  addressAt,
  formatSubnet,
  gatewayOf,
  nextAddress,
  overlaps,
  parseSubnet,
  placeOf,
} from "../../../src/containers/network/subnet.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("containers/network/subnet");

test("reads a subnet back as it is written", () => {
  const subnets = fc.oneof(
    fc.record({
      bits: fc.constant(32),
      prefix: fc.integer({ min: 8, max: 29 }),
      place: fc.bigInt({ min: 10n, max: 99n }),
    }),
    fc.record({
      bits: fc.constant(128),
      prefix: fc.integer({ min: 8, max: 125 }),
      place: fc.bigInt({ min: 0xfcn, max: 0xfdn }),
    }),
  );
  const made = subnets.chain(({ bits, prefix, place }) =>
    fc.bigInt({ min: 0n, max: 2n ** BigInt(prefix - 8) - 1n }).map((more) => ({
      version: bits === 32 ? (4 as const) : (6 as const),
      first: (place << BigInt(bits - 8)) + (more << BigInt(bits - prefix)),
      prefix,
    })),
  );
  fc.assert(fc.property(made, (subnet) => assert.equal(parseSubnet(formatSubnet(subnet)), subnet)));
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
  "::1/128",
  "fd00::1/64",
  "fd00::/126",
  "fd00::/7x",
  "fd00::%eth0/64",
  "fe80::/64",
  "ff00::/8",
  "::ffff:10.0.0.0/112",
  "fc00::/6",
  "127.0.0.0/8",
  "0.0.0.0/8",
  "224.0.0.0/24",
  "10.0.0.0/24/24",
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

test("knows the addresses of an IPv6 subnet by their place", () => {
  const subnet = parseSubnet("fd00:0:0:1:0::/64");
  assert.is(formatSubnet(subnet), "fd00:0:0:1::/64");
  assert.is(gatewayOf(subnet), "fd00:0:0:1::1");
  assert.is(addressAt(subnet, 0x1_0002), "fd00::1:0:0:1:2");
  assert.is(placeOf(subnet, "fd00::1:0:0:1:2"), 0x1_0002);
  assert.not(overlaps(subnet, parseSubnet("10.0.0.0/8")));
});

test("knows which subnets share addresses", () => {
  const of = (a: string, b: string) => overlaps(parseSubnet(a), parseSubnet(b));
  assert.ok(of("10.0.0.0/8", "10.90.0.0/16") && of("10.90.0.0/16", "10.0.0.0/8") && of("10.1.0.0/24", "10.1.0.0/24"));
  assert.not(of("10.1.0.0/24", "10.1.1.0/24") || of("10.1.1.0/24", "10.1.0.0/24"));
});
