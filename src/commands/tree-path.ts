/** Paths in a tree as an operator types them. */
import { posix } from "node:path";
import { type ByteString, fromText } from "../bytes.ts";

/**
 * The absolute path in a tree that `text` means. `\xNN` and `\\` are read as `toText` writes them, so that what one
 * command printed can be given to the next.
 */
export function treePath(text: string): ByteString {
  const bytes = fromText(text).replace(/\\(?:x([0-9a-f]{2})|\\)/g, (_, hex?: string) =>
    hex === undefined ? "\\" : String.fromCharCode(parseInt(hex, 16)),
  );
  const path = posix.join("/", bytes);
  return (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path) as ByteString;
}
