import { listRemotes } from "../../ostree/index.ts";
import { remoteJson, renderRemotes } from "../render/remotes.ts";
import { stdoutStyle } from "../render/style.ts";
import { RepoCommand } from "../repo/base.ts";

/** `atomic remote list` */
export default class RemoteList extends RepoCommand {
  async run(): Promise<void> {
    const { flags } = await this.parse(RemoteList);
    const remotes = listRemotes(this.open(flags));
    this.show(flags, remotes.map(remoteJson), () => renderRemotes(remotes, stdoutStyle()));
  }
}
