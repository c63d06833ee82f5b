import { reloadNamed } from "../../containers/index.ts";
import { ContainerCommand } from "../containers/base.ts";

/** `atomic network reload` */
export default class NetworkReload extends ContainerCommand {
  static override description =
    "Makes bridges and firewall rules again as running containers need them, after somebody flushed the firewall.";

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkReload);
    const connected = await reloadNamed(await this.engine(flags));
    this.show(flags, { connected }, () => `${connected} connected`);
  }
}
