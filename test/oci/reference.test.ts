import * as assert from "uvu/assert";
import { isAtomicError } from "../../src/errors.ts";
import { formatImageReference, isImageReference, parseImageReference } from "../../src/oci/reference.ts";
import { suite } from "../support/suite.ts";

const test = suite("oci/reference");
const HEX = "a".repeat(64);

const LEGAL: { text: string; means: object; full?: string }[] = [
  {
    text: "docker://debian",
    means: { host: "docker.io", path: "library/debian", tag: "latest" },
    full: "docker://docker.io/library/debian:latest",
  },
  {
    text: "docker://index.docker.io/a/b:1",
    means: { host: "docker.io", path: "a/b", tag: "1" },
    full: "docker://docker.io/a/b:1",
  },
  {
    text: "docker://user/app:1.0_x-Y",
    means: { host: "docker.io", path: "user/app", tag: "1.0_x-Y" },
    full: "docker://docker.io/user/app:1.0_x-Y",
  },
  { text: "docker://localhost/a:t", means: { host: "localhost", path: "a", tag: "t" } },
  { text: "docker://127.0.0.1:5000/a/b__c:t", means: { host: "127.0.0.1:5000", path: "a/b__c", tag: "t" } },
  { text: "docker://[::1]:5000/a:t", means: { host: "[::1]:5000", path: "a", tag: "t" } },
  { text: `docker://quay.io/a@sha256:${HEX}`, means: { host: "quay.io", path: "a", digest: `sha256:${HEX}` } },
  {
    text: `docker://quay.io/a:t@sha256:${HEX}`,
    means: { host: "quay.io", path: "a", tag: "t", digest: `sha256:${HEX}` },
  },
  { text: "oci:dir", means: { transport: "oci", path: "dir" } },
  { text: "oci:/a/b:v1", means: { transport: "oci", path: "/a/b", tag: "v1" } },
  { text: "oci-archive:a.tar:quay.io/x:1", means: { transport: "oci-archive", path: "a.tar", tag: "quay.io/x:1" } },
  { text: "docker-archive:a.tar", means: { transport: "docker-archive", path: "a.tar" } },
];

for (const { text, means, full = text } of LEGAL) {
  test(`reads ${text}`, () => {
    const reference = parseImageReference(text);
    const expected = text.startsWith("docker:") ? { transport: "docker", ...means } : means;
    assert.equal({ ...reference }, expected);
    assert.is(formatImageReference(reference), full);
    assert.ok(isImageReference(text));
  });
}

const ILLEGAL = [
  "debian",
  "dir:/x",
  "docker:debian",
  "docker://",
  "docker:///a",
  "docker://UPPER/case",
  "docker://quay.io/Upper",
  "docker://quay.io/a//b",
  "docker://quay.io/../b",
  "docker://quay.io/a:",
  "docker://quay.io/a:-tag",
  `docker://quay.io/a:${"t".repeat(129)}`,
  "docker://quay.io/a@sha256:abc",
  `docker://quay.io/a@md5:${"a".repeat(32)}`,
  `docker://quay.io/a@sha256:${HEX.toUpperCase()}`,
  "docker://user@host.io/a",
  "docker://host.io:port/a",
  `docker://quay.io/${"a".repeat(300)}`,
  "docker://quay.io/a?b=c",
  "oci:",
  "oci:dir:",
  "oci:a\0b",
];

for (const text of ILLEGAL) {
  test(`rejects ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.throws(
      () => parseImageReference(text),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  });
}
