/**
 * Elements of the firewall's table by netlink: a container costs no start of nft(8), which also reads every element there
 * is. Spec: linux/netfilter/nf_tables.h, libnftnl
 */
import {
  attribute,
  close,
  isKernelError,
  NETLINK_NETFILTER,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_EXCL,
  openNetlink,
  talk,
} from "../../linux/index.ts";
import { portElements, type Published } from "./port-elements.ts";

const TABLE = "atomic";
const NFPROTO_INET = 1;
const SUBSYSTEM = 10;
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;
const NEW_ELEMENT = (SUBSYSTEM << 8) | 12;
const GET_ELEMENT = (SUBSYSTEM << 8) | 13;
const DELETE_ELEMENT = (SUBSYSTEM << 8) | 14;
const LIST_TABLE = 1;
const LIST_SET = 2;
const LIST_ELEMENTS = 3;
const LIST_ELEMENT = 1;
const ELEMENT_KEY = 1;
const ELEMENT_DATA = 2;
const DATA_VALUE = 1;
const IFNAME_SIZE = 16;

/** Whether the table knows the network of a bridge. @throws KernelError permission, unsupported */
export function isInTable(bridge: string): boolean {
  const name = Buffer.alloc(IFNAME_SIZE);
  name.write(bridge, "latin1");
  const doing = `looking for ${bridge} in the firewall`;
  try {
    send([{ doing, type: GET_ELEMENT, body: elementBody("inside", Buffer.concat([name, name])) }]);
    return true;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return false;
    throw error;
  }
}

/** Adds a container's ports to the table, or takes them from it: all, or none where one is, or is not, there. @throws KernelError */
export function changePorts(change: "add" | "delete", published: Published): void {
  const elements = portElements(published);
  if (elements.length === 0) return;
  const [type, flags] = change === "add" ? [NEW_ELEMENT, NLM_F_CREATE | NLM_F_EXCL] : [DELETE_ELEMENT, 0];
  const doing = "publishing ports";
  const messages = elements.map(({ map, bytes }): NetlinkMessage => ({
    doing,
    type,
    flags,
    body: elementBody(map, bytes.key, change === "add" ? bytes.data : undefined),
  }));
  const end = (at: number): NetlinkMessage => ({ doing, type: at, body: familyHeader(0, SUBSYSTEM), quiet: true });
  send([end(BATCH_BEGIN), ...messages, end(BATCH_END)]);
}

function send(messages: readonly NetlinkMessage[]): void {
  const socket = openNetlink(NETLINK_NETFILTER);
  try {
    talk(socket, messages);
  } finally {
    close(socket);
  }
}

function elementBody(set: string, key: Buffer, data?: Buffer): Buffer {
  const value = (type: number, bytes: Buffer) => attribute(type, [attribute(DATA_VALUE, bytes)]);
  const element = [value(ELEMENT_KEY, key), ...(data === undefined ? [] : [value(ELEMENT_DATA, data)])];
  return Buffer.concat([
    familyHeader(NFPROTO_INET, 0),
    attribute(LIST_TABLE, TABLE),
    attribute(LIST_SET, set),
    attribute(LIST_ELEMENTS, [attribute(LIST_ELEMENT, element)]),
  ]);
}

/** `struct nfgenmsg` */
function familyHeader(family: number, resource: number): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}
