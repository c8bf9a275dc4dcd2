// Cron over D1: rollups advance through every failure without counting twice, retention removes.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { hourMs, newLog, segment, startMs, TestWorker } from "./support.mjs";

const dayMs = 24 * hourMs;

// A database for each test: a run's budget is shared by all logs.
let worker;
beforeEach(async () => {
  worker = await TestWorker.start();
});
afterEach(() => worker.close());

async function send(log, hours, perHour, fromMs = startMs) {
  for (let hour = 0; hour < hours; ++hour) {
    const options = { startMs: fromMs + hour * hourMs, seed: hour, rate: 1 };
    const first = hour * perHour;
    const answer = await worker.put(log, first, segment(log, first, perHour, options));
    assert.equal(answer.status, 200, answer.text);
  }
}

const sumOf = async (where, ...parameters) => {
  const columns = "forwarded + cached + stale + local + blocked + refused + failed";
  const sql = `SELECT coalesce(sum(${columns}), 0) AS total FROM rollups WHERE ${where}`;
  return (await worker.rows(sql, ...parameters))[0].total;
};

async function logNumber(log) {
  const sql = "SELECT log_no FROM logs WHERE log_id = unhex(?1)";
  return (await worker.rows(sql, log))[0].log_no;
}

async function rolledThrough(log) {
  const sql = "SELECT rolled_through FROM logs WHERE log_id = unhex(?1)";
  return (await worker.rows(sql, log))[0].rolled_through;
}

test("rollups count every event of an hour that is over, in hours and days, once", async () => {
  const log = newLog();
  await send(log, 3, 100);
  const nowMs = startMs + 4 * hourMs;
  for (let run = 0; run < 10 && (await rolledThrough(log)) < 300; ++run) {
    const { body, statements } = await worker.cron(nowMs);
    assert.equal(body.error, null);
    assert.ok(statements <= 40, `${statements} statements in a run`);
  }
  const number = await logNumber(log);
  for (const level of [0, 1]) {
    for (const [of, total] of [[number, 300], [0, 300]]) {
      const where = "id >> 48 = ?1 AND (id >> 24) & 16777215 = ?2";
      assert.equal(await sumOf(where, level, of), total, `level ${level}, log ${of}`);
    }
  }
  await worker.cron(nowMs);
  assert.equal(await sumOf("id >> 48 = 1"), 600);
});

test("a run that fails at its N-th call is made good by the next", async () => {
  for (const moment of ["before", "after"]) {
    const nowMs = startMs + 4 * hourMs;
    let clean = false;
    for (let n = 1; !clean; ++n) {
      assert.ok(n < 40);
      const log = newLog();
      await send(log, 1, 30);
      const before = await sumOf("id >> 48 = 1 AND (id >> 24) & 16777215 = 0");
      const failed = await worker.cron(nowMs, { fail: `${n} ${moment} D1_ERROR: gone.` });
      clean = failed.body.error === null && failed.calls < n;
      for (let run = 0; run < 10 && (await rolledThrough(log)) < 30; ++run) {
        await worker.cron(nowMs);
      }
      const after = await sumOf("id >> 48 = 1 AND (id >> 24) & 16777215 = 0");
      assert.equal(after - before, 30, `call ${n} ${moment}`);
    }
  }
});

test("retention removes old segments, keeps the newest row and what the rollups know", async () => {
  const log = newLog();
  await send(log, 4, 50);
  const number = await logNumber(log);
  const inRollups = () => sumOf("id >> 48 = 1 AND (id >> 24) & 16777215 = ?1", number);
  const nowMs = startMs + 31 * dayMs;
  const rowsLeft = async () => {
    const sql = "SELECT count(*) AS n FROM segments WHERE id >> 40 = ?1";
    return (await worker.rows(sql, number))[0].n;
  };
  for (let run = 0; run < 20 && (await rowsLeft()) > 1; ++run) {
    const { body, statements } = await worker.cron(nowMs);
    assert.equal(body.error, null);
    assert.ok(statements <= 40, `${statements} statements in a run`);
  }
  assert.equal(await rowsLeft(), 1);
  assert.equal(await inRollups(), 200);
  const sql = "SELECT sum(expired_retention) AS n FROM ledger WHERE id >> 24 = ?1";
  assert.deepEqual(await worker.rows(sql, number), [{ n: 150 }]);
  await worker.cron(nowMs);
  assert.equal(await rowsLeft(), 1);
});
