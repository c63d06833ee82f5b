import { boolean, option } from "@oclif/core/flags";
import { addRemote, REMOTE_TYPES, type RemoteType } from "../../ostree/index.ts";
import { fileFlag, textArg } from "../args.ts";
import { remoteJson, renderRemotes } from "../render/remotes.ts";
import { stdoutStyle } from "../render/style.ts";
import { RepoCommand } from "../repo/base.ts";
import { readKeyring, readPublicKeys } from "./read-keys.ts";

/** `atomic remote add` */
export default class RemoteAdd extends RepoCommand {
  static override description =
    "A commit of the remote is taken only if one of the keys signed it. Keys are files of minisign, signify or OpenSSL.";
  static override args = {
    name: textArg({ description: "what to call it", required: true }),
    url: textArg({ description: "where it is published: http, https or file", required: true }),
  };
  static override flags = {
    key: fileFlag({ summary: "a public key that vouches for commits; may be repeated", multiple: true }),
    "gpg-key": fileFlag({
      summary: "a file of OpenPGP keys that vouch; may be repeated; for type ostree",
      multiple: true,
    }),
    insecure: boolean({ summary: "take commits that nobody signed", exclusive: ["key", "gpg-key"], default: false }),
    type: option({ summary: "what serves it", options: REMOTE_TYPES, default: "atomic" as RemoteType })(),
  };
  static override examples = [
    "<%= config.bin %> remote add debian https://example.org/atomic --key debian.pub",
    "<%= config.bin %> remote add fedora https://example.org/repo --type ostree --gpg-key fedora.gpg",
    "<%= config.bin %> remote add usb file:///run/media/usb/repo --insecure",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteAdd);
    const remote = {
      name: args.name,
      url: args.url.replace(/\/+$/, ""),
      type: flags.type,
      keys: readPublicKeys(flags.key ?? []),
      ...(flags["gpg-key"] === undefined ? {} : { keyring: readKeyring(flags["gpg-key"]) }),
      insecure: flags.insecure,
    };
    await addRemote(this.open(flags), remote);
    this.show(flags, remoteJson(remote), () => renderRemotes([remote], stdoutStyle()));
  }
}
