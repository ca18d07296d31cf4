// A web page in a real browser gets nothing from the local cloud: node --test doors.test.mjs
//
// COLDWATCH is the built program. The page is at http://evil.example, which the browser takes for this machine.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const folder = mkdtempSync(join(tmpdir(), "doors-"));
const exported = {};
let cloud, server, page;

before(async () => {
  cloud = spawn(process.env.COLDWATCH, ["local", "--port", "0", "--state", "state"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: cloud.stdout })) {
    for (const [, name, value] of line.matchAll(/([A-Z_]+)=(\S+)/g)) exported[name] = value;
    if ("COLDWATCH_TABLE" in exported) break;
  }
  server = createServer((_, response) => response.setHeader("content-type", "text/html").end("<title>evil</title>"));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  page = server.address().port;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  const ended = new Promise((exit) => cloud.on("exit", exit));
  cloud.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
});

/** Every way in that a page has, as text that runs in the page. */
async function attack({ endpoint, rebound, code }) {
  const tried = [];
  const attempt = async (name, url, options) => {
    try {
      const response = await fetch(url, options);
      tried.push([name, response.type === "opaque" ? "opaque" : response.status, response.type === "opaque" ? "" : await response.text()]);
    } catch (error) {
      tried.push([name, "error", ""]);
    }
  };
  const create = JSON.stringify({ FunctionName: "evil", Role: "arn:aws:iam::000000000000:role/evil", Runtime: "provided.al2023", Handler: "bootstrap", Code: { S3Bucket: "local-folder", S3Key: code } });
  const plain = (body) => ({ method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body });
  for (const base of [endpoint, rebound]) {
    await attempt("create", `${base}/2015-03-31/functions`, plain(create));
    await attempt("invoke", `${base}/2015-03-31/functions/coldwatch-target-python/invocations`, plain("{}"));
    await attempt("schedule", `${base}/schedules/evil`, plain("{}"));
    await attempt("faults", `${base}/_local/faults`, plain('{"faults":["stall"]}'));
    await attempt("list", `${base}/2015-03-31/functions/`, {});
    await attempt("token", `${base}/_local/calls`, { headers: { "x-coldwatch-token": "guessed" } });
  }
  return tried;
}

for (const [space, flags] of [
  ["the loopback address space", []],
  ["the public address space, without local network checks", ["--disable-features=LocalNetworkAccessChecks", "PUBLIC"]],
]) {
  test(`a page in ${space} gets 403 and nothing else`, async (t) => {
    const args = [...QUIET, "--host-resolver-rules=MAP evil.example 127.0.0.1", ...flags];
    if (args.at(-1) === "PUBLIC") args[args.length - 1] = `--ip-address-space-overrides=127.0.0.1:${page}=public`;
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
    const endpoint = exported.AWS_ENDPOINT_URL;
    const rebound = endpoint.replace("127.0.0.1", "evil.example");
    const seen = [];
    try {
      const tab = await browser.newPage();
      tab.on("response", (response) => { if (response.url().startsWith(endpoint) || response.url().startsWith(rebound)) seen.push([response.status(), response.url()]); });
      await tab.goto(`http://evil.example:${page}/`);
      const tried = await tab.evaluate(attack, { endpoint, rebound, code: folder });
      // What rebinding makes the page's own origin: it may read every answer there.
      await tab.goto(`${rebound}/`);
      const inside = await tab.evaluate(attack, { endpoint: rebound, rebound, code: folder });
      for (const [name, status, text] of [...tried, ...inside]) {
        assert.ok(["opaque", "error", 403].includes(status), `${name}: ${status} ${text}`);
        assert.ok(!text.includes("FunctionName"), text);
      }
      assert.ok(inside.every(([, status]) => status === 403 || status === "opaque"), JSON.stringify(inside));
      assert.ok(seen.length > 0 && seen.every(([status]) => status === 403), JSON.stringify(seen));
      t.diagnostic(`${seen.length} requests arrived, all of them got 403`);
    } finally {
      await browser.close();
    }
    assert.ok(!existsSync(join(folder, "state/functions/evil.json")), "no function was made");
    assert.ok(!existsSync(join(folder, "state/schedules/evil.json")), "no schedule was made");
    const calls = await fetch(`${endpoint}/_local/calls`, { headers: { "x-coldwatch-token": exported.COLDWATCH_LOCAL_TOKEN } });
    const list = (await calls.json()).calls;
    assert.ok(list.every((call) => call.operation !== "Invoke" && call.resource !== "evil"), JSON.stringify(list.at(-1)));
    const faults = await fetch(`${endpoint}/_local/faults`, { headers: { "x-coldwatch-token": exported.COLDWATCH_LOCAL_TOKEN } });
    assert.deepEqual(await faults.json(), { faults: [] });
  });
}
