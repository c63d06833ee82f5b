import { resolve } from "node:path";
import { string } from "@oclif/core/flags";
import { AtomicError } from "../../errors.ts";
import { serveStore, type ServeOptions } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { RepoCommand, repoPath } from "./base.ts";

/** `atomic repo serve` */
export default class RepoServe extends RepoCommand {
  static override description =
    "Offers what `atomic repo summary` published, and nothing else, until it is ended. There is no encryption: what vouches for it are its signatures.";
  static override args = { dir: textArg({ description: "a published store, or where one was pushed to" }) };
  static override flags = {
    listen: string({ summary: "the address to listen on", default: "127.0.0.1:8080", helpValue: "ADDRESS:PORT" }),
  };
  static override examples = [
    "<%= config.bin %> repo serve",
    "<%= config.bin %> repo serve /srv/os --listen 0.0.0.0:8080",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoServe);
    const directory = args.dir === undefined ? repoPath(flags) : resolve(args.dir);
    const { url, close } = await serveStore(directory, parseListen(flags.listen));
    this.show(flags, { directory, url }, () => `serving ${directory} at ${url}`);
    await new Promise<void>((done) => {
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => done());
    });
    close();
  }
}

function parseListen(text: string): ServeOptions {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new AtomicError("usage", `listening on ${JSON.stringify(text)}: expected ADDRESS:PORT`, {
      hint: "atomic repo serve --listen 127.0.0.1:8080",
    });
  }
  return { host: (match[1] ?? match[2])!, port };
}
