import { boolean, string } from "@oclif/core/flags";
import { fullName, pullImage } from "../oci/index.ts";
import { textArg } from "./args.ts";
import { counted } from "./render/counted.ts";
import { short } from "./render/commits.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic pull` */
export default class Pull extends RepoCommand {
  static override description = "Fetches only the layers the store lacks; every byte is checked on the way.";
  static override args = {
    image: textArg({
      description: "docker://HOST/NAME[:TAG], oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME]",
      required: true,
    }),
  };
  static override flags = {
    insecure: boolean({ summary: "accept plain HTTP and any certificate" }),
    name: string({ summary: "what to call it here", helpValue: "NAME" }),
  };
  static override examples = ["<%= config.bin %> pull oci-archive:/run/media/usb/tools.tar"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    const pulled = await pullImage(this.open(flags), {
      reference: args.image,
      ...(flags.name === undefined ? {} : { name: fullName(flags.name) }),
      insecure: flags.insecure,
      progress: this.progress(flags),
    });
    const { config: _, ...result } = pulled;
    this.show(flags, result, () =>
      pulled.changed
        ? `pulled ${pulled.name} (${short(pulled.commit)}): ${counted(pulled.newLayers, "new layer")}`
        : `${pulled.name} is up to date`,
    );
  }
}
