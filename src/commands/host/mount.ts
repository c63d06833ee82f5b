import { AtomicError } from "../../errors.ts";
import { mountDeployment } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { HostCommand } from "./base.ts";

/** `atomic host mount` */
export default class HostMount extends HostCommand {
  static override description =
    "The tree as it would boot: read-only, with its own /etc, the shared /var, and the physical root at /sysroot.";
  static override usage = "host mount [INDEX] DIR";
  static override args = {
    index: textArg({ description: "index or id of the deployment; what boots next if left out", required: true }),
    dir: textArg({ description: "an existing directory" }),
  };
  static override examples = ["<%= config.bin %> host mount 1 /mnt"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostMount);
    const [target, directory] = args.dir === undefined ? [undefined, args.index] : [args.index, args.dir];
    if (directory === "") throw new AtomicError("usage", "mounting a deployment: expected a directory");
    const result = mountDeployment(this.open(flags), { directory, ...(target === undefined ? {} : { target }) });
    this.show(flags, result, () => `mounted ${short(result.id)} on ${result.directory}`);
  }
}
