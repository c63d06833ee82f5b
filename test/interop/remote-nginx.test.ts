/** nginx, as a publisher's static web server: nothing is computed for a pull. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { deltaPath, fetchRef, fsck, generateDelta, publish, push, writeDelta } from "../../src/ostree/index.ts";
import { readRef } from "../../src/ostree/ref.ts";
import { LOCAL, MAIN, makeClient, makePublisher } from "../ostree/remote/published.ts";
import { freePort } from "../support/listening.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("interop: nginx serves a remote", unmet({ root: true, programs: ["nginx"] }));

function configuration(directory: string, root: string, port: number): string {
  return `daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
events {}
http {
  access_log ${directory}/access.log;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  gzip on; gzip_types *;
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;
}

async function startNginx(root: string): Promise<{ url: string; asked: () => string[]; nginx: ChildProcess }> {
  const directory = tempDir();
  const port = await freePort();
  writeFileSync(join(directory, "nginx.conf"), configuration(directory, root, port));
  const nginx = spawn("nginx", ["-c", join(directory, "nginx.conf"), "-p", directory], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  ) {
    assert.is(nginx.exitCode, null, "nginx ended");
    await sleep(20);
  }
  const asked = (): string[] =>
    readFileSync(join(directory, "access.log"), "utf8")
      .split("\n")
      .filter((line) => /GET \/\w/.test(line))
      .map((line) => /GET \/(\w+)\S* \S+ (\d+ \d+)/.exec(line)!.slice(1).join(" "));
  return { url, asked, nginx };
}

test("a host pulls, follows by a delta, and learns with one small request that nothing is new", async () => {
  const { repo: source, key, tree, release } = await makePublisher();
  const root = join(tempDir(), "www");
  mkdirSync(root, { mode: 0o755 });
  const from = await release(1);
  await push(source, root);
  const { url, asked, nginx } = await startNginx(root);
  try {
    const { repo, remote } = await makeClient(url, { keys: [key.publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    assert.is(readRef(repo, LOCAL), from);
    const first = asked().length;
    assert.ok(first <= 6, asked().join("\n"));
    await fetchRef(repo, remote, { ref: MAIN });
    assert.equal(asked().slice(first), ["summary 304 0"]);

    const bytes = readFileSync(join(tree, "usr/large"));
    bytes.write("changed", 1_000_000);
    writeFileSync(join(tree, "usr/large"), bytes);
    const to = await release(2);
    writeDelta(source, await generateDelta(source, { from, to }), deltaPath(source, from, to));
    await publish(source, { refs: [MAIN], keys: [key.secret] });
    await push(source, root);
    const { delta } = await fetchRef(repo, remote, { ref: MAIN });
    assert.equal(delta, { from });
    assert.is(readRef(repo, LOCAL), to);
    assert.equal(fsck(repo).defects, []);
  } finally {
    nginx.kill();
  }
});
