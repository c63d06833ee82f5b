import { close } from "./files.ts";

/** Gives `use` a descriptor and closes it afterwards, whatever happens. */
export function withFd<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}
