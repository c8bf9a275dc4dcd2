// Ingest over D1: what a sender is told, what it costs, and that failures neither lose nor double.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gap, hourMs, newLog, segment, startMs, TestWorker, tokens } from "./support.mjs";

let worker;
before(async () => {
  worker = await TestWorker.start();
});
after(() => worker.close());

async function expect(answer, status, body) {
  const { status: got, body: gotBody } = await answer;
  assert.equal(got, status, JSON.stringify(gotBody));
  for (const [key, value] of Object.entries(body)) assert.deepEqual(gotBody[key], value, key);
}

/** The rows of a log, without their bytes. */
const rowsOf = (log) =>
  worker.rows(
    `SELECT id & 1099511627775 AS first, count, kind, open FROM segments
      WHERE id >> 40 = (SELECT log_no FROM logs WHERE log_id = unhex(?1)) ORDER BY id`,
    log,
  );

test("a log grows, and one more segment is one written row", async () => {
  const log = newLog();
  await expect(worker.put(log, 0, segment(log, 0, 10)), 200, {
    stored_through: 10,
    interval_s: 60,
  });
  const next = await worker.put(log, 10, segment(log, 10, 20));
  assert.equal(next.body.stored_through, 30);
  assert.equal(next.rowsWritten, 1);
  assert.deepEqual(await rowsOf(log), [
    { first: 0, count: 10, kind: 0, open: 0 },
    { first: 10, count: 20, kind: 0, open: 0 },
  ]);
});

test("a replay is answered alike and writes nothing", async () => {
  const log = newLog();
  await worker.put(log, 0, segment(log, 0, 10));
  const again = await worker.put(log, 0, segment(log, 0, 10));
  assert.deepEqual([again.status, again.body.stored_through, again.rowsWritten], [200, 10, 0]);
});

test("an open tail is extended and sealed, one written row each", async () => {
  const log = newLog();
  const tail = (count, open) => worker.put(log, 0, segment(log, 0, count, { open }));
  await tail(5, true);
  const longer = await tail(9, true);
  assert.deepEqual([longer.body.stored_through, longer.rowsWritten], [9, 1]);
  await expect(tail(7, true), 409, { code: "overlap", stored_through: 9 });
  const sealed = await tail(9, false);
  assert.deepEqual([sealed.body.stored_through, sealed.rowsWritten], [9, 1]);
  await expect(tail(12, false), 409, { code: "overlap", stored_through: 9 });
  assert.deepEqual(await rowsOf(log), [{ first: 0, count: 9, kind: 0, open: 0 }]);
});

test("gaps are stored as what they are", async () => {
  const log = newLog();
  const body = [segment(log, 0, 3), gap(log, 3, 1_000_000), segment(log, 1_000_000, 2)];
  await expect(worker.put(log, 0, body), 200, { stored_through: 1_000_002 });
  assert.deepEqual((await rowsOf(log))[1], { first: 3, count: 999_997, kind: 1, open: 0 });
});

test("a hole, an overlap and other events under the same numbers are told apart", async () => {
  const log = newLog();
  await expect(worker.put(log, 7, segment(log, 7, 1)), 409, { code: "gap", stored_through: 0 });
  await worker.put(log, 0, segment(log, 0, 10));
  await expect(worker.put(log, 11, segment(log, 11, 1)), 409, { code: "gap", stored_through: 10 });
  await expect(worker.put(log, 9, segment(log, 9, 5)), 409, {
    code: "overlap",
    stored_through: 10,
  });
  await expect(worker.put(log, 0, segment(log, 0, 10, { seed: 2 })), 409, {
    code: "fork",
    stored_through: 10,
  });
});

test("the right token for the site, or nothing", async () => {
  const log = newLog();
  const send = (options) => worker.put(log, 0, segment(log, 0, 1), options);
  assert.equal((await send({ token: undefined })).status, 401);
  assert.equal((await send({ token: "unknown" })).status, 401);
  assert.equal((await send({ token: "x".repeat(513) })).status, 401);
  assert.equal((await send({ token: tokens.reader })).status, 403);
  assert.equal((await send({ token: tokens.home, site: "office" })).status, 403);
  assert.equal((await worker.state(log, { token: tokens.reader })).status, 403);
  assert.deepEqual(await rowsOf(log), []);
  assert.equal((await send({ token: tokens.sender })).status, 200);
});

test("a sender asks where to go on", async () => {
  const log = newLog();
  await expect(worker.state(log), 200, { stored_through: 0, last: null, interval_s: 60 });
  await worker.put(log, 0, [segment(log, 0, 3), segment(log, 3, 4, { open: true })]);
  const { body, rowsWritten } = await worker.state(log);
  assert.equal(rowsWritten, 0);
  assert.equal(body.stored_through, 7);
  assert.deepEqual([body.last.first, body.last.count], [3, 4]);
  assert.ok(Number.isInteger(body.last.crc));
  assert.deepEqual(body.limits, {
    bytes: 1_048_576,
    segments: 16,
    segment_events: 16_384,
    segment_bytes: 131_072,
  });
});

test("a body of 1 MiB is judged by its content, one byte more is too large", async () => {
  const log = newLog();
  const send = (size) => worker.put(log, 0, Buffer.alloc(size));
  assert.equal((await send(1 << 20)).status, 422);
  const over = await send((1 << 20) + 1);
  assert.deepEqual([over.status, over.calls], [413, 0]);
  const chunks = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 20; ++i) controller.enqueue(new Uint8Array(1 << 16)); // no length
      controller.close();
    },
  });
  const path = `/v1/sites/home/logs/${log}/0`;
  const unannounced = await worker.fetch(path, { method: "PUT", token: tokens.home, body: chunks });
  assert.equal(unannounced.status, 413);
});

test("as many segments as the bound says are stored within the limits of D1", async () => {
  const log = newLog();
  const many = (count) => Array.from({ length: count }, (_, n) => segment(log, n, 1));
  assert.equal((await worker.put(log, 0, many(17))).status, 413);
  const full = await worker.put(log, 0, many(16));
  assert.deepEqual([full.status, full.body.stored_through], [200, 16]);
});

test("the largest segment is stored whole, a larger one is refused", async () => {
  const log = newLog();
  const bytesMax = 128 << 10;
  let [fits, over] = [1, 16_384];
  while (over - fits > 1) {
    const count = (fits + over) >> 1;
    if (segment(log, 0, count, { rate: 10_000 }).length <= bytesMax) fits = count;
    else over = count;
  }
  const send = (count) => worker.put(log, 0, segment(log, 0, count, { rate: 10_000 }));
  await expect(send(over), 413, { code: "too_large" });
  await expect(send(fits), 200, { stored_through: fits });
  const whole = segment(log, 0, fits, { rate: 10_000 });
  const sql = "SELECT hex(data) AS data FROM segments WHERE length(data) = ?1";
  const [{ data }] = await worker.rows(sql, whole.length);
  assert.ok(Buffer.from(data, "hex").equals(whole));
});

test("a hostile body is 422 and leaves nothing", async () => {
  const log = newLog();
  const good = segment(log, 0, 40);
  const bodies = [Buffer.alloc(0), Buffer.from("segments"), Buffer.concat([good, good])];
  for (let at = 0; at < good.length; at += 7) {
    bodies.push(good.subarray(0, at));
    const bad = Buffer.from(good);
    bad[at] ^= 0x40;
    bodies.push(bad);
  }
  for (const body of bodies) assert.equal((await worker.put(log, 0, body)).status, 422);
  assert.deepEqual(await rowsOf(log), []);
});

test("what is no path or no method of ours never reaches the database", async () => {
  const log = newLog();
  const ask = (path, method = "GET") => worker.fetch(path, { method, token: tokens.home });
  for (const path of ["/v1/", "/v1/sites/home/logs/xyz", `/v1/sites/a%2fb/logs/${log}`]) {
    assert.deepEqual([(await ask(path)).status, (await ask(path)).calls], [404, 0], path);
  }
  assert.equal((await ask(`/v1/sites/home/logs/${log}/-1`, "PUT")).status, 404);
  assert.equal((await ask(`/v1/sites/home/logs/${log}/${"9".repeat(16)}`, "PUT")).status, 404);
  const post = await ask(`/v1/sites/home/logs/${log}/0`, "POST");
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "PUT"]);
  assert.equal((await ask(`/v1/sites/home/logs/${log}`, "DELETE")).status, 405);
});

test("a request past the last number of a log is invalid", async () => {
  const log = newLog();
  const answer = await worker.put(log, 2 ** 40, segment(log, 2 ** 40 - 2, 2));
  assert.equal(answer.status, 422);
});

test("a sender that repeats through every failure of D1 neither loses nor doubles", async () => {
  for (const moment of ["before", "after"]) {
    let failures = 1;
    for (let n = 1; failures > 0; ++n) {
      assert.ok(n < 20);
      const log = newLog();
      const bodies = [
        [0, [segment(log, 0, 4), segment(log, 4, 2, { open: true })]],
        [4, [segment(log, 4, 6, { open: true })]],
        [4, [segment(log, 4, 6), segment(log, 10, 10)]],
      ];
      failures = 0;
      for (const [first, body] of bodies) {
        const fail = `${n} ${moment} D1_ERROR: Network connection lost.`;
        const answer = await worker.put(log, first, body, { fail });
        if (answer.status !== 200) {
          assert.equal(answer.status, 503, answer.text);
          assert.ok(Number(answer.headers.get("retry-after")) > 0);
          failures += 1;
          assert.equal((await worker.put(log, first, body)).status, 200);
        }
      }
      assert.deepEqual(await rowsOf(log), [
        { first: 0, count: 4, kind: 0, open: 0 },
        { first: 4, count: 6, kind: 0, open: 0 },
        { first: 10, count: 10, kind: 0, open: 0 },
      ]);
    }
  }
});

test("D1's errors become what the sender must do", async () => {
  const log = newLog();
  const send = (message, nowMs = startMs) =>
    worker.put(log, 0, segment(log, 0, 1), { fail: `1 before ${message}`, nowMs });
  assert.equal((await send("D1_ERROR: D1 DB is overloaded.")).status, 503);
  const quota = await send(
    "D1_ERROR: Your account has exceeded D1's free tier daily row write limit.",
    startMs + 60 * hourMs + 500,
  );
  assert.equal(quota.status, 429);
  const midnight = Math.ceil((startMs + 60 * hourMs) / (24 * hourMs)) * 24 * hourMs;
  const left = (midnight - (startMs + 60 * hourMs)) / 1000;
  assert.equal(Number(quota.headers.get("retry-after")), left);
  assert.equal((await send("D1_ERROR: string or blob too big: SQLITE_TOOBIG")).status, 422);
});
