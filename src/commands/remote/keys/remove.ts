import { changeKeys } from "../../../ostree/index.ts";
import { textArg } from "../../args.ts";
import { remoteJson, renderRemotes } from "../../render/remotes.ts";
import { stdoutStyle } from "../../render/style.ts";
import { RepoCommand } from "../../repo/base.ts";

/** `atomic remote keys remove` */
export default class RemoteKeysRemove extends RepoCommand {
  static override description =
    "Nothing that only this key signed is taken from now on. The last key cannot be removed.";
  static override args = {
    name: textArg({ description: "the remote", required: true }),
    key: textArg({ description: "name or id of the key", required: true }),
  };
  static override examples = ["<%= config.bin %> remote keys remove debian debian-2025"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteKeysRemove);
    const remote = await changeKeys(this.open(flags), args.name, { remove: [args.key] });
    this.show(flags, remoteJson(remote), () => renderRemotes([remote], stdoutStyle()));
  }
}
