import { changeKeys } from "../../../ostree/index.ts";
import { textArg } from "../../args.ts";
import { remoteJson, renderRemotes } from "../../render/remotes.ts";
import { stdoutStyle } from "../../render/style.ts";
import { RepoCommand } from "../../repo/base.ts";
import { readPublicKeys } from "../read-keys.ts";

/** `atomic remote keys add` */
export default class RemoteKeysAdd extends RepoCommand {
  static override description = "To rotate keys, add the new one before the publisher signs with it alone.";
  static override args = {
    name: textArg({ description: "the remote", required: true }),
    file: textArg({ description: "the public key", required: true }),
  };
  static override examples = ["<%= config.bin %> remote keys add debian debian-2027.pub"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteKeysAdd);
    const remote = await changeKeys(this.open(flags), args.name, { add: readPublicKeys([args.file]) });
    this.show(flags, remoteJson(remote), () => renderRemotes([remote], stdoutStyle()));
  }
}
