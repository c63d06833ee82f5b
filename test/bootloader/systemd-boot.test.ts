import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { detectBootloader } from "../../src/bootloader/detect.ts";
import { efiArchitecture } from "../../src/bootloader/efi.ts";
import { loaderConf, systemdBoot } from "../../src/bootloader/systemd-boot.ts";
import { createDurable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("bootloader/systemd-boot");
const disk = createDurable();

test("prefers our entries, whatever others are called", () => {
  assert.is(loaderConf(), "default atomic-*\ntimeout 3\nconsole-mode keep\n");
});

test("puts the program where firmware looks, and says how entries are written", () => {
  const [boot, source] = [tempDir(), tempDir()];
  const { suffix } = efiArchitecture();
  writeFileSync(join(source, `systemd-boot${suffix}.efi`), "program");
  mkdirSync(join(boot, "loader/entries"), { recursive: true });
  assert.is(detectBootloader(boot), undefined);

  systemdBoot.install(disk, boot, { locate: () => source, scratch: source });
  const read = (path: string): string => readFileSync(join(boot, path), "utf8");
  assert.is(read(`EFI/systemd/systemd-boot${suffix}.efi`), "program");
  assert.is(read(`EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`), "program");
  assert.is(read("loader/entries.srel"), "type1\n");
  assert.is(read("loader/loader.conf"), loaderConf());
  assert.is(detectBootloader(boot)?.name, "systemd-boot");
});

test("says which package has the program when it is missing", () => {
  for (const locate of [() => undefined, tempDir]) {
    assert.throws(
      () => systemdBoot.install(disk, tempDir(), { locate, scratch: tempDir() }),
      (error: unknown) => isAtomicError(error, "not-found") && error.hint === "apt-get install systemd-boot-efi",
    );
  }
});

test("knows the architectures that have UEFI", () => {
  assert.is(efiArchitecture("x64").suffix, "x64");
  assert.is(efiArchitecture("arm64").suffix, "aa64");
  for (const arch of ["s390x", "constructor"]) {
    assert.throws(
      () => efiArchitecture(arch),
      (error: unknown) => isAtomicError(error, "unsupported"),
    );
  }
});
