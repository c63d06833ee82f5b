import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { boolean } from "@oclif/core/flags";
import { AtomicError } from "../../errors.ts";
import {
  bundleRemote,
  type Fetched,
  fetchRef,
  openRepo,
  parseRefName,
  parseRefspec,
  pullLocal,
  readRemote,
  type RefName,
  type Remote,
  type Repo,
  resolveRev,
} from "../../ostree/index.ts";
import { refFlag, textArg } from "../args.ts";
import type { ProgressMode } from "../../progress.ts";
import { formatBytes } from "../../units.ts";
import { short } from "../render/commits.ts";
import { printable } from "../render/printable.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo pull` */
export default class RepoPull extends RepoCommand {
  static override description = "Copies only what this store lacks; every object is checked on the way.";
  static override args = {
    source: textArg({ description: "REMOTE:REF, a bundle, or the directory of another store", required: true }),
    rev: textArg({ description: "ref or commit in that directory's store" }),
  };
  static override flags = {
    ref: refFlag({ summary: "the ref to move here; the ref pulled if left out" }),
    "allow-downgrade": boolean({ summary: "accept what is older than what the remote showed before" }),
  };
  static override usage = ["repo pull REMOTE:REF", "repo pull FILE", "repo pull DIR REV [--ref REF]"];
  static override examples = [
    "<%= config.bin %> repo pull debian:debian/13",
    "<%= config.bin %> repo pull /run/media/usb/repo debian/13",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoPull);
    const repo = this.open(flags);
    const { rev } = args;
    if (rev === undefined) {
      const allowDowngrade = flags["allow-downgrade"];
      const remoteFlags = { ...flags, allowDowngrade };
      const isFile = parseRefspec(args.source) === undefined && existsSync(args.source);
      return isFile
        ? this.fromBundle(repo, resolve(args.source), remoteFlags)
        : this.fromRemote(repo, args.source, remoteFlags);
    }
    const source = openRepo(resolve(args.source), repo.disk);
    const commit = resolveRev(source, rev);
    const ref = flags.ref ?? (commit.startsWith(rev) || rev.endsWith("^") ? undefined : rev);
    const result = await pullLocal(repo, source, {
      commit,
      ...(ref === undefined ? {} : { ref: parseRefName(ref) }),
      progress: this.progress(flags),
    });
    this.show(flags, { commit, ref, ...result }, () => renderPulled({ commit, ...result }));
  }

  private async fromBundle(repo: Repo, bundle: string, flags: RemoteFlags): Promise<void> {
    const { remote, refs } = await bundleRemote(repo, bundle);
    for (const ref of refs) await this.fetch(repo, { remote, ref, bundle }, flags);
  }

  private async fromRemote(repo: Repo, text: string, flags: RemoteFlags): Promise<void> {
    const refspec = parseRefspec(text);
    if (refspec === undefined) {
      throw new AtomicError("usage", `pulling ${text}: expected REMOTE:REF, a bundle, or a directory and a revision`, {
        hint: "atomic repo pull --help",
      });
    }
    const { ref, remote } = refspec;
    await this.fetch(repo, { remote: readRemote(repo, remote), ref }, flags);
  }

  private async fetch(repo: Repo, { remote, ref, bundle }: What, flags: RemoteFlags): Promise<void> {
    const { allowDowngrade } = flags;
    const fetched = await fetchRef(repo, remote, {
      ref,
      allowDowngrade,
      ...(bundle === undefined ? {} : { bundle }),
      progress: this.progress(flags),
    });
    const text = `${remote.name}:${ref}`;
    this.show(flags, { ref: text, ...fetched }, () =>
      [renderPulled(fetched), ...renderDelta(fetched.delta), printable(fetched.signature)].join("\n"),
    );
  }
}

type What = { remote: Remote; ref: RefName; bundle?: string };
type RemoteFlags = { json: boolean; progress: ProgressMode; allowDowngrade: boolean };

function renderDelta(delta: Fetched["delta"]): string[] {
  if (delta === undefined) return [];
  const { from, useless } = delta;
  if (useless === undefined) return [`by the delta from ${short(from)}`];
  return [`warning: the delta from ${short(from)} was no use: ${printable(useless)}`];
}

function renderPulled({ commit, objects, bytes }: { commit: string; objects: number; bytes: number }): string {
  return `pulled ${short(commit)}: ${objects === 0 ? "nothing new" : `${objects} objects, ${formatBytes(bytes)}`}`;
}
