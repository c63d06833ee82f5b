/** A registry on the loopback whose repository `team/app` is a map of documents. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { httpServer, type TestServer } from "../support/http-server.ts";
import type { Written } from "./layout-builder.ts";

export interface FakeRegistry extends TestServer {
  /** `HOST:PORT/team/app` */
  name: string;
  /** Keeps a document under its digest, and under `tag`; returns its descriptor. */
  put(document: unknown, mediaType: string, tag?: string): { mediaType: string; digest: string; size: number };
  /** What `referrers/DIGEST` answers, by digest; 404 without. */
  referrers: Map<string, unknown>;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** Serves the image of a layout as tag 1, and whatever is put beside it. */
export async function fakeRegistry(layout: string, written: Written): Promise<FakeRegistry> {
  const documents = new Map<string, { bytes: Buffer; mediaType: string }>();
  const referrers = new Map<string, unknown>();
  const server = await httpServer((request, response) => {
    const [, kind, name = ""] = /^\/v2\/team\/app\/(manifests|blobs|referrers)\/(.*)$/.exec(request.url ?? "") ?? [];
    const key = name === "1" ? written.manifest : name;
    const file = join(layout, "blobs/sha256", key.replace("sha256:", ""));
    const known =
      documents.get(key) ?? (existsSync(file) ? { bytes: readFileSync(file), mediaType: MANIFEST } : undefined);
    if (kind === "referrers" && referrers.has(name))
      return void response.setHeader("content-type", INDEX).end(JSON.stringify(referrers.get(name)));
    if (kind === undefined || kind === "referrers" || known === undefined) return void response.writeHead(404).end();
    response.setHeader("content-type", kind === "manifests" ? known.mediaType : "application/octet-stream");
    response.end(known.bytes);
  });
  return {
    ...server,
    name: `${server.url.replace("http://", "")}/team/app`,
    referrers,
    put(document, mediaType, tag) {
      const bytes = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      for (const key of [digest, ...(tag === undefined ? [] : [tag])]) documents.set(key, { bytes, mediaType });
      return { mediaType, digest, size: bytes.length };
    },
  };
}
