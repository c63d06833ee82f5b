/**
 * The compose file: what a host image is made of, as data.
 *
 * `parseComposeFile` checks a whole document. What may be written and why is in docs/images.md.
 */
import { bad, type ComposeDocument, isPlainMap, Keys, LINE, MAX_LIST, show } from "./document.ts";
import { checkPath, type InlineFile, parseFiles } from "./inline.ts";

/** Where a Debian host's packages come from. */
export interface DebianBase {
  suite: string;
  components: readonly string[];
  /** Take the security and point-release update suites as well as the release suite. */
  updates: boolean;
  /** The archive's address; left out: the one in this machine's apt sources. */
  mirror: string | undefined;
  /** The security archive's address; left out: from the apt sources, else the mirror's sibling. */
  securityMirror: string | undefined;
  keyring: string;
}

/** A directory copied over the tree. */
export interface Overlay {
  from: string;
  /** The directory of the tree it is copied over; "" for the root. */
  to: string;
}

/** A checked compose file. */
export interface ComposeFile {
  ref: string;
  /** Undefined: made from the tree's Debian version and the timestamp. */
  version: string | undefined;
  subject: string | undefined;
  /** Seconds since the epoch; no file of the tree is newer. */
  timestamp: number;
  /** Undefined when the tree is made of files alone (`base: none`). */
  debian: DebianBase | undefined;
  packages: readonly string[];
  /** In the order in which they are copied. */
  overlays: readonly Overlay[];
  /** By path relative to the tree's root, in the order of the file. */
  files: ReadonlyMap<string, InlineFile>;
  /** Paths taken out of the tree again; one that is missing is an error. */
  remove: readonly string[];
  kargs: readonly string[];
  units: { enable: readonly string[]; disable: readonly string[]; mask: readonly string[] };
  machine: { hostname: string | undefined; timezone: string | undefined; locale: string | undefined };
}

const FORMAT = 1;
const MAX_TIMESTAMP = 0xffff_ffff;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const REF = /^[A-Za-z0-9_+:@-][A-Za-z0-9._+:@-]*(\/[A-Za-z0-9_+:@-][A-Za-z0-9._+:@-]*)*$/;
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$/;
const SUITE = /^[a-z][a-z0-9.-]*$/;
const MIRROR = /^(https?|file|mirror\+file):\/?\/?[^\s[\]]+$/;
const UNIT = /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*\.(service|socket|timer|target|mount|automount|path|slice)$/;
const KARG = /^[\u0021\u0023-\u007e]+$/;
const HOSTNAME = /^(?=.{1,64}$)[a-z0-9]+([.-]+[a-z0-9]+)*$/;
const TIMEZONE = /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/;
const LOCALE = /^[A-Za-z][A-Za-z0-9_.@-]*$/;
const KEYRING_PATH = /^\/[^\s[\]]+$/;

/**
 * Checks every key and value of a document. Overlay paths are taken as they are: who reads the file resolves them.
 * @throws AtomicError invalid, naming the key
 */
export function parseComposeFile(document: ComposeDocument): ComposeFile {
  const top = new Keys(document, "");
  if (top.take("format") !== FORMAT) throw bad(`format: expected ${FORMAT}, found ${show(document["format"])}`);
  const base = top.choice("base", ["none", "debian"]);
  const debianKeys = top.map("debian");
  if (base === "none" && debianKeys !== undefined) throw bad("debian: has no meaning with base none");
  const debian = base === "debian" ? parseDebian(debianKeys ?? new Keys({}, "debian")) : undefined;
  const packages = top.strings("packages", PACKAGE);
  if (debian === undefined && packages.length > 0) throw bad("packages: needs base debian");
  const units = top.map("units") ?? new Keys({}, "units");
  const machine = top.map("machine") ?? new Keys({}, "machine");
  const file: ComposeFile = {
    ref: top.required("ref", REF),
    version: top.optional("version", LINE),
    subject: top.optional("subject", LINE),
    timestamp: parseTimestamp(top.take("timestamp")),
    debian,
    packages,
    overlays: parseOverlays(top.take("overlays") ?? []),
    files: parseFiles(top.take("files")),
    remove: top.strings("remove", LINE).map((path) => checkPath(path, "remove")),
    kargs: top.strings("kargs", KARG),
    units: {
      enable: units.strings("enable", UNIT),
      disable: units.strings("disable", UNIT),
      mask: units.strings("mask", UNIT),
    },
    machine: {
      hostname: machine.optional("hostname", HOSTNAME),
      timezone: machine.optional("timezone", TIMEZONE),
      locale: machine.optional("locale", LOCALE),
    },
  };
  if (debian === undefined && Object.values(file.units).some((names) => names.length > 0))
    throw bad("units: needs base debian");
  machine.end();
  units.end();
  top.end();
  return file;
}

function parseDebian(keys: Keys): DebianBase {
  const components = keys.strings("components", SUITE);
  const base: DebianBase = {
    suite: keys.required("suite", SUITE),
    components: components.length > 0 ? components : ["main"],
    updates: keys.flag("updates"),
    mirror: keys.optional("mirror", MIRROR),
    securityMirror: keys.optional("security-mirror", MIRROR),
    keyring: keys.optional("keyring", KEYRING_PATH) ?? KEYRING,
  };
  keys.end();
  return base;
}

/** A bare path is copied over the root. */
function parseOverlays(value: unknown): Overlay[] {
  if (!Array.isArray(value) || value.length > MAX_LIST) throw bad(`overlays: expected a list of at most ${MAX_LIST}`);
  return value.map((item: unknown) => {
    const keys = new Keys(isPlainMap(item) ? item : { from: item, to: "." }, "overlays");
    const [from, to] = [keys.required("from", LINE), keys.required("to", LINE)];
    keys.end();
    return { from, to: to === "." ? "" : checkPath(to, "overlays") };
  });
}

function parseTimestamp(value: unknown): number {
  const text = String(value);
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  const seconds = isDate ? Date.parse(text) / 1000 : /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_TIMESTAMP) {
    throw bad(`timestamp: expected seconds or a date such as 2026-07-11T00:00:00Z, found ${show(value)}`);
  }
  return seconds;
}
