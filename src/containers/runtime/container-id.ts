import { AtomicError } from "../../errors.ts";

/** A container's name, checked: it is a directory's name. */
export type ContainerId = string & { readonly brand: "ContainerId" };

const MAX_ID = 255;

/** @throws AtomicError usage */
export function parseContainerId(text: string): ContainerId {
  if (text.length > MAX_ID || !/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(text))
    throw new AtomicError("usage", `${JSON.stringify(text.slice(0, MAX_ID))} is no name of a container`);
  return text as ContainerId;
}
