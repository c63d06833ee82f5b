import { resolve } from "node:path";
import { unmountDeployment } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { BaseCommand } from "../base.ts";

/** `atomic host unmount` */
export default class HostUnmount extends BaseCommand {
  static override args = { dir: textArg({ description: "where a deployment is mounted", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostUnmount);
    const directory = resolve(args.dir);
    unmountDeployment(directory);
    this.show(flags, { directory }, () => `unmounted ${directory}`);
  }
}
