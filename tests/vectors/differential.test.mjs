// The same inputs through the native build and the WebAssembly build of the core: the same bytes.
//
// Inputs are whole (recipes, the fuzzers' corpus), and broken: every whole one again with seeded
// changes, so that the readers' refusals are compared too.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { projectPath } from "../../tools/project.mjs";
import { NativeVectors, Random, recipe, WasmVectors } from "./vectors.mjs";

const log = "00112233445566778899aabbccddeeff";
const startMs = 1_790_000_000_000;
const mutationsPerInput = 60;

let native;
let wasm;
before(() => {
  native = new NativeVectors();
  wasm = new WasmVectors();
});
after(() => native.close());

/** The output of both builds, which must agree. */
async function same(kind, input, what) {
  const [ours, theirs] = [await native.run(kind, input), wasm.run(kind, input)];
  assert.ok(ours.equals(theirs), `${kind}: ${what}: native ${ours.length} bytes, wasm differs`);
  return ours;
}

/** Changes, cuts or lengthens a copy. */
function mutate(bytes, random) {
  const longer = random.below(4) === 0 ? 1 + random.below(9) : 0;
  const copy = Buffer.concat([bytes, Buffer.alloc(longer)]);
  for (let i = 0; i <= random.below(4) && copy.length > 0; ++i) {
    copy[random.below(copy.length)] = random.below(256);
  }
  return random.below(4) === 0 ? copy.subarray(0, random.below(copy.length + 1)) : copy;
}

async function sameWhenBroken(kind, input, seed) {
  const random = new Random(seed);
  for (let i = 0; i < mutationsPerInput; ++i) {
    await same(kind, mutate(input, random), `seed ${seed}, change ${i}`);
  }
}

function corpus(name) {
  const folder = projectPath(`tests/fuzz/corpus/${name}`);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => readFileSync(join(folder, file)));
}

test("segments have the same bytes, and their readers see the same events", async () => {
  const random = new Random(1);
  for (const count of [1, 2, 3, 63, 64, 65, 511, 512, 513, 4096, 16384]) {
    const seed = random.below(1e9);
    const input = recipe.segment({ log, first: seed, count, seed, startMs, rate: 5000 });
    const segment = await same("segment", input, `${count} events of seed ${seed}`);
    assert.ok(segment.length > 0, `${count} events of seed ${seed} make no segment`);
    const events = await same("segment_read", segment, `${count} events of seed ${seed}`);
    assert.equal(events.readUInt32LE(), 0, "a segment just made must be readable");
    await same("segment_move", segment, `${count} events of seed ${seed}`);
    await sameWhenBroken("segment_read", segment, seed);
    await sameWhenBroken("segment_move", segment, seed);
  }
});

test("gaps have the same bytes", async () => {
  for (let reason = 1; reason <= 6; ++reason) {
    const input = recipe.gap({ log, first: 5, end: 1e9, reason, nowMs: startMs });
    const gap = await same("gap", input, `reason ${reason}`);
    assert.ok(gap.length > 0);
    await same("segment_read", gap, `reason ${reason}`);
    await sameWhenBroken("segment_read", gap, reason);
  }
});

test("summaries have the same bytes after any number of merges", async () => {
  for (const [seed, count, parts] of [[1, 1, 1], [2, 300, 1], [3, 5000, 7], [4, 50_000, 3]]) {
    const input = recipe.summary({ seed, count, parts });
    const answer = await same("summary", input, `seed ${seed}`);
    assert.equal(answer.readUInt32LE(), 0);
    const hour = answer.subarray(8, 8 + answer.readUInt32LE(4));
    const again = await same("summary_read", hour, `seed ${seed}`);
    assert.equal(again.readUInt32LE(), 0, "a summary just made must be readable");
    await sameWhenBroken("summary_read", hour, seed);
  }
});

test("DNS messages are read and answered with the same bytes", async () => {
  const messages = corpus("dns_message_fuzz");
  assert.ok(messages.length > 0, "the fuzzer's corpus is missing");
  for (const [index, message] of messages.entries()) {
    for (const kind of ["dns_query", "dns_response"]) {
      await same(kind, message, `corpus ${index}`);
      await sameWhenBroken(kind, message, index);
    }
  }
});

test("block lists decide the same", async () => {
  const names = "\0ads.example\nwww.ads.example\nexample\ntracker.test\nxn--bcher-kva.example";
  const list = "0.0.0.0 ads.example\n||tracker.test^\n*.example\n# comment\nnonsense line here\n";
  const verdicts = await same("rules", Buffer.from(list + names), "a list of every kind");
  assert.ok(verdicts.includes(1) && verdicts.includes(0));
  for (const [index, text] of corpus("rules_fuzz").entries()) {
    const input = Buffer.concat([text, Buffer.from(names)]);
    await same("rules", input, `corpus ${index}`);
    await sameWhenBroken("rules", input, index);
  }
});

test("the API answers with the same bytes", async () => {
  const span = "since=2026-09-21T13:00:00Z&until=2026-09-21T17:00:00Z";
  const targets = [
    `stats?${span}`,
    `stats?${span}&site=office&outcome=blocked`,
    `stats/timeseries?step=5m&${span}`,
    `stats/top?by=domain&limit=50&${span}`,
    `stats/top?by=client&${span}&type=AAAA`,
    `queries?limit=200&${span}`,
    `queries?limit=1000&contains=api&${span}`,
    "overview",
    "ledger",
    "openapi.json",
    "stats?since=nonsense",
    "nothing",
  ];
  for (const [seed, count] of [[1, 0], [2, 1], [3, 9000]]) {
    for (const target of targets) {
      const input = recipe.api({ seed, count, target: `/api/v1/${target}` });
      const answer = await same("api", input, `${target} of seed ${seed}`);
      const wanted = { "stats?since=nonsense": 400, nothing: 404 }[target] ?? 200;
      assert.equal(answer.readUInt32LE(), wanted, `${target}: ${answer.subarray(4)}`);
    }
  }
});
