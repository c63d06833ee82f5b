/** Whether this host's policy accepts an image. */
import { realpathSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import type { Digest } from "../digest.ts";
import { formatImageReference, type ImageReference } from "../reference.ts";
import { readPolicy } from "./host-policy.ts";
import { gpgKeys, judgeSigstore, judgeSimpleSigning, sigstoreKeys, type Verdict } from "./judge-signatures.ts";
import type { Requirement, SignedRequirement } from "./requirement.ts";
import { requirementsFor } from "./scopes.ts";
import type { ReadRepository } from "./sigstore-signatures.ts";

export interface Candidate {
  /** The image as it was asked for. */
  reference: ImageReference;
  /** What a signature may be for: the manifest, and the index that led to it. */
  digests: readonly Digest[];
  /** The image's repository; absent where there is none. */
  read?: ReadRepository;
}

/** Nobody vouches for it, and nobody has to. */
const UNSIGNED = "unsigned";

/**
 * Checks an image against every requirement of the host's policy. Without a policy every image is accepted.
 * @returns who vouches for it, for people: `origin.signature`
 * @throws AtomicError untrusted when the policy does not accept it; invalid (the policy), network, not-found (gpgv)
 */
export async function acceptImage(candidate: Candidate): Promise<string> {
  const policy = readPolicy();
  if (policy === undefined) return UNSIGNED;
  const signers: string[] = [];
  for (const requirement of requirementsFor(policy, explicit(candidate.reference))) {
    const verdict = await judge(requirement, candidate);
    if ("why" in verdict) {
      const name = formatImageReference(candidate.reference);
      throw new AtomicError("untrusted", `pulling ${name}: ${policy.path} does not accept it: ${verdict.why}`, {
        hint: "man containers-policy.json",
      });
    }
    signers.push(verdict.signer);
  }
  return [...new Set(signers)].filter((signer) => signer !== UNSIGNED).join(", ") || UNSIGNED;
}

async function judge(requirement: Requirement, candidate: Candidate): Promise<Verdict> {
  switch (requirement.type) {
    case "insecureAcceptAnything":
      return { signer: UNSIGNED };
    case "reject":
      return { why: "whatever comes from there is rejected" };
    case "unsupported":
      return { why: `it asks for ${requirement.what}, which atomic cannot check` };
    case "signedBy":
    case "sigstoreSigned":
      return judgeSigned(requirement, candidate);
  }
}

/** Looks for one signature that counts. The YAML reader is loaded only here. */
async function judgeSigned(requirement: SignedRequirement, { reference, digests, read }: Candidate): Promise<Verdict> {
  const { identity } = requirement;
  const { attachedSignatures, lookasideSignatures } = await import("./find-signatures.ts");
  if (requirement.type === "signedBy") {
    const keyring = gpgKeys(requirement.keys);
    return firstAccepted(digests, {
      find: (digest) => lookasideSignatures(reference, digest),
      judge: (message, digest) => judgeSimpleSigning(message, keyring, { reference, digest, identity }),
    });
  }
  const keys = sigstoreKeys(requirement.keys);
  return firstAccepted(digests, {
    find: (digest) => attachedSignatures(reference, digest, read),
    judge: (signature, digest) => judgeSigstore(signature, keys, { reference, digest, identity }),
  });
}

interface Search<T> {
  find: (digest: Digest) => AsyncIterable<T>;
  judge: (signature: T, digest: Digest) => Verdict;
}

async function firstAccepted<T>(digests: readonly Digest[], { find, judge: judgeOne }: Search<T>): Promise<Verdict> {
  let last: Verdict = { why: "it is not signed" };
  for (const digest of digests) {
    for await (const signature of find(digest)) {
      last = judgeOne(signature, digest);
      if ("signer" in last) return last;
    }
  }
  return last;
}

/** Policies know files by their real paths. */
function explicit(reference: ImageReference): ImageReference {
  return reference.transport === "docker" ? reference : { ...reference, path: realpathSync(reference.path) };
}
