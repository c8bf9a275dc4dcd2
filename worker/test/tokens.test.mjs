import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { adminToken, TestWorker, tokens } from "./support.mjs";

let worker;
before(async () => {
  worker = await TestWorker.start();
});
after(() => worker.close());

const wanted = JSON.stringify({ name: "nas", scopes: "ingest:attic read:attic" });
const post = (options) =>
  worker.fetch("/api/v1/tokens", { method: "POST", body: wanted, ...options });

test("an administrator's token is told once and stored as its hash", async () => {
  const { status, body, headers } = await post({ token: adminToken });
  assert.equal(status, 201);
  assert.match(body.token, /^weir_[0-9a-f]{64}$/);
  assert.equal(headers.get("cache-control"), "no-store");
  const sql = "SELECT name, scopes FROM tokens WHERE token_sha256 = unhex(?1)";
  assert.deepEqual(await worker.rows(sql, body.id), [
    { name: "nas", scopes: "ingest:attic read:attic" },
  ]);
});

test("a token with the scope admin makes tokens until it is dropped", async () => {
  const scopes = JSON.stringify({ name: "deputy", scopes: "admin" });
  const deputy = (await post({ token: adminToken, body: scopes })).body;
  assert.equal((await post({ token: deputy.token })).status, 201);
  const path = `/api/v1/tokens/${deputy.id}`;
  const drop = () => worker.fetch(path, { method: "DELETE", token: adminToken });
  assert.equal((await drop()).status, 204);
  assert.equal((await drop()).status, 404);
  assert.equal((await post({ token: deputy.token })).status, 401);
});

test("without a token, with an unknown one or with too little scope nothing is made", async () => {
  const before = await worker.rows("SELECT count(*) AS n FROM tokens");
  assert.equal((await post({})).status, 401);
  assert.equal((await post({ token: "unknown" })).status, 401);
  assert.equal((await post({ token: tokens.reader })).status, 403);
  assert.equal((await post({ token: `${adminToken}!` })).status, 401);
  assert.deepEqual(await worker.rows("SELECT count(*) AS n FROM tokens"), before);
});

test("what is no body, no name or no scope is refused", async () => {
  const bodies = [
    "",
    "{",
    "null",
    "[]",
    '{"name": "x"}',
    '{"name": 1, "scopes": "admin"}',
    '{"name": "x", "scopes": "root"}',
    JSON.stringify({ name: "n".repeat(129), scopes: "admin" }),
  ];
  for (const body of bodies) {
    const answer = await post({ token: adminToken, body });
    assert.equal(answer.status, 400, body);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  const long = JSON.stringify({ name: "x", scopes: "admin", more: "x".repeat(9000) });
  assert.equal((await post({ token: adminToken, body: long })).status, 413);
});

test("other methods are told which ones there are", async () => {
  const answer = await worker.fetch("/api/v1/tokens", { token: adminToken });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "POST");
});

test("a database that fails is 503 and can be asked again", async () => {
  for (const moment of ["before", "after"]) {
    const fail = `1 ${moment} D1_ERROR: Network connection lost.`;
    const answer = await post({ token: adminToken, fail });
    assert.equal(answer.status, 503, moment);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
  }
});
