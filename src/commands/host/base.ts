/** What the verbs of a host share. */
import { createDurable } from "../../durable.ts";
import { openSysroot, type Sysroot } from "../../deploy/index.ts";
import { BaseCommand } from "../base.ts";
import { stdoutStyle } from "../render/style.ts";
import type { View } from "../render/status.ts";

/** A verb that works on one host. */
export abstract class HostCommand extends BaseCommand {
  /** Opens the sysroot the flags name. @throws AtomicError not-found, unsupported */
  protected open(flags: { sysroot: string }): Sysroot {
    return openSysroot(flags.sysroot, createDurable());
  }

  /** How standard output wants to be written. */
  protected view({ running }: Sysroot): View {
    return { style: stdoutStyle(), now: Math.floor(Date.now() / 1000), running };
  }
}
