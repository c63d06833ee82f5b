import * as assert from "uvu/assert";
import { matchesIdentity, parseIdentity } from "../../../src/oci/policy/signed-identity.ts";
import { parseImageReference } from "../../../src/oci/reference.ts";
import { suite } from "../../support/suite.ts";

const test = suite("oci/policy/signed-identity");

const DIGEST = `sha256:${"a".repeat(64)}`;
const TAGGED = "docker://r.example/team/app:1";
const BY_DIGEST = `docker://r.example/team/app@${DIGEST}`;
const FILE = "oci:/srv/app:1";
const REMAP = { type: "remapIdentity", prefix: "r.example/team", signedPrefix: "s.example:5000/us" };
const EXACT = { type: "exactReference", dockerReference: "s.example/app:7" };
const REPOSITORY = { type: "exactRepository", dockerRepository: "s.example/app" };

const ROWS: [identity: object, asked: string, signed: string, expected: boolean][] = [
  [{ type: "matchExact" }, TAGGED, "r.example/team/app:1", true],
  [{ type: "matchExact" }, TAGGED, "r.example/team/app:2", false],
  [{ type: "matchExact" }, TAGGED, "r.example/team/app", false],
  [{ type: "matchExact" }, BY_DIGEST, "r.example/team/app:1", false],
  [{ type: "matchExact" }, BY_DIGEST, `r.example/team/app@${DIGEST}`, true],
  [{ type: "matchExact" }, FILE, "r.example/team/app:1", false],
  [{ type: "matchRepoDigestOrExact" }, TAGGED, "r.example/team/app:1", true],
  [{ type: "matchRepoDigestOrExact" }, TAGGED, "r.example/team/app:2", false],
  [{ type: "matchRepoDigestOrExact" }, TAGGED, "r.example/team/app", false],
  [{ type: "matchRepoDigestOrExact" }, BY_DIGEST, "r.example/team/app:2", true],
  [{ type: "matchRepoDigestOrExact" }, BY_DIGEST, "r.example/team/other:2", false],
  [{ type: "matchRepoDigestOrExact" }, BY_DIGEST, "r.example/team/app", false],
  [{ type: "matchRepository" }, TAGGED, "r.example/team/app", true],
  [{ type: "matchRepository" }, TAGGED, "r.example/team/app:2", true],
  [{ type: "matchRepository" }, TAGGED, "r.example/team/apps:1", false],
  [{ type: "matchRepository" }, FILE, "r.example/team/app", false],
  [EXACT, TAGGED, "s.example/app:7", true],
  [EXACT, FILE, "s.example/app:7", true],
  [EXACT, TAGGED, "s.example/app:8", false],
  [REPOSITORY, FILE, "s.example/app:8", true],
  [REPOSITORY, FILE, "s.example/app", true],
  [REPOSITORY, FILE, "s.example/app/x:8", false],
  [REMAP, TAGGED, "s.example:5000/us/app:1", true],
  [REMAP, TAGGED, "s.example:5000/us/app:2", false],
  [REMAP, TAGGED, "r.example/team/app:1", false],
  [REMAP, BY_DIGEST, "s.example:5000/us/app:2", true],
  [REMAP, "docker://r.example/teams/app:1", "r.example/teams/app:1", true],
  [{ type: "matchRepository" }, "docker://busybox", "library/busybox:x", true],
  [{ type: "matchRepository" }, TAGGED, "r.example/team/app:1@md5:1", false],
  [{ type: "matchRepository" }, TAGGED, "", false],
  [{ type: "matchRepository" }, TAGGED, "R.example/../team", false],
];

for (const [identity, asked, signed, expected] of ROWS) {
  test(`${JSON.stringify(identity)} ${expected ? "accepts" : "refuses"} ${JSON.stringify(signed)} for ${asked}`, () => {
    assert.is(matchesIdentity(parseIdentity(identity, "P"), parseImageReference(asked), signed), expected);
  });
}
