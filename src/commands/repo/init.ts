import { createDurable } from "../../durable.ts";
import { initRepo } from "../../ostree/index.ts";
import { RepoCommand, repoPath } from "./base.ts";

/** `atomic repo init` */
export default class RepoInit extends RepoCommand {
  static override description = "A sysroot's own store is made by 'atomic host init'; this makes a bare one.";
  static override examples = ["<%= config.bin %> repo init --repo /srv/images"];

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoInit);
    const { path } = initRepo(repoPath(flags), createDurable());
    this.show(flags, { repo: path }, () => `made store ${path}`);
  }
}
