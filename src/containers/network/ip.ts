/** IP addresses as text, numbers and bytes. Spec: RFC 4291, RFC 5952 */
import { isIP } from "node:net";

export type IpVersion = 4 | 6;

export interface Ip {
  version: IpVersion;
  value: bigint;
}

const GROUPS = 8;

/** @returns undefined for anything else, also for an address that names an interface (`fe80::1%eth0`) */
export function parseIp(text: string): Ip | undefined {
  const version = isIP(text);
  if (version === 4) return { version, value: numberOf(text.split(".").map(Number), 8) };
  if (version !== 6 || text.includes("%")) return undefined;
  const [before = "", after] = canonical6(text).split("::");
  const [first, last] = [groupsOf(before), after === undefined ? [] : groupsOf(after)];
  const between = Array.from({ length: GROUPS - first.length - last.length }, () => 0);
  return { version, value: numberOf([...first, ...between, ...last], 16) };
}

/** The one way an address is written. */
export function formatIp({ version, value }: Ip): string {
  const bytes = bytesOf(version, value);
  if (version === 4) return bytes.join(".");
  return canonical6(Array.from({ length: GROUPS }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":"));
}

/** The bytes of an address, as they are sent. */
export function ipBytes(text: string): Buffer {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  return bytesOf(ip.version, ip.value);
}

function bytesOf(version: IpVersion, value: bigint): Buffer {
  const digits = version === 4 ? 8 : 32;
  return Buffer.from(value.toString(16).padStart(digits, "0"), "hex");
}

function canonical6(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function numberOf(parts: readonly number[], bits: number): bigint {
  return parts.reduce((sum, part) => (sum << BigInt(bits)) | BigInt(part), 0n);
}
