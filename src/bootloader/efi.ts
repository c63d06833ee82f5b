/** What UEFI firmware expects, by architecture. */
import { AtomicError } from "../errors.ts";

export interface EfiArchitecture {
  /** As in `BOOTx64.EFI`. */
  suffix: string;
  /** GRUB's name of the platform. */
  grub: string;
  /** The GPT type of the root partition, see the Discoverable Partitions Specification. */
  rootType: string;
}

const ARCHITECTURES: Readonly<Record<string, EfiArchitecture>> = {
  x64: { suffix: "x64", grub: "x86_64-efi", rootType: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709" },
  arm64: { suffix: "aa64", grub: "arm64-efi", rootType: "B921B045-1DF0-41C3-AF44-4C6F280D3FAE" },
};

/**
 * The architecture of this machine, as firmware sees it.
 * @param arch as Node names it
 * @throws AtomicError unsupported
 */
export function efiArchitecture(arch: string = process.arch): EfiArchitecture {
  const found = Object.hasOwn(ARCHITECTURES, arch) ? ARCHITECTURES[arch] : undefined;
  if (found === undefined) throw new AtomicError("unsupported", `installing a boot loader: not on ${arch}`);
  return found;
}

/** What firmware starts when it has been told nothing: the path below the EFI system partition. */
export function fallbackPath({ suffix }: EfiArchitecture): string {
  return `EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`;
}
