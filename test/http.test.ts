import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { isAtomicError } from "../src/errors.ts";
import { createHttpClient, httpError, type HttpOptions, type HttpRequest, shownUrl } from "../src/http.ts";
import { download } from "../src/http-download.ts";
import { run } from "../src/spawn.ts";
import { withEnvironment } from "./support/environment.ts";
import { httpServer, type TestServer } from "./support/http-server.ts";
import { suite } from "./support/suite.ts";
import { tempDir } from "./support/temp.ts";

const test = suite("http");
const QUICK: HttpOptions = { retryDelay: 1, stallTimeout: 200 };
const WHOLE = Buffer.from("0123456789".repeat(100));
const MAX = { maxBytes: 10_000 };
type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Serves `handle` to `use` and ends both. */
async function serving<T>(handle: Handle, use: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await httpServer(handle);
  try {
    return await use(server);
  } finally {
    server.close();
  }
}

async function get(url: string, request: Partial<HttpRequest> = {}, options: HttpOptions = QUICK) {
  const client = createHttpClient(options);
  try {
    return await client.bytes(url, { ...MAX, ...request });
  } finally {
    client.close();
  }
}

/** `CODE: MESSAGE` of the error that `work` ends with; ports are left out. */
async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isAtomicError(error)) return `${error.code}: ${error.message.replaceAll(/127\.0\.0\.1:[0-9]+/g, "HOST")}`;
    throw error;
  }
  return "nothing was thrown";
}

/** A static file with ranges and an etag. */
const file: Handle = (request, response) => {
  const match = /^bytes=([0-9]+)-([0-9]*)$/.exec(request.headers.range ?? "");
  if (request.headers["if-none-match"] === '"1"') return void response.writeHead(304, { etag: '"1"' }).end();
  if (match === null) return void response.writeHead(200, { etag: '"1"', "content-length": WHOLE.length }).end(WHOLE);
  const part = WHOLE.subarray(Number(match[1]), match[2] === "" ? WHOLE.length : Number(match[2]) + 1);
  if (part.length === 0) return void response.writeHead(416).end();
  const last = Number(match[1]) + part.length - 1;
  response.writeHead(206, {
    "content-range": `bytes ${match[1]}-${last}/${WHOLE.length}`,
    "content-length": part.length,
  });
  response.end(part);
};

test("fetches a whole file and says who asks", () =>
  serving(file, async ({ url, requests }) => {
    const { status, headers, bytes, url: from } = await get(`${url}/a`, { headers: { "X-Test": "1" } });
    assert.equal([status, headers.etag, from], [200, '"1"', `${url}/a`]);
    assert.equal(bytes, WHOLE);
    const sent = requests[0]!.headers;
    assert.match(sent["user-agent"]!, /^atomic\/[0-9]/);
    assert.equal([sent["accept-encoding"], sent["x-test"]], ["identity", "1"]);
  }));

test("fetches a range, and says what part of the whole it is", () =>
  serving(file, async ({ url }) => {
    const middle = await get(url, { range: { offset: 995, length: 100 } });
    assert.equal(middle.range, { offset: 995, length: 5, total: 1000 });
    assert.is(middle.bytes.toString(), "56789");
    assert.is((await get(url, { range: { offset: 10 } })).bytes.length, 990);
    assert.is((await get(url, { range: { offset: 1000 } })).status, 416);
  }));

test("tells that a file is the one of an earlier answer", () =>
  serving(file, async ({ url }) => {
    const { status, bytes } = await get(url, { ifNoneMatch: '"1"' });
    assert.equal([status, bytes.length], [304, 0]);
  }));

test("uses one connection for one request after another", () =>
  serving(file, async ({ url, connections }) => {
    const client = createHttpClient(QUICK);
    for (let i = 0; i < 5; i++) await client.bytes(url, MAX);
    (await client.request(url, { ...MAX, method: "HEAD" })).discard();
    client.close();
    assert.is(connections(), 1);
  }));

test("hands over what a server says it compressed as it came", () => {
  const packed = gzipSync("hello");
  return serving(
    (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(packed),
    async ({ url }) => assert.equal((await get(url)).bytes, packed),
  );
});

test("sends a body, from bytes or from a stream", () =>
  serving(
    async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
      response.end(`${request.method} ${request.headers["content-length"]} ${Buffer.concat(chunks).toString()}`);
    },
    async ({ url }) => {
      const put = await get(url, { method: "PUT", body: Buffer.from("abc") });
      assert.is(put.bytes.toString(), "PUT 3 abc");
      const stream = async function* () {
        yield Buffer.from("ab");
        yield Buffer.from("cd");
      };
      const headers = { "content-length": "4" };
      assert.is((await get(url, { method: "POST", headers, body: stream })).bytes.toString(), "POST 4 abcd");
    },
  ));

const HOSTILE: { what: string; handle: Handle; expected: string; request?: Partial<HttpRequest> }[] = [
  {
    what: "a body shorter than announced",
    handle(_, response) {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => response.destroy(), 20);
    },
    expected: "network: fetching http://HOST/, after 4 bytes: aborted",
  },
  {
    what: "a chunked body that breaks off",
    handle(_, response) {
      response.writeHead(200).write("half");
      setTimeout(() => response.destroy(), 20);
    },
    expected: "network: fetching http://HOST/, after 4 bytes: aborted",
  },
  {
    what: "a body that stalls",
    handle: (_, response) => void response.writeHead(200, { "content-length": 100 }).write("half"),
    expected: "network: fetching http://HOST/, after 4 bytes: nothing came for 0.2 s",
  },
  {
    what: "a server that never answers",
    handle: () => undefined,
    expected: "network: fetching http://HOST/: no answer within 0.2 s",
  },
  {
    what: "a server that hangs up",
    handle: (_, response) => void response.destroy(),
    expected: "network: fetching http://HOST/: socket hang up",
  },
  {
    what: "a body announced too large",
    handle: (_, response) => void response.writeHead(200, { "content-length": 10_001 }).write("x"),
    expected: "invalid: fetching http://HOST/: expected at most 10000 bytes, found 10001",
  },
  {
    what: "a body that grows too large",
    handle: (_, response) => void response.writeHead(200).end(Buffer.alloc(20_000)),
    expected: "invalid: fetching http://HOST/: expected at most 10000 bytes, found more",
  },
  {
    what: "a redirect loop",
    handle: (_, response) => void response.writeHead(302, { location: "/" }).end(),
    expected: "invalid: fetching http://HOST/: more than 5 redirects",
  },
  {
    what: "a redirect to a file",
    handle: (_, response) => void response.writeHead(302, { location: "file:///etc/shadow" }).end(),
    expected: "invalid: fetching http://HOST/: redirected to file:",
  },
  {
    what: "a redirect to nonsense",
    handle: (_, response) => void response.writeHead(302, { location: "http://" }).end(),
    expected: 'invalid: fetching http://HOST/: redirected to "http://"',
  },
  {
    what: "another range than the one asked for",
    request: { range: { offset: 5, length: 5 } },
    handle: (_, response) =>
      void response.writeHead(206, { "content-range": "bytes 0-4/100", "content-length": 5 }).end("01234"),
    expected: "invalid: fetching http://HOST/: asked for bytes 5-, found bytes 0-4/100",
  },
  {
    what: "a longer range than the one asked for",
    request: { range: { offset: 0, length: 5 } },
    handle: (_, response) => void response.writeHead(206, { "content-range": "bytes 0-9/100" }).end("0123456789"),
    expected: "invalid: fetching http://HOST/: asked for bytes 0-, found bytes 0-9/100",
  },
  {
    what: "an answer that is not HTTP",
    handle: (request) => void request.socket.end("SSH-2.0-OpenSSH\r\n"),
    expected: "invalid: fetching http://HOST/: not HTTP: Parse Error: Expected HTTP/, RTSP/ or ICE/",
  },
  {
    what: "endless headers",
    handle: (request) => void request.socket.end(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(100_000)}\r\n`),
    expected: "invalid: fetching http://HOST/: not HTTP: Parse Error: Header overflow",
  },
];

for (const { what, handle, expected, request } of HOSTILE) {
  test(`refuses ${what}`, () =>
    serving(handle, async ({ url }) => {
      assert.is(await failure(get(url, request, { ...QUICK, attempts: 1 })), expected);
    }));
}

test("ATOMIC_HTTP_TIMEOUT says how many seconds a silent server is waited for", () =>
  serving(
    () => undefined,
    async ({ url }) => {
      const wait = (seconds: string) =>
        withEnvironment({ ATOMIC_HTTP_TIMEOUT: seconds }, () => failure(get(url, {}, { attempts: 1 })));
      assert.is(await wait("0.2"), "network: fetching http://HOST/: no answer within 0.2 s");
      for (const wrong of ["0", "-1", "", "1e3", "3601", "soon"]) {
        assert.is(
          await wait(wrong),
          `usage: reading ATOMIC_HTTP_TIMEOUT: expected seconds, more than 0 and at most 3600, found ${JSON.stringify(wrong)}`,
        );
      }
    },
  ));

test("a download does not multiply the repeats of its requests", () =>
  serving(
    (_, response) => void response.destroy(),
    async ({ url, requests }) => {
      assert.match(await failure(downloaded(url, { length: 10 })), /socket hang up$/);
      assert.is(requests.length, 4);
    },
  ));

test("refuses what is no URL of the web", async () => {
  for (const url of ["file:///etc/passwd", "", "//host/x", "ftp://host/"]) {
    assert.is(await failure(get(url)), `usage: fetching ${JSON.stringify(url)}: expected a URL with http or https`);
  }
});

test("says that nobody listens", async () => {
  const server = await httpServer(file);
  server.close();
  assert.match(await failure(get(server.url)), /^network: fetching http:\/\/HOST\/: .*(refused|ECONNREFUSED)/i);
});

test("follows redirects, and shows credentials only to the server they are for", async () => {
  const seen: (string | undefined)[] = [];
  await serving(
    (request, response) => {
      seen.push(request.headers.authorization);
      response.end("there");
    },
    async (other) =>
      serving(
        (request, response) => {
          seen.push(request.headers.authorization);
          response.writeHead(307, { location: request.url === "/a" ? "/b" : `${other.url}/c` }).end();
        },
        async ({ url }) => {
          const { bytes, url: from } = await get(`${url}/a`, { headers: { Authorization: "Bearer secret" } });
          assert.equal([bytes.toString(), from], ["there", `${other.url}/c`]);
        },
      ),
  );
  assert.equal(seen, ["Bearer secret", "Bearer secret", undefined]);
});

test("tries again after a lost connection, a half answer and a busy server", () => {
  let tries = 0;
  return serving(
    (request, response) => {
      tries += 1;
      if (tries === 1) return void response.destroy();
      if (tries === 2) return void response.writeHead(503).end();
      if (tries === 3) {
        response.writeHead(200, { "content-length": WHOLE.length }).write("half");
        return void setTimeout(() => response.destroy(), 10);
      }
      return file(request, response);
    },
    async ({ url }) => assert.equal((await get(url)).bytes, WHOLE),
  );
});

test("waits as long as the server asks, and gives up when that is too long", () => {
  let tries = 0;
  return serving(
    (request, response) => {
      tries += 1;
      if (tries > 1) return file(request, response);
      return void response.writeHead(429, { "retry-after": request.url === "/long" ? "3600" : "0" }).end();
    },
    async ({ url }) => {
      assert.is((await get(`${url}/short`, {}, { retryDelay: 60_000 })).status, 200);
      tries = 0;
      assert.is((await get(`${url}/long`)).status, 429);
    },
  );
});

test("hands over the last answer of a server that stays busy, and any other status at once", () =>
  serving(
    (request, response) => void response.writeHead(Number(request.url!.slice(1))).end("sorry"),
    async ({ url, requests }) => {
      assert.equal([(await get(`${url}/503`)).status, requests.length], [503, 4]);
      for (const status of [401, 404, 500]) {
        assert.is((await get(`${url}/${status}`)).status, status);
        assert.is((await get(`${url}/${status}`)).bytes.toString(), "sorry");
      }
      assert.is(requests.length, 10);
    },
  ));

test("does not repeat a POST", () =>
  serving(
    (_, response) => void response.destroy(),
    async ({ url, requests }) => {
      await failure(get(url, { method: "POST" }));
      assert.is(requests.length, 1);
    },
  ));

test("a status becomes the error it stands for, without secrets of the URL", () => {
  const codes = [401, 403, 404, 500].map((status) => httpError("x", { status, url: "https://a/" }).code);
  assert.equal(codes, ["permission", "permission", "not-found", "network"]);
  assert.is(shownUrl("https://user:pass@host:8443/path?token=secret#x"), "https://host:8443/path");
  assert.is(shownUrl("file:///etc/passwd"), "file:///etc/passwd");
});

/** What a process of its own, with only `env`, gets from `url`. */
async function printed(url: string, env: Record<string, string>, options = "{}"): Promise<string> {
  const script = `
    const { createHttpClient } = await import(${JSON.stringify(join(import.meta.dirname, "../src/http.ts"))});
    const client = createHttpClient({ attempts: 1, ...${options} });
    try { console.log((await client.bytes(${JSON.stringify(url)}, { maxBytes: 100 })).bytes.toString()); }
    catch (error) { console.log(error.code + ": " + error.message); }
    client.close();`;
  const child = spawn(process.execPath, ["-e", script], { env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  return text;
}

test("goes through the proxy of the environment", () =>
  serving(
    (request, response) => void response.end(`for ${request.url}`),
    async ({ url }) => {
      const env = { HTTP_PROXY: url, http_proxy: url };
      assert.is(await printed("http://server.invalid/x", env), "for http://server.invalid/x\n");
    },
  ));

const withTls = test.needs({ programs: ["openssl"] });

withTls(
  "accepts a certificate the system or NODE_EXTRA_CA_CERTS vouches for, for the host it names; any with insecure, else none",
  async () => {
    const dir = tempDir();
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3"];
    run(["openssl", "req", "-x509", ...curve, "-keyout", key, "-out", cert, ...subject]);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end("secure"),
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
      assert.is(await printed(url, { NODE_EXTRA_CA_CERTS: cert }), "secure\n");
      assert.is(await printed(url, {}, "{ insecure: true }"), "secure\n");
      assert.match(
        await printed(url.replace("localhost", "127.0.0.1"), { NODE_EXTRA_CA_CERTS: cert }),
        /^untrusted: fetching https:\/\/127.0.0.1:[0-9]+\/: the server's certificate is not trusted: .*127[.]0[.]0[.]1/,
      );
      assert.match(
        await printed(url, {}),
        /^untrusted: fetching https:\/\/localhost:[0-9]+\/: the server's certificate is not trusted/,
      );
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },
);

async function downloaded(url: string, part: { offset?: number; length: number }): Promise<string> {
  const client = createHttpClient(QUICK);
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of download(client, url, { doing: "testing", retryDelay: 1, ...part })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  } finally {
    client.close();
  }
}

test("a download goes on where the connection broke", () => {
  let tries = 0;
  return serving(
    (request, response) => {
      tries += 1;
      const [, first = ""] = /^bytes=([0-9]+)-/.exec(request.headers.range ?? "") ?? [];
      if (Number(first) > 900) return file(request, response);
      const part = WHOLE.subarray(Number(first));
      response.writeHead(206, {
        "content-range": `bytes ${first}-${WHOLE.length - 1}/${WHOLE.length}`,
        "content-length": part.length,
      });
      response.write(part.subarray(0, 100));
      setTimeout(() => response.destroy(), 5);
    },
    async ({ url }) => {
      assert.is(await downloaded(url, { offset: 5, length: 995 }), WHOLE.subarray(5).toString());
      assert.is(tries, 10);
    },
  );
});

test("a download gives up on a server that sends a byte and hangs up, again and again", () =>
  serving(
    (request, response) => {
      const [, first = ""] = /^bytes=([0-9]+)-/.exec(request.headers.range ?? "") ?? [];
      response.writeHead(206, { "content-range": `bytes ${first}-999/1000`, "content-length": 1000 - Number(first) });
      response.write("x");
      setTimeout(() => response.destroy(), 5);
    },
    async ({ url, requests }) => {
      assert.match(await failure(downloaded(url, { length: 1000 })), /^network: /);
      assert.is(requests.length, 100);
    },
  ));

test("a download takes its part from a server without ranges", () =>
  serving(
    (_, response) => void response.end(WHOLE),
    async ({ url }) => assert.is(await downloaded(url, { offset: 3, length: 9 }), "345678901"),
  ));

test("a download ends with the file, and fails with its status", () =>
  serving(
    (request, response) => (request.url === "/none" ? void response.writeHead(404).end() : file(request, response)),
    async ({ url }) => {
      assert.is(await downloaded(url, { offset: 990, length: 100 }), "0123456789");
      assert.is(await downloaded(url, { offset: 2000, length: 100 }), "");
      assert.is(
        await failure(downloaded(`${url}/none`, { length: 9 })),
        "not-found: testing: http://HOST/none answered 404",
      );
    },
  ));

test("a download gives up on a server that never sends a byte", () =>
  serving(
    (_, response) => response.writeHead(200, { "content-length": 9 }).flushHeaders(),
    async ({ url, requests }) => {
      assert.match(await failure(downloaded(url, { length: 9 })), /^network: .* nothing came for 0.2 s$/);
      assert.is(requests.length, 4);
    },
  ));
