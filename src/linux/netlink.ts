/** Netlink: how the kernel is asked for interfaces, addresses, routes and elements of its firewall. Spec: netlink(7), RFC 3549 */
import { errnoName, failure } from "./errno.ts";
import { close, open } from "./files.ts";
import { O_CLOEXEC, O_RDONLY } from "./flags.ts";
import { cFunction, interrupted } from "./libc.ts";

const socketCall = cFunction<[number, number, number]>("int socket(int, int, int)");
const sendCall = cFunction<[number, Uint8Array, number, number]>("int64_t send(int, const void *, size_t, int)");
const recvCall = cFunction<[number, Uint8Array, number, number]>("int64_t recv(int, void *, size_t, int)");
const setnsCall = cFunction<[number, number]>("int setns(int, int)");
const indexCall = cFunction<[Uint8Array]>("unsigned int if_nametoindex(const char *)");

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const MSG_DONTWAIT = 0x40;
const NEW_NETWORK = 0x40000000;

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

const HEADER = 16;
const ERROR = 2;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
const NESTED = 0x8000;
const MAX_ANSWER = 64 * 1024;

export interface NetlinkMessage {
  /** Present participle and object, for errors: "making the bridge atomic0". */
  doing: string;
  type: number;
  /** `NLM_F_*` beside those of every request. */
  flags?: number;
  /** The header of its family, and attributes. */
  body: Uint8Array;
  /** Names of errors that are fine. */
  tolerated?: readonly string[];
  /** One that is answered only when it fails, as the ends of a batch are. */
  quiet?: true;
}

/** A netlink socket in the network namespace of the calling thread; close it. @throws KernelError unsupported */
export function openNetlink(protocol: number): number {
  const fd = socketCall(AF_NETLINK, SOCK_RAW | O_CLOEXEC, protocol);
  if (fd < 0) throw failure("opening a netlink socket", { codes: { EPROTONOSUPPORT: "unsupported" } });
  return fd;
}

/** Sends messages together; the kernel carries them out in order. @throws KernelError of the first that failed */
export function talk(fd: number, messages: readonly NetlinkMessage[]): void {
  const bytes = Buffer.concat(messages.map((message, sequence) => encode(message, sequence)));
  if (sendCall(fd, bytes, bytes.length, 0) < 0) throw failure(messages[0]?.doing ?? "sending");
  let awaited = messages.filter(({ quiet }) => quiet !== true).length;
  const answer = Buffer.alloc(MAX_ANSWER);
  while (awaited > 0) {
    // The answers to a request are there when it has been sent.
    const length = recvCall(fd, answer, answer.length, MSG_DONTWAIT);
    if (length < 0 && interrupted()) continue;
    if (length < 0) throw failure("reading what netlink answers");
    awaited -= acknowledged(answer.subarray(0, length), messages);
  }
}

/** An attribute: a string with its end, a 32-bit number in the machine's order, bytes, or attributes in it. */
export function attribute(type: number, content: string | number | Uint8Array | readonly Uint8Array[]): Buffer {
  const bytes = contentOf(content);
  const padded = Buffer.alloc((4 + bytes.length + 3) & ~3);
  padded.writeUInt16LE(4 + bytes.length, 0);
  padded.writeUInt16LE(Array.isArray(content) ? type | NESTED : type, 2);
  padded.set(bytes, 4);
  return padded;
}

/** The number of an interface in the network namespace of the calling thread; 0 when there is none. */
export function interfaceIndex(name: string): number {
  return indexCall(Buffer.from(`${name}\0`));
}

/**
 * Runs `work` with the calling thread in another network namespace: sockets it opens stay there.
 * @param namespace an open namespace @throws KernelError permission
 */
export function inNetworkNamespace<T>(namespace: number, work: () => T): T {
  const own = open("/proc/thread-self/ns/net", O_RDONLY);
  try {
    enter(namespace);
    try {
      return work();
    } finally {
      enter(own);
    }
  } finally {
    close(own);
  }
}

function enter(namespace: number): void {
  if (setnsCall(namespace, NEW_NETWORK) < 0) throw failure("entering a network namespace");
}

function encode({ type, flags = 0, body, quiet }: NetlinkMessage, sequence: number): Buffer {
  const bytes = Buffer.alloc((HEADER + body.length + 3) & ~3);
  bytes.writeUInt32LE(HEADER + body.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(NLM_F_REQUEST | (quiet === true ? 0 : NLM_F_ACK) | flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set(body, HEADER);
  return bytes;
}

/** @returns how many requests were answered for good */
function acknowledged(answer: Buffer, messages: readonly NetlinkMessage[]): number {
  let count = 0;
  for (let at = 0; at + HEADER <= answer.length;) {
    const length = answer.readUInt32LE(at);
    if (answer.readUInt16LE(at + 4) === ERROR) {
      const { doing, tolerated = [] } = messages[answer.readUInt32LE(at + 8)]!;
      const errno = -answer.readInt32LE(at + HEADER);
      if (errno !== 0 && !tolerated.includes(errnoName(errno))) throw failure(doing, { errno: errnoName(errno) });
      count += 1;
    }
    at += Math.max(HEADER, (length + 3) & ~3);
  }
  return count;
}

function contentOf(content: string | number | Uint8Array | readonly Uint8Array[]): Uint8Array {
  if (typeof content === "string") return Buffer.from(`${content}\0`);
  if (content instanceof Uint8Array) return content;
  if (typeof content !== "number") return Buffer.concat(content);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(content);
  return number;
}
