import { resolve } from "node:path";
import { type ExportRequest, exportOstree, listRefs, readRef, type Repo, resolveRev } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { directoryFlag, textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { RepoCommand } from "./base.ts";

/** Refs that mean nothing elsewhere. */
const LOCAL = /^(deployed|remotes)\//;

/** `atomic repo export` */
export default class RepoExport extends RepoCommand {
  static override description =
    "Adds commits to an OSTree repository of mode archive, made if absent, and writes its summary. A commit that came " +
    "from OSTree keeps its checksum there. What OSTree cannot hold (devices, names that are not UTF-8) is refused; " +
    "the times of files and the parents of commits are left out.";
  static override strict = false;
  static override args = {
    rev: textArg({ description: "ref or commit, may be repeated; every ref of this store's own if left out" }),
  };
  static override flags = {
    ostree: directoryFlag({ summary: "the OSTree repository to write to", required: true }),
  };
  static override examples = ["<%= config.bin %> repo export --ostree /srv/ostree debian/13"];

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(RepoExport);
    const repo = this.open(flags);
    const revs = argv as string[];
    const named = revs.length > 0 ? revs : listRefs(repo).flatMap(({ ref }) => (LOCAL.test(ref) ? [] : ref));
    const result = await exportOstree(repo, {
      directory: resolve(flags.ostree),
      requests: named.map((rev) => requestOf(repo, rev)),
      progress: this.progress(flags),
    });
    this.show(flags, result, () =>
      [
        ...result.commits.map(({ commit, ostree, ref }) => `${ref ?? short(commit)}: ${ostree}`),
        `${result.objects} new objects, ${formatBytes(result.bytes)}`,
        ...(result.unsigned ? ["the summary's signature is gone: sign it again with ostree summary --update"] : []),
      ].join("\n"),
    );
  }
}

/** A ref pulled from a remote goes back under its own name, which the commit may be bound to. */
function requestOf(repo: Repo, rev: string): ExportRequest {
  const commit = resolveRev(repo, rev);
  const isRef = !rev.endsWith("^") && readRef(repo, rev as never) !== undefined;
  return isRef ? { commit, ref: rev.replace(/^remotes\/[^/]+\//, "") } : { commit };
}
