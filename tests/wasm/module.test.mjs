// The Worker's module as a host sees it: what it imports and exports, and that lies do not hurt it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { wasmPath } from "../../tools/project.mjs";
import { Random, wasiImports } from "../vectors/vectors.mjs";

const module = new WebAssembly.Module(readFileSync(wasmPath));

const kindDone = 3;
const codeInvalid = 1;

class Instance {
  #exports = new WebAssembly.Instance(module, wasiImports).exports;

  constructor() {
    this.#exports._initialize();
  }
  get memoryBytes() {
    return this.#exports.memory.buffer.byteLength;
  }
  alloc(size) {
    return this.#exports.weir_alloc(size);
  }
  begin(message) {
    return this.#exports.weir_begin(this.#put(message), message.length);
  }
  /** The next step as bytes. */
  resume(session, reply = Buffer.alloc(0)) {
    const size = this.#exports.weir_resume(session, this.#put(reply), reply.length);
    const at = this.#exports.weir_message(session);
    return Buffer.from(Buffer.from(this.#exports.memory.buffer, at, size));
  }
  end(session) {
    this.#exports.weir_end(session);
  }
  #put(bytes) {
    const block = this.#exports.weir_alloc(bytes.length);
    Buffer.from(this.#exports.memory.buffer, block, bytes.length).set(bytes);
    return block;
  }
}

test("the module imports the three functions that libc++ drags in, and nothing else", () => {
  const imports = WebAssembly.Module.imports(module);
  assert.deepEqual(
    imports.map(({ module: from, name, kind }) => `${from}.${name} ${kind}`).sort(),
    ["fd_close", "fd_seek", "fd_write"].map((name) => `wasi_snapshot_preview1.${name} function`),
  );
});

test("the module exports the ABI, and nothing else", () => {
  assert.deepEqual(WebAssembly.Module.exports(module).map(({ name }) => name).sort(), [
    "_initialize",
    "memory",
    "weir_abi_version",
    "weir_alloc",
    "weir_begin",
    "weir_end",
    "weir_free",
    "weir_message",
    "weir_resume",
  ]);
});

test("a message may be 16 MiB and not a byte more", () => {
  const instance = new Instance();
  assert.notEqual(instance.alloc(16 << 20), 0);
  assert.equal(instance.alloc((16 << 20) + 1), 0);
  assert.equal(instance.alloc(0xffffffff), 0);
});

test("memory ends at 96 MiB with a refusal", () => {
  const instance = new Instance();
  let blocks = 0;
  while (instance.alloc(16 << 20) !== 0) blocks += 1;
  assert.ok(blocks >= 4 && blocks <= 5, `${blocks} blocks`);
  assert.ok(instance.memoryBytes <= 96 << 20);
});

test("malformed arguments end as invalid, whatever they are", () => {
  const instance = new Instance();
  const random = new Random(1);
  for (let i = 0; i < 2000; ++i) {
    // No arguments, unknown kinds, and lengths that promise more than is there.
    const message = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
    if (message.length > 0) message[0] = i % 12;
    if (message.length === 1 && message[0] === 0) continue; // the list of statements
    const session = instance.begin(message);
    const step = instance.resume(session);
    if (step[0] === kindDone) assert.equal(step.readUInt32LE(1), codeInvalid);
    else assert.ok(message.length >= 5, `kind ${message[0]} needs arguments`);
    instance.end(session);
  }
});

test("malformed replies end the operation, whatever they are", () => {
  const instance = new Instance();
  const random = new Random(2);
  const findGrants = Buffer.concat([Buffer.from([8, 32, 0, 0, 0]), Buffer.alloc(32, 7)]);
  for (let i = 0; i < 500; ++i) {
    const session = instance.begin(findGrants);
    assert.equal(instance.resume(session)[0], 0, "it asks for a group");
    const reply = Buffer.from(Array.from({ length: 1 + random.below(60) }, () => random.below(4)));
    const step = instance.resume(session, reply);
    assert.equal(step[0], kindDone);
    assert.notEqual(step.readUInt32LE(1), 0, "nobody is let in by noise");
    instance.end(session);
  }
});
