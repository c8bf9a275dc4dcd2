import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startWorker } from "../../tools/miniflare.mjs";
import { TestWorker } from "./support.mjs";

let worker;
before(async () => {
  worker = await TestWorker.start();
});
after(() => worker.close());

test("healthz asks nobody, readyz the database", async () => {
  const healthz = await worker.fetch("/healthz");
  assert.deepEqual([healthz.status, healthz.calls], [200, 0]);
  const readyz = await worker.fetch("/readyz");
  assert.deepEqual([readyz.status, readyz.statements], [200, 1]);
});

test("readyz is 503 while the database fails", async () => {
  const answer = await worker.fetch("/readyz", { fail: "1 before D1_ERROR: overloaded" });
  assert.equal(answer.status, 503);
  assert.equal((await worker.fetch("/readyz")).status, 200);
});

test("readyz is 503 before the migrations", async () => {
  const { miniflare } = await startWorker();
  const answer = await miniflare.dispatchFetch("http://weir.test/readyz");
  assert.equal(answer.status, 503);
  assert.match((await answer.json()).detail, /no such table/);
  await miniflare.dispose();
});

test("an unknown path is a problem document", async () => {
  const { status, body, headers } = await worker.fetch("/nothing/here");
  assert.equal(status, 404);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(body.code, "not_found");
  assert.equal(body.type, "/problems/not_found");
});
