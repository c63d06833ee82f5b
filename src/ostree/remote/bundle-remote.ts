/** Whose a bundle is: nothing in it says so but its signatures. */
import { AtomicError } from "../../errors.ts";
import type { RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { openBundle } from "./bundle-file.ts";
import { listRemotes, type Remote } from "./remote-config.ts";
import { signerOf } from "./signature.ts";
import { MAX_SUMMARY, parseSummary } from "./summary.ts";

/**
 * The remote of this store whose key signed a bundle, and the refs that the bundle offers.
 * @throws AtomicError untrusted when there is none, invalid, corrupt
 */
export async function bundleRemote(repo: Repo, file: string): Promise<{ remote: Remote; refs: RefName[] }> {
  const source = openBundle(file);
  try {
    const { bytes } = (await source.get("summary", { max: MAX_SUMMARY }))!;
    const { summary, body, signatures } = parseSummary(bytes);
    const remote = listRemotes(repo).find(
      ({ type, keys }) => type === "atomic" && signerOf(body, signatures, keys) !== undefined,
    );
    if (remote !== undefined) return { remote, refs: summary.refs.map(({ ref }) => ref) };
    throw new AtomicError("untrusted", `reading ${file}: no accepted key of any remote signed it`, {
      hint: "atomic remote add NAME URL --key FILE",
    });
  } finally {
    source.close();
  }
}
