/** What a kernel call refused with. */
import type { KernelError } from "../../src/linux/index.ts";
import { isKernelError } from "../../src/linux/index.ts";

/** The `KernelError` that `call` throws. @throws Error when it throws none */
export function refusal(call: () => unknown): KernelError {
  try {
    call();
  } catch (error) {
    if (isKernelError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
