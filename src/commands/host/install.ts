import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { boolean, option, string } from "@oclif/core/flags";
import { BOOTLOADER_NAMES } from "../../bootloader/index.ts";
import {
  DISK_FORMATS,
  type InstallOptions,
  installToDisk,
  installToFilesystem,
  parseSize,
} from "../../deploy/index.ts";
import { createDurable } from "../../durable.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { isImageReference } from "../../oci/index.ts";
import { directoryFlag, fileFlag, refFlag } from "../args.ts";
import { askYes } from "../ask-yes.ts";
import { renderInstalled } from "../render/installed.ts";
import { HostCommand } from "./base.ts";
import { defined } from "./make-flags.ts";

/** `atomic host install` */
export default class HostInstall extends HostCommand {
  static override description = [
    "What --ref names comes from the store of this host, or from the one --from names; an image is pulled.",
    "A file needs no loop device; all of it or nothing appears.",
  ].join(" ");
  static override flags = {
    "to-disk": string({
      summary: "a whole disk, or a file for the image of one",
      helpValue: "FILE",
      exactlyOne: ["to-disk", "to-filesystem"],
    }),
    "to-filesystem": directoryFlag({
      summary: "a mounted root filesystem, with the EFI system partition at boot/ in it",
    }),
    bootloader: option({ summary: "what starts the host", options: BOOTLOADER_NAMES, required: true })(),
    ref: refFlag({
      summary: "what to install, and what upgrades follow; a commit is not followed",
      exactlyOne: ["ref", "image"],
    }),
    image: string({
      summary: "install a container image that is a host, as docker://HOST/NAME:TAG or oci:DIR; upgrades follow it",
      helpValue: "IMAGE",
    }),
    from: directoryFlag({ summary: "the store or sysroot in DIR that has the ref", exclusive: ["image"] }),
    "root-ssh-key": fileFlag({ summary: "let the keys in FILE log in as root" }),
    karg: string({
      summary: "add a kernel argument; repeat for more",
      helpValue: "KEY=VALUE",
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    stateroot: string({ summary: "name of the stateroot; 'default' if left out", helpValue: "NAME" }),
    size: string({ summary: "size of the disk in a file; 10G if left out", helpValue: "SIZE" }),
    "esp-size": string({ summary: "size of the EFI system partition; 512M if left out", helpValue: "SIZE" }),
    format: option({ summary: "format of a file; raw if left out", options: DISK_FORMATS })(),
    scratch: directoryFlag({ summary: "where temporary files go, with room for the host" }),
    yes: boolean({ summary: "overwrite without asking" }),
  };
  static override examples = [
    "<%= config.bin %> host install --to-disk /dev/sdb --bootloader systemd-boot --ref debian/13",
    "<%= config.bin %> host install --to-disk host.qcow2 --format qcow2 --bootloader grub --ref debian/13 --from /srv/store",
    "<%= config.bin %> host install --to-disk /dev/sdb --bootloader grub --image docker://registry.example.org/os:13",
    "<%= config.bin %> host install --to-filesystem /mnt --bootloader systemd-boot --ref debian/13",
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostInstall);
    const key = flags["root-ssh-key"];
    const options: InstallOptions = {
      ...this.what(flags),
      bootloader: flags.bootloader,
      kargs: flags.karg,
      disk: createDurable(),
      progress: this.progress(flags),
      ...defined({ stateroot: flags.stateroot, rootSshKey: key === undefined ? undefined : readKeys(key) }),
    };
    const filesystem = flags["to-filesystem"];
    if (filesystem !== undefined) {
      const result = await installToFilesystem({ ...options, target: filesystem });
      return this.show(flags, result, () => renderInstalled(result, filesystem));
    }
    const { size, "esp-size": espSize, format, scratch, "to-disk": target = "" } = flags;
    const result = await installToDisk({
      ...options,
      target,
      confirm: (what) => flags.yes || askYes(`overwrite ${what}?`),
      ...defined({ size: bytes(size), espSize: bytes(espSize), format, scratch }),
    });
    this.show(flags, result, () => renderInstalled(result, result.target));
  }

  /** What is installed, and from where. */
  private what(flags: {
    ref: string | undefined;
    image: string | undefined;
    from: string | undefined;
    sysroot: string;
  }): { spec: string; from?: string } {
    if (flags.image !== undefined) return { spec: requireImage(flags.image) };
    return { spec: flags.ref ?? "", from: flags.from === undefined ? this.ownSysroot(flags) : resolve(flags.from) };
  }

  /** Where this host's store is. @throws AtomicError not-found, with what to do where there is no host */
  private ownSysroot(flags: { sysroot: string }): string {
    try {
      return this.open(flags).path;
    } catch (error) {
      if (!isAtomicError(error, "not-found")) throw error;
      throw new AtomicError("not-found", error.message, { hint: "name a store: --from DIR", cause: error });
    }
  }
}

function requireImage(text: string): string {
  if (isImageReference(text)) return text;
  throw new AtomicError("usage", `installing ${JSON.stringify(text)}: expected an image with its transport`, {
    hint: `--image docker://${text}`,
  });
}

function bytes(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseSize(text);
}

function readKeys(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AtomicError("not-found", `reading the ssh keys in ${path}: ${(cause as Error).message}`, { cause });
  }
}
