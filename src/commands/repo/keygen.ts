import { resolve } from "node:path";
import { createDurable } from "../../durable.ts";
import { generateKeys, keyId, parsePublicKey } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { BaseCommand } from "../base.ts";

/** `atomic repo keygen` */
export default class RepoKeygen extends BaseCommand {
  static override description =
    "Writes an ed25519 key pair as PEM: the secret FILE, for --sign-key, and FILE.pub, for `remote add --key`.";
  static override args = { file: textArg({ description: "the new secret key", required: true }) };
  static override examples = ["<%= config.bin %> repo keygen release.key"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoKeygen);
    const secret = resolve(args.file);
    const keys = generateKeys();
    const disk = createDurable();
    for (const [path, text, mode] of [
      [secret, keys.secret, 0o600],
      [`${secret}.pub`, keys.public, 0o644],
    ] as const) {
      const file = disk.create(path, mode);
      try {
        file.write(Buffer.from(text));
        file.sync();
      } finally {
        file.close();
      }
    }
    const id = keyId(parsePublicKey(keys.public, secret));
    this.show(flags, { id, secret, public: `${secret}.pub` }, () => `made key ${id}: ${secret}, ${secret}.pub`);
  }
}
