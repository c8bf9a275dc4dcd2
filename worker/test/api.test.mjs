// The API over D1: the core's answers, for what ingest stored.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { adminToken, hourMs, newLog, segment, startMs, TestWorker, tokens } from "./support.mjs";

const log = newLog();
const perHour = 300;
const hours = 3;
const nowMs = startMs + hours * hourMs + 60_000;
const span = `since=${new Date(startMs).toISOString()}&until=${new Date(nowMs).toISOString()}`;

let worker;
before(async () => {
  worker = await TestWorker.start();
  for (let hour = 0; hour < hours; ++hour) {
    const options = { startMs: startMs + hour * hourMs, seed: 7 + hour, rate: 1 };
    const body = segment(log, hour * perHour, perHour, options);
    assert.equal((await worker.put(log, hour * perHour, body, { nowMs })).status, 200);
  }
});
after(() => worker.close());

const get = (path, options = {}) =>
  worker.fetch(`/api/v1/${path}`, { token: tokens.home, nowMs, ...options });

async function ok(path) {
  const answer = await get(path);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/json/);
  return answer.body;
}

test("statistics count what was sent, before and after the rollups", async () => {
  const early = await ok(`stats?${span}`);
  assert.equal(early.total, hours * perHour);
  for (let run = 0; run < 10; ++run) await worker.cron(nowMs);
  const [{ rolled }] = await worker.rows("SELECT max(rolled_through) AS rolled FROM logs");
  assert.ok(rolled >= (hours - 1) * perHour, `rolled through ${rolled}`);
  const late = await ok(`stats?${span}`);
  assert.equal(late.total, early.total);
  assert.deepEqual(late.outcomes, early.outcomes);
});

test("a series has every bucket, and they add up", async () => {
  const { points } = await ok(`stats/timeseries?step=1h&${span}`);
  assert.equal(points.length, hours + 1);
  assert.equal(points.reduce((sum, { total }) => sum + total, 0), hours * perHour);
});

test("every entry comes once, newest first, by walking the cursor", async () => {
  const ids = new Set();
  let entries = 0;
  let cursor = null;
  let newest = Infinity;
  do {
    const page = await ok(`queries?limit=250&${span}${cursor ? `&cursor=${cursor}` : ""}`);
    for (const { id, time, site } of page.queries) {
      assert.equal(site, "home");
      assert.ok(Date.parse(time) <= newest);
      newest = Date.parse(time);
      ids.add(id);
      entries += 1;
    }
    cursor = page.cursor;
  } while (cursor !== null);
  assert.deepEqual([ids.size, entries], [hours * perHour, hours * perHour]);
});

test("a filtered search finds what an unfiltered one shows", async () => {
  const { queries } = await ok(`queries?limit=1000&${span}`);
  const { domain } = queries[0];
  const found = await ok(`queries?limit=1000&domain=${encodeURIComponent(domain)}&${span}`);
  assert.equal(found.queries.length, queries.filter((query) => query.domain === domain).length);
  const { total } = await ok(`stats?domain=${encodeURIComponent(domain)}&${span}`);
  assert.equal(total, found.queries.length);
});

test("the top list and the ledger answer", async () => {
  const { items } = await ok(`stats/top?by=domain&limit=5&${span}`);
  assert.equal(items.length, 5);
  const ledger = await ok("ledger");
  assert.equal(ledger.stored, hours * perHour);
});

test("who may not read is refused, who may sees its sites", async () => {
  const unnamed = await get("stats", { token: undefined });
  assert.deepEqual([unnamed.status, unnamed.headers.get("www-authenticate")], [401, "Bearer"]);
  assert.equal((await get("stats", { token: "unknown" })).status, 401);
  assert.equal((await get("stats", { token: tokens.sender })).status, 403);
  for (const token of [tokens.reader, tokens.home, adminToken]) {
    assert.equal((await get(`stats?${span}`, { token })).body.total, hours * perHour);
  }
  assert.equal((await get(`stats?site=office&${span}`)).status, 403);
});

test("bad parameters and unknown routes are problem documents", async () => {
  for (const [path, status] of [
    ["stats?since=yesterday", 400],
    ["stats?colour=red", 400],
    ["queries?limit=1001", 400],
    ["nothing", 404],
  ]) {
    const answer = await get(path);
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.equal(answer.body.type, `/problems/${answer.body.code}`);
  }
  const post = await get("stats", { method: "POST" });
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
});

test("HEAD has the head of GET and no body", async () => {
  const head = await get(`stats?${span}`, { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("no answer costs more statements than an invocation has", async () => {
  for (const path of ["stats", "stats/timeseries?step=1m", "queries?contains=zzz", "overview"]) {
    const separator = path.includes("?") ? "&" : "?";
    const answer = await get(`${path}${separator}since=400d`);
    assert.ok(answer.status === 200 || answer.status < 500, `${path}: ${answer.text}`);
    assert.ok(answer.statements <= 42, `${path}: ${answer.statements} statements`);
  }
});

test("a failing database is 503 with Retry-After", async () => {
  const answer = await get("stats", { fail: "1 before D1_ERROR: Network connection lost." });
  assert.equal(answer.status, 503, answer.text);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
});

test("a corrupt row is skipped and told, everything else is served", async () => {
  const damaged = newLog();
  for (const first of [0, 50, 100]) {
    const body = segment(damaged, first, 50, { startMs: nowMs - 60_000, rate: 10_000 });
    assert.equal((await worker.put(damaged, first, body, { nowMs })).status, 200);
  }
  const since = new Date(nowMs - 120_000).toISOString();
  const total = async () => (await ok(`stats?since=${since}`)).total;
  assert.equal(await total(), 150);
  await worker.rows(
    `UPDATE segments SET data = zeroblob(length(data))
      WHERE id = (SELECT log_no << 40 FROM logs WHERE log_id = unhex(?1)) + 50`,
    damaged,
  );
  assert.equal(await total(), 100);
  assert.equal((await ok(`queries?limit=1000&since=${since}`)).queries.length, 100);
});
